package payment

import (
	"fmt"

	"github.com/florinpay/florin/internal/fault"
)

// State is where a payment stands.
type State string

// The states of a payment.
const (
	RequiresAction  State = "requires_action"  // the payer must authenticate
	Processing      State = "processing"       // a rail has been asked; its answer is not known
	RequiresCapture State = "requires_capture" // authorized
	Succeeded       State = "succeeded"
	Canceled        State = "canceled"
	Failed          State = "failed"
	Expired         State = "expired"
)

// Happening is what moves a payment from one state to the next.
type Happening string

// What can happen to a payment.
const (
	Confirmed  Happening = "confirmed"  // the payer has authenticated: the rail is asked again
	Asked      Happening = "asked"      // the rail is asked to capture or void
	Challenged Happening = "challenged" // the issuer wants the payer to authenticate
	Authorized Happening = "authorized" // and not captured yet
	Paid       Happening = "paid"       // all that will be captured is captured
	Declined   Happening = "declined"   // the rail refuses to authorize
	Kept       Happening = "kept"       // a capture or void came to nothing, or more captures will follow
	Voided     Happening = "voided"     // what was not captured is released
	Lapsed     Happening = "lapsed"     // the same, because its time ran out
)

// transitions is the whole machine; docs draw it from here.
var transitions = map[State]map[Happening]State{
	RequiresAction:  {Confirmed: Processing, Declined: Failed, Voided: Canceled, Lapsed: Expired},
	RequiresCapture: {Asked: Processing},
	Processing: {
		Challenged: RequiresAction, Authorized: RequiresCapture, Paid: Succeeded, Declined: Failed,
		Kept: RequiresCapture, Voided: Canceled, Lapsed: Expired,
	},
}

// ErrState: what was asked for does not fit the payment's state.
var ErrState = fault.New(fault.Conflict, "payment_state", "The payment's status does not allow this.")

// Next is the state after h. Error: ErrState, which names both.
func Next(s State, h Happening) (State, error) {
	if next, ok := transitions[s][h]; ok {
		return next, nil
	}
	return s, ErrState.With("A payment that is %s cannot be %s.", s, h)
}

// must is Next where the flow has checked before that h is possible.
func must(s State, h Happening) State {
	next, err := Next(s, h)
	if err != nil {
		panic(fmt.Sprintf("payment: %v", err))
	}
	return next
}
