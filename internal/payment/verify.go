package payment

import (
	"context"
	"fmt"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/money"
)

// Verify compares every payment with the ledger: what it says was captured is what was
// posted for it, in the payee's currency, and what the roundings of conversions left, to
// the last part of a minor unit, is what was posted and carried. It returns the number
// of payments and the first difference as text, "" for none.
func Verify(ctx context.Context, d *db.DB) (count int64, finding string, err error) {
	v := verification{left: map[string]int64{}}
	if v.posted, err = postedByCause(ctx, d); err != nil {
		return 0, "", err
	}
	err = payments.Each(ctx, d, "order by id", func(p *Payment) error {
		count++
		v.payment(p)
		return nil
	})
	for cause := range v.posted {
		v.finds("the ledger posted money for the payment %s, which is not there", cause)
	}
	if err == nil {
		err = v.roundings(ctx, d)
	}
	return count, v.finding, err
}

// verification is one run over all payments.
type verification struct {
	posted  map[string]int64 // by payment: what its payee got
	left    map[string]int64 // by mode and currency: what roundings left, in 1/money.ResidueUnit minor units, modulo 2^64
	finding string
}

// finds keeps the first difference.
func (v *verification) finds(format string, a ...any) {
	if v.finding == "" {
		v.finding = fmt.Sprintf(format, a...)
	}
}

func (v *verification) payment(p *Payment) {
	got := v.posted[string(p.ID)]
	delete(v.posted, string(p.ID))
	back := p.Refunded + p.Refunding + p.Reversed
	if p.Captured < 0 || p.Captured > p.Amount.Minor || back > p.Captured || p.Refunded < 0 || p.Refunding < 0 || p.Reversed < 0 {
		v.finds("payment %s captured or refunded more than it may", p.ID)
		return
	}
	worth, err := p.worth(p.Captured)
	if err != nil || got != worth.Minor {
		v.finds("payment %s says %s were captured, the ledger posted %s", p.ID, worth, p.settled(got))
		return
	}
	if p.converted() {
		r := p.rate()
		v.left[fx.ResidueKey(p.Settles(), p.Live)] += r.Residue(p.Captured, worth.Minor) - r.Residue(back, p.Returned)
	}
}

// roundings compares what conversions left with what the ledger was given of it and
// what is carried.
func (v *verification) roundings(ctx context.Context, d *db.DB) error {
	booked, err := fx.Residues(ctx, d)
	if err != nil {
		return err
	}
	if err := addRounding(ctx, d, booked); err != nil {
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
