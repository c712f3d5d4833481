package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/florinpay/florin/internal/id"
)

// Leg is what all transfers of one cause did from one account to another, in minor units.
type Leg struct {
	Debit    id.Account
	Credit   id.Account
	Hold     id.Transfer // by which Held was set aside
	Held     int64       // set aside in the beginning
	Posted   int64       // of it, or at once
	Released int64       // of Held, given back
}

// Cause is what the ledger did because of one thing.
type Cause struct {
	ID   string
	Legs []Leg
}

// PostedLeg is the leg of moves at once; none of nothing.
func PostedLeg(debit, credit Name, minor int64) []Leg {
	if minor == 0 {
		return nil
	}
	return []Leg{{Debit: debit.ID(), Credit: credit.ID(), Posted: minor}}
}

// HeldLeg is the leg of a hold, of which so much was posted and given back.
func HeldLeg(hold id.Transfer, debit, credit Name, minor, posted, released int64) []Leg {
	return []Leg{{debit.ID(), credit.ID(), hold, minor, posted, released}}
}

// Walk goes through what the ledger did because of the objects of one noun, in the
// order of their ids: one pass over all transfers, sorted by the database, which need
// not fit in memory. Close it. It reads while other queries on the same database run.
type Walk struct {
	pull func() (Cause, error, bool)
	stop func()
	head Cause // the next one; without an ID at the end
	err  error
}

// NewWalk begins a walk through the causes that are ids of T.
func NewWalk[T id.Noun](ctx context.Context, b *Book) *Walk {
	var w Walk
	w.pull, w.stop = iter.Pull2(b.causes(ctx, T("").Prefix()))
	w.step()
	return &w
}

// Close ends the walk.
func (w *Walk) Close() { w.stop() }

func (w *Walk) step() {
	c, err, more := w.pull()
	if w.head = c; !more || err != nil {
		w.head, w.err = Cause{}, errors.Join(w.err, err)
	}
}

// To goes on to an id, which must come after that of the call before, and gives what the
// ledger did because of it. passed is a cause in between that nobody has asked about.
func (w *Walk) To(key string) (c Cause, passed string, err error) {
	for w.head.ID != "" && w.head.ID < key {
		passed = cmp.Or(passed, w.head.ID)
		w.step()
	}
	c = Cause{ID: key}
	if w.head.ID == key {
		c = w.head
		w.step()
	}
	return c, passed, w.err
}

// End goes on to the end. passed is a cause that nobody has asked about.
func (w *Walk) End() (passed string, err error) {
	_, passed, err = w.To("~") // no id comes after it
	return passed, err
}

func (b *Book) causes(ctx context.Context, prefix string) iter.Seq2[Cause, error] {
	return func(yield func(Cause, error) bool) {
		var c Cause
		err := b.byCause(ctx, prefix, func(cause string, kind Kind, l Leg) error {
			if cause != c.ID {
				if c.ID != "" && !yield(c, nil) {
					return errFound
				}
				c = Cause{ID: cause}
			}
			c.add(kind, l)
			return nil
		})
		switch {
		case errors.Is(err, errFound): // nobody wants more
		case err != nil:
			yield(Cause{}, err)
		case c.ID != "":
			yield(c, nil)
		}
	}
}

// add counts a transfer of l.Posted minor units.
func (c *Cause) add(kind Kind, l Leg) {
	i := slices.IndexFunc(c.Legs, func(x Leg) bool { return x.Debit == l.Debit && x.Credit == l.Credit })
	if i < 0 {
		i = len(c.Legs)
		c.Legs = append(c.Legs, Leg{Debit: l.Debit, Credit: l.Credit})
	}
	sum := &c.Legs[i]
	switch kind {
	case Post, PostHold:
		sum.Posted = saturated(sum.Posted, l.Posted)
	case Hold:
		sum.Hold, sum.Held = l.Hold, saturated(sum.Held, l.Posted)
	default:
		sum.Released = saturated(sum.Released, l.Posted)
	}
}

// Differs says the first way in which the legs are others than those wanted, "" for none.
func (c *Cause) Differs(want []Leg) string {
	for _, w := range want {
		if !slices.Contains(c.Legs, w) {
			return fmt.Sprintf("should have moved %s, which the ledger did not", w)
		}
	}
	for _, l := range c.Legs {
		if !slices.Contains(want, l) {
			return fmt.Sprintf("moved %s in the ledger, which it should not", l)
		}
	}
	return ""
}

// String is for people who look for a difference.
func (l Leg) String() string {
	if l.Hold == "" {
		return fmt.Sprintf("%d from %s to %s", l.Posted, l.Debit, l.Credit)
	}
	return fmt.Sprintf("%d, and given back %d, of %d held by %s from %s to %s", l.Posted, l.Released, l.Held, l.Hold, l.Debit, l.Credit)
}
