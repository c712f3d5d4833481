package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// Kind is what a transfer does.
type Kind string

// The kinds. A hold's later transfers name it in Hold.
const (
	Post       Kind = "post"        // moves money at once
	Hold       Kind = "hold"        // sets money aside
	PostHold   Kind = "post_hold"   // moves part of what a hold set aside
	VoidHold   Kind = "void_hold"   // gives back what a hold still has
	ExpireHold Kind = "expire_hold" // the same, because its time ran out
)

// Transfer is one committed line of the ledger. It is never changed.
type Transfer struct {
	Sequence  int64
	ID        id.Transfer // of a hold: also the hold's id
	Kind      Kind
	Debit     Side
	Credit    Side
	Amount    money.Amount
	Hold      id.Transfer
	Cause     string
	CreatedAt time.Time
	Hash      []byte // SHA-256 over the fields above and the hash before it
}

// chain computes the hash of t, which follows a transfer of hash prev: SHA-256
// over prev and the fields in order, texts with their length before them,
// numbers as eight bytes big-endian, the instant in microseconds. The way back is left
// out: it follows from the rest.
func (t *Transfer) chain(prev []byte) []byte {
	b := make([]byte, 0, 512)
	b = append(b, prev...)
	number := func(n int64) { b = binary.BigEndian.AppendUint64(b, uint64(n)) } //nolint:gosec // two's complement
	text := func(s string) {
		number(int64(len(s)))
		b = append(b, s...)
	}
	number(t.Sequence)
	text(string(t.ID))
	text(string(t.Kind))
	text(string(t.Debit.Account))
	text(string(t.Credit.Account))
	text(string(t.Amount.Currency))
	number(t.Amount.Minor)
	text(string(t.Hold))
	for _, s := range []*Side{&t.Debit, &t.Credit} {
		number(s.Posted)
		number(s.HeldOut)
		number(s.HeldIn)
	}
	text(t.Cause)
	number(t.CreatedAt.UnixMicro())
	h := sha256.Sum256(b)
	return h[:]
}

// hold is what became of a Hold transfer.
type hold struct {
	id        id.Transfer
	debit     id.Account
	credit    id.Account
	amount    money.Amount
	createdAt time.Time
	posted    int64
	state     holdState
}

type holdState string

// pending → posted | voided | expired. Posted in full or in part; the rest is
// given back when it leaves pending.
const (
	holdPending holdState = "pending"
	holdPosted  holdState = "posted"
	holdVoided  holdState = "voided"
	holdExpired holdState = "expired"
)

// Step is one transfer to be made. Build it with MovePost, MoveHold, and so on.
type Step struct {
	kind   Kind
	id     id.Transfer
	debit  Name
	credit Name
	amount money.Amount
	hold   id.Transfer
	cause  string
}

// MovePost moves amount at once. cause is the id of what it is for.
func MovePost(debit, credit Name, amount money.Amount, cause string) Step {
	return Step{kind: Post, debit: debit, credit: credit, amount: amount, cause: cause}
}

// MoveHold sets amount aside under the id hold.
func MoveHold(hold id.Transfer, debit, credit Name, amount money.Amount, cause string) Step {
	return Step{kind: Hold, id: hold, debit: debit, credit: credit, amount: amount, cause: cause}
}

// MovePostHold moves amount of what hold set aside; the rest stays set aside.
func MovePostHold(hold id.Transfer, amount money.Amount, cause string) Step {
	return Step{kind: PostHold, hold: hold, amount: amount, cause: cause}
}

// MoveVoidHold gives back what hold still has. A hold that was posted in part
// counts as posted afterwards.
func MoveVoidHold(hold id.Transfer, cause string) Step {
	return Step{kind: VoidHold, hold: hold, cause: cause}
}

// MoveExpireHold is MoveVoidHold for a hold whose time ran out.
func MoveExpireHold(hold id.Transfer, cause string) Step {
	return Step{kind: ExpireHold, hold: hold, cause: cause}
}
