package payment

import (
	"context"
	"fmt"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
)

// Report is what Verify found.
type Report struct {
	Payments int64
	Refunds  int64
	Finding  string // the first difference, "" if everything holds
}

// Contest is what a dispute has done to its payment.
type Contest struct {
	Payment id.Payment
	Won     bool  // by the merchant: it is over, and nothing is left of it
	Minor   int64 // minor units that it took, if it was lost
	Share   int64 // of the payee's, in what the payee is paid in
}

// Contests gives fn the disputes of the payments after one and up to another.
type Contests func(ctx context.Context, d *db.DB, after, upTo id.Payment, fn func(Contest) error) error

// Verify recomputes every payment and refund from what says the same elsewhere: its last
// event, which is chained, its transfers, which are too, its attempts, refunds and
// disputes (of those nil says that there are none). What the roundings of conversions
// left is compared to the last part of a minor unit. It reads in the order of ids and
// holds one page in memory. d must not change meanwhile: give it a snapshot.
func Verify(ctx context.Context, d *db.DB, disputes Contests) (Report, error) {
	v := verification{ctx: ctx, db: d, log: event.NewLog(d), disputes: disputes, left: map[string]int64{}}
	for _, pass := range []func() error{v.payments, v.refunds, v.roundings} {
		if err := pass(); err != nil {
			return v.Report, err
		}
	}
	return v.Report, nil
}

// verification is one run over all payments and refunds.
type verification struct {
	Report
	ctx      context.Context
	db       *db.DB
	log      *event.Log
	disputes Contests
	left     map[string]int64 // by mode and currency: what roundings left, in 1/money.ResidueUnit minor units, modulo 2^64
}

// finds keeps the first difference.
func (v *verification) finds(format string, a ...any) {
	if v.Finding == "" {
		v.Finding = fmt.Sprintf(format, a...)
	}
}

// pageMax is how many rows are in memory at once.
var pageMax = 1000

// What ids begin with. The log tells of other nouns too; a row whose id begins otherwise
// is none of ours, and found because the log does not tell of it.
var (
	paymentIDs = id.Payment("").Prefix() + "_"
	refundIDs  = id.Refund("").Prefix() + "_"
)

// lastID stands after a prefix: no id comes after it.
const lastID = "~"

// about is all that names one payment.
type about struct {
	Payment
	refunds  []Refund
	attempts []Attempt
	contests []Contest
	last     event.Newest
}

// payments goes through all payments, one page after another.
func (v *verification) payments() error {
	walk := ledger.NewWalk[id.Payment](v.ctx, ledger.NewBook(v.db))
	defer walk.Close()
	for from, full := "", true; full; {
		rows, err := after(v.ctx, v.db, payments, from, pageMax)
		if err != nil {
			return err
		}
		upTo := paymentIDs + lastID
		if full = len(rows) == pageMax; full {
			upTo = string(rows[pageMax-1].ID)
		}
		page, err := v.page(rows, from, upTo)
		if err != nil {
			return err
		}
		for i := range page {
			if err := v.payment(&page[i], walk); err != nil {
				return err
			}
		}
		from = upTo
	}
	passed, err := walk.End()
	v.missed(passed)
	return err
}

func (v *verification) missed(cause string) {
	if cause != "" {
		v.finds("the ledger moved money for %s, which is not there", cause)
	}
}

// page reads what names the payments between two ids.
func (v *verification) page(rows []Payment, after, upTo string) ([]about, error) {
	page, at := make([]about, len(rows)), make(map[id.Payment]*about, len(rows))
	for i, p := range rows {
		page[i].Payment, at[p.ID] = p, &page[i]
	}
	of := func(key id.Payment, what string) *about {
		if x := at[key]; x != nil {
			return x
		}
		v.finds("%s is about the payment %s, which is not there", what, key)
		return new(about)
	}
	err := within(v.ctx, v.db, refunds, after, upTo, func(r *Refund) error {
		x := of(r.Payment, string(r.ID))
		x.refunds = append(x.refunds, *r)
		return nil
	})
	if err == nil {
		err = within(v.ctx, v.db, attempts, after, upTo, func(a *Attempt) error {
			x := of(a.Payment, string(a.ID))
			x.attempts = append(x.attempts, *a)
			return nil
		})
	}
	if err == nil {
		err = v.log.Newest(v.ctx, max(after, paymentIDs), upTo, func(e event.Newest) error {
			of(id.Payment(e.Fact.Object), string(e.ID)).last = e
			return nil
		})
	}
	if err == nil && v.disputes != nil {
		err = v.disputes(v.ctx, v.db, id.Payment(after), id.Payment(upTo), func(c Contest) error {
			x := of(c.Payment, "a dispute")
			x.contests = append(x.contests, c)
			return nil
		})
	}
	return page, err
}

// payment compares one payment with all that is about it.
func (v *verification) payment(x *about, walk *ledger.Walk) error {
	v.Payments++
	cause, passed, err := walk.To(string(x.ID))
	v.missed(passed)
	if err != nil {
		return err
	}
	if what := x.fault(cause); what != "" {
		v.finds("payment %s %s", x.ID, what)
		return nil
	}
	if x.converted() {
		worth, err := x.worth(x.Captured)
		if err != nil {
			return err
		}
		back := x.Refunded + x.Refunding + x.Reversed
		v.left[fx.ResidueKey(x.Settles(), x.Live)] += x.rate().Residue(x.Captured, worth.Minor) - x.rate().Residue(back, x.Returned)
	}
	return nil
}

// roundings compares what conversions left with what the ledger was given of it and
// what is carried.
func (v *verification) roundings() error {
	booked, err := fx.Residues(v.ctx, v.db)
	if err != nil {
		return err
	}
	if err := addRounding(v.ctx, v.db, booked); err != nil {
		return err
	}
	for key, parts := range booked {
		if parts != v.left[key] {
			v.finds("conversions to %s left %d/%d minor units, %d are accounted for", key, v.left[key], money.ResidueUnit, parts)
		}
		delete(v.left, key)
	}
	for key, parts := range v.left {
		if parts != 0 {
			v.finds("conversions to %s left %d/%d minor units, none are accounted for", key, parts, money.ResidueUnit)
		}
	}
	return nil
}
