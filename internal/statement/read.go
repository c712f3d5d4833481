package statement

import (
	"context"
	"errors"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payment"
)

// Desk reads statements.
type Desk struct {
	db    *db.DB
	clock clock.Clock
}

// NewDesk opens the desk.
func NewDesk(d *db.DB, c clock.Clock) *Desk { return &Desk{d, c} }

const (
	// entriesMax is how many entries a day may have that is shown page by page: each page
	// counts the whole day again, to tell its totals.
	entriesMax = 10_000
	// settleFor is how long after its end a day waits for writes that began in it, unless
	// a younger transfer says that none can come: longer than any write is given.
	settleFor = 10 * time.Minute
)

// reading is a look at the books.
type reading struct {
	db   *db.DB
	book *ledger.Book
	now  time.Time
}

// look is a reading without a snapshot, which keeps nobody's connection: what is final
// stays as it is.
func (d *Desk) look() reading { return reading{d.db, ledger.NewBook(d.db), d.clock.Now()} }

// read lets fn read everything from one moment. It must be short on a server: a snapshot
// keeps a connection.
func (d *Desk) read(ctx context.Context, fn func(reading) error) (err error) {
	now := d.clock.Now() // before the snapshot: what is older than it has been waited for
	view, err := d.db.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	return fn(reading{view, ledger.NewBook(view), now})
}

// final reports whether nothing can be added to the day any more.
func (r reading) final(ctx context.Context, w Which) (bool, error) {
	newest, err := r.book.Newest(ctx)
	return newest.After(w.end()) || r.now.After(w.end().Add(settleFor)), err
}

// head reads the statement, lets fn see each of its entries, and checks that it adds up.
func (r reading) head(ctx context.Context, w Which, fn func(Entry) error) (s Statement, err error) {
	s = Statement{Which: w, ID: w.ID(), Account: w.account().ID(), At: w.end()}
	if s.Final, err = r.final(ctx, w); err != nil {
		return s, err
	}
	if !s.Final && r.now.Before(w.end()) {
		s.At = r.now
	}
	if s.Opening, err = r.balance(ctx, w.account(), w.Day.Add(-time.Microsecond)); err != nil {
		return s, err
	}
	s.Closing = s.Opening
	err = r.each(ctx, w.account(), s.Opening, w.Day, w.end(), func(e Entry) error {
		if err := s.add(e); err != nil {
			return err
		}
		return fn(e)
	})
	if err != nil {
		return s, err
	}
	there, err := r.balance(ctx, w.account(), w.end())
	if err == nil && there != s.Closing {
		err = errNotEven
	}
	return s, err
}

// add counts an entry.
func (s *Statement) add(e Entry) error {
	sum, err := money.New(s.Closing, s.Currency).Add(e.Amount)
	if err != nil {
		return errNotEven.WithCause(err)
	}
	s.Closing = sum.Minor
	side, size := &s.Credited, e.Amount
	if e.Amount.Minor < 0 {
		s.Debits++
		side = &s.Debited
		if size, err = e.Amount.Neg(); err != nil {
			return errNotEven.WithCause(err)
		}
	} else {
		s.Credits++
	}
	total, err := money.New(*side, s.Currency).Add(size)
	if err != nil { // more passed through than can be counted
		return err
	}
	*side = total.Minor
	return nil
}

// balance is what stood on an account right after an instant; 0 if nobody has used it.
func (r reading) balance(ctx context.Context, n ledger.Name, at time.Time) (int64, error) {
	a, err := r.book.AccountAt(ctx, n.ID(), at)
	if errors.Is(err, fault.ErrNotFound) {
		return 0, nil
	}
	return a.Posted, err
}

// each gives fn the entries of an account from one instant to another, both included, in
// the ledger's order, without what is known of their payments. before is the balance in
// front of the first. Errors: errUnordered if a balance does not follow from the one
// before; those of fn and of the database.
func (r reading) each(ctx context.Context, n ledger.Name, before int64, from, to time.Time, fn func(Entry) error) error {
	own, fees := n.ID(), ledger.PlatformName(ledger.Fees, n.Currency, n.Live).ID()
	err := r.book.Each(ctx, []id.Account{own}, ledger.Span{From: from, To: to}, func(page []ledger.Transfer) error {
		for _, t := range page {
			if t.Kind != ledger.Post && t.Kind != ledger.PostHold { // it moves nothing
				continue
			}
			amount, side, other := t.Amount, t.Credit, t.Debit.Account
			if t.Debit.Account == own {
				amount.Minor, side, other = -amount.Minor, t.Debit, t.Credit.Account
			}
			sum, err := money.New(before, n.Currency).Add(amount)
			if err != nil || sum.Minor != side.Posted {
				return errUnordered
			}
			before = side.Posted
			err = fn(Entry{
				Transfer: t.ID, Sequence: t.Sequence, CreatedAt: t.CreatedAt, Kind: kindOf(t.Cause, amount.Minor, other, fees),
				Amount: amount, After: side.Posted, Cause: t.Cause,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, fault.ErrNotFound) {
		return nil // no account yet, so no entries
	}
	return err
}

// describe fills in what is known of the entries' payments.
func (r reading) describe(ctx context.Context, list []Entry) error {
	var refunds, disputes []string
	for _, e := range list {
		switch {
		case id.Has[id.Refund](e.Cause):
			refunds = append(refunds, e.Cause)
		case id.Has[id.Dispute](e.Cause):
			disputes = append(disputes, e.Cause)
		}
	}
	refunded, err := payment.FindRefunds(ctx, r.db, refunds)
	if err != nil {
		return err
	}
	disputed, err := dispute.FindPayments(ctx, r.db, disputes)
	if err != nil {
		return err
	}
	var keys []string
	for i := range list {
		e := &list[i]
		if id.Has[id.Payment](e.Cause) {
			e.Payment = id.Payment(e.Cause)
		} else {
			e.Payment = refunded[id.Refund(e.Cause)] + disputed[id.Dispute(e.Cause)] // one of them at most
		}
		if e.Payment != "" {
			keys = append(keys, string(e.Payment))
		}
	}
	payments, err := payment.FindAll(ctx, r.db, keys)
	for i := range list {
		if p := payments[list[i].Payment]; p != nil {
			list[i].Reference, list[i].Description = p.Details.Reference, p.Details.Description
		}
	}
	return err
}

// Read reads a statement and up to limit of its entries, oldest first: those after that
// of the transfer after, or the first ones. more says that others follow. Errors:
// ErrTooLong, ErrCursor, those of the database.
func (d *Desk) Read(ctx context.Context, w Which, after id.Transfer, limit int) (s Statement, list []Entry, more bool, err error) {
	err = d.read(ctx, func(r reading) error {
		found, n := after == "", 0
		s, err = r.head(ctx, w, func(e Entry) error {
			n++
			switch {
			case n > entriesMax:
				return ErrTooLong
			case !found:
				found = e.Transfer == after
			case len(list) < limit:
				list = append(list, e)
			default:
				more = true
			}
			return nil
		})
		if err == nil && !found {
			err = ErrCursor
		}
		if err != nil {
			return err
		}
		return r.describe(ctx, list)
	})
	return s, list, more, err
}
