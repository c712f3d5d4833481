package payment

import (
	"time"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/money"
)

// Attempt is one try at a connector. It is recorded before the rail is called:
// after a crash we hold a question to ask, not a payment we forgot. Its id is our
// reference at the rail.
type Attempt struct {
	ID        id.Attempt
	Payment   id.Payment
	Refund    id.Refund // of a refund
	Connector string
	Kind      connector.Kind
	Amount    money.Amount
	Release   bool   // of a capture: give back what is left
	Once      string // the idempotency record that its end finishes
	Origin    event.Origin
	CreatedAt time.Time

	State       AttemptState
	RailRef     string
	NetworkCode string
	FailureCode string
	Asks        int
	FinishedAt  time.Time
}

// AttemptState is where an attempt stands.
type AttemptState string

// The states of an attempt. Started and Unknown are open: the payment waits.
const (
	AttemptStarted    AttemptState = "started"
	AttemptUnknown    AttemptState = "unknown"                // the rail gave no answer: it will be asked
	AttemptChallenged AttemptState = "authentication_pending" // ended: the next attempt goes on
	AttemptAuthorized AttemptState = "authorized"
	AttemptCaptured   AttemptState = "captured"
	AttemptVoided     AttemptState = "voided"
	AttemptRefunded   AttemptState = "refunded"
	AttemptFailed     AttemptState = "failed"
)

func (a *Attempt) open() bool { return a.State == AttemptStarted || a.State == AttemptUnknown }

var attemptEnd = map[connector.Kind]AttemptState{
	connector.Authorize: AttemptAuthorized,
	connector.Sale:      AttemptCaptured,
	connector.Capture:   AttemptCaptured,
	connector.Void:      AttemptVoided,
	connector.Refund:    AttemptRefunded,
}

// end records the rail's final answer.
func (a *Attempt) end(ans connector.Answer, now time.Time) {
	a.FinishedAt, a.RailRef, a.NetworkCode, a.FailureCode = now, ans.RailReference, ans.NetworkCode, ans.DeclineCode
	switch ans.Result {
	case connector.Approved:
		a.State = attemptEnd[a.Kind]
	case connector.ActionRequired:
		a.State = AttemptChallenged
	default:
		a.State = AttemptFailed
	}
}

func (a *Attempt) once() *idempotency.Key { return idempotency.Stored(a.Once) }

// request is what the rail is asked for. original is the authorization, if any.
func (a *Attempt) request(p Payment, authenticated bool) connector.Request {
	return connector.Request{
		Reference: string(a.ID), Kind: a.Kind, Amount: a.Amount, Original: string(p.AuthorizedBy),
		Authenticated: authenticated, Final: a.Kind == connector.Capture && a.Release, Live: p.Live,
	}
}

// askAfter is when the rail is asked about an attempt the n-th time, from 0,
// after the time before: at once, twice within the minute, then as conventions
// of card networks allow, daily in the end.
var askAfter = []time.Duration{
	0, 5 * time.Second, 20 * time.Second, 5 * time.Minute, time.Hour,
	24 * time.Hour, 24 * time.Hour, 24 * time.Hour, 24 * time.Hour, 24 * time.Hour,
}
