package connector

import (
	"context"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/money"
)

// Kind is what a rail is asked to do.
type Kind string

// The kinds.
const (
	Authorize Kind = "authorize" // reserve Amount on Card
	Sale      Kind = "sale"      // reserve Amount on Card and take it at once
	Capture   Kind = "capture"   // take Amount of what Original reserved
	Void      Kind = "void"      // release what of Original is not captured; Amount does not matter
	Refund    Kind = "refund"    // give back Amount of what was captured of Original
)

// TakesCard reports whether a request of this kind carries a card: the others
// name the Original that did.
func (k Kind) TakesCard() bool { return k == Authorize || k == Sale }

// ReferenceMax is the longest reference, in bytes of printable ASCII.
const ReferenceMax = 64

// Request is one operation at a rail.
type Request struct {
	Reference     string // ours, unique for ever; the rail acts on it at most once
	Kind          Kind
	Amount        money.Amount
	Original      string // RailReference or Reference of the authorization or sale; empty for those
	Card          Card   // for kinds that take a card; the vault fills it
	Authenticated bool   // the payer has passed the issuer's challenge (3-D Secure)
	Final         bool   // a capture that is the last one: the rail lets go of what it leaves
	Live          bool
}

// Card is a card on its way to a rail. It is wiped when Send has returned, so a
// connector keeps no part of it.
type Card struct {
	Number card.Number
	Expiry card.Expiry
	CVV    card.CVV // zero if the payer did not give it
}

// Result is what is known after a call.
type Result uint8

// The results. The zero Result claims nothing.
const (
	Unknown        Result = iota // the rail may or may not have acted: ask it
	Approved                     // done
	Declined                     // not done, and it will not be
	ActionRequired               // not done: the payer must pass a challenge, then send again with Authenticated
	Missing                      // only from Ask: the rail has not seen the reference, and may yet
	Abandoned                    // not from Send: the rail has not seen the reference and will refuse it for ever
)

var resultNames = [...]string{"unknown", "approved", "declined", "action_required", "missing", "abandoned"}

// String is the result in lower_snake case.
func (r Result) String() string {
	if int(r) < len(resultNames) {
		return resultNames[r]
	}
	return resultNames[Unknown]
}

// Answer is what a rail said, or that it said nothing.
type Answer struct {
	Result        Result
	RailReference string // the rail's own name for the operation
	NetworkCode   string // ISO 8583 field 39, if the rail gave it
	DeclineCode   string // for Declined: why, in the words of declines.go
	Advice        string // for Declined: what the caller should do
	DisputeReason string // set when the rail has announced that the payer will contest this payment
	ReturnReason  string // for an approved refund: set when the rail has announced that the money will come back
}

// Connector speaks to one rail. It is safe for concurrent use. None of the three
// calls returns an error; a dead connection, a timeout, an ended ctx or an answer
// that does not fit the request is Unknown.
type Connector interface {
	// Name is the connector's folder name, stable for ever: payments keep it.
	Name() string
	// Send performs r, or answers as before if the rail already has. An abandoned
	// reference is Declined.
	Send(ctx context.Context, r Request) Answer
	// Ask tells what became of a reference: also Missing, Abandoned, and Unknown
	// while the rail does not know it yet. Missing ends nothing: a request may be
	// under way for as long as its sender, or the network, stands still.
	Ask(ctx context.Context, reference string) Answer
	// Abandon is the last question. It answers as Ask does where the rail has seen the
	// reference. Where it has not, the rail notes that it will never act on it,
	// whenever and from wherever a request with it may still come, and only then is
	// the answer Abandoned. ISO 8583 gives this by a reversal (MTI 0400) of an
	// original that the acquirer has not seen. A rail that cannot promise it never
	// answers Abandoned: Missing, and the attempt waits for a person.
	Abandon(ctx context.Context, reference string) Answer
	Close() error
}
