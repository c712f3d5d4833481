package dispute

import (
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// Dispute is a payment that the payer contests.
type Dispute struct {
	ID        id.Dispute
	Payment   id.Payment
	Merchant  id.Merchant
	Live      bool
	Amount    money.Amount
	Share     money.Amount // what it takes from the payee if it is lost, in what the payee is paid in
	Reason    string
	CreatedAt time.Time
	Hold      id.Transfer // "" if the merchant's balance did not cover it

	Stage     Stage
	State     State
	Evidence  string
	RespondBy time.Time
	Sequence  int64 // of the last event about it
}

// Stage is how far a dispute has gone.
type Stage string

// The stages.
const (
	Inquiry        Stage = "inquiry"
	Formal         Stage = "dispute"
	PreArbitration Stage = "pre_arbitration"
)

// State is where a dispute stands in its stage.
type State string

// The states: needs_response → under_review → won | lost, or needs_response →
// accepted | expired.
const (
	NeedsResponse State = "needs_response"
	UnderReview   State = "under_review"
	Won           State = "won"
	Lost          State = "lost"
	Accepted      State = "accepted"
	Expired       State = "expired"
)

var transitions = map[State][]State{
	NeedsResponse: {UnderReview, Accepted, Expired},
	UnderReview:   {Won, Lost},
}

// ErrState: what was asked for does not fit the dispute's state.
var ErrState = fault.New(fault.Conflict, "dispute_state", "The dispute's status does not allow this.")

// Next is to, if a dispute that is from may become so. Error: ErrState, naming both.
func Next(from, to State) (State, error) {
	for _, s := range transitions[from] {
		if s == to {
			return to, nil
		}
	}
	return from, ErrState.With("A dispute that is %s cannot become %s.", from, to)
}

// gone reports whether the money goes back to the payer.
func (s State) gone() bool { return s == Lost || s == Accepted || s == Expired }

const (
	opensAfter  = 2 * time.Second    // the sandbox bank's delay
	respondIn   = 7 * 24 * time.Hour // for the merchant
	reviewTakes = 5 * time.Second    // the sandbox bank's delay
	winning     = "winning_evidence" // convinces the sandbox bank; anything else does not
)
