package payment

import (
	"fmt"

	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/wallet"
)

// refunds goes through all refunds, one page after another.
func (v *verification) refunds() error {
	walk := ledger.NewWalk[id.Refund](v.ctx, ledger.NewBook(v.db))
	defer walk.Close()
	for from, full := "", true; full; {
		rows, err := after(v.ctx, v.db, refunds, from, pageMax)
		if err != nil {
			return err
		}
		upTo := refundIDs + lastID
		if full = len(rows) == pageMax; full {
			upTo = string(rows[pageMax-1].ID)
		}
		if err := v.refundPage(rows, from, upTo, walk); err != nil {
			return err
		}
		from = upTo
	}
	passed, err := walk.End()
	v.missed(passed)
	return err
}

func (v *verification) refundPage(rows []Refund, after, upTo string, walk *ledger.Walk) error {
	keys := make([]string, len(rows))
	for i := range rows {
		keys[i] = string(rows[i].Payment)
	}
	of, err := FindAll(v.ctx, v.db, keys)
	if err != nil {
		return err
	}
	last := make(map[id.Refund]event.Newest, len(rows))
	err = v.log.Newest(v.ctx, max(after, refundIDs), upTo, func(e event.Newest) error {
		last[id.Refund(e.Fact.Object)] = e
		return nil
	})
	if err != nil {
		return err
	}
	for i := range rows {
		r := &rows[i]
		v.Refunds++
		cause, passed, err := walk.To(string(r.ID))
		v.missed(passed)
		if err != nil {
			return err
		}
		if what := r.fault(of[r.Payment], last[r.ID], cause); what != "" {
			v.finds("refund %s %s", r.ID, what)
		}
		delete(last, r.ID)
	}
	for key := range last {
		v.finds("the log tells of the refund %s, which is not there", key)
	}
	return nil
}

// fault says the first thing that is wrong with a refund of p, "" for none.
func (r *Refund) fault(p *Payment, last event.Newest, cause ledger.Cause) string {
	if p == nil {
		return fmt.Sprintf("is of the payment %s, which is not there", r.Payment)
	}
	if p.Merchant != r.Merchant || p.Live != r.Live || p.Amount.Currency != r.Amount.Currency || p.converted() != r.Converted ||
		!r.Converted && r.Share != r.Amount.Minor {
		return fmt.Sprintf("does not fit its payment %s", p.ID)
	}
	if field := last.Differs(ViewRefund(*r)); field != "" {
		return fmt.Sprintf("has another %s than its last event (%s) says", field, last.ID)
	}
	return p.Differs(cause, p.refundLegs(r, r.State == RefundFailed && last.Count > pendingFailed))
}

// pendingFailed is how many events a refund to a card has that failed at once: that of its
// beginning and this one. One that failed later had succeeded between.
const pendingFailed = 2

// refundLegs is what the ledger must have moved for a refund: see refundSteps, refunded
// and, if it came back, undo.
func (p *Payment) refundLegs(r *Refund, cameBack bool) []ledger.Leg {
	fees, payee := p.settledPlatform(ledger.Fees), p.payee()
	legs := ledger.PostedLeg(fees, payee, r.FeeReturned)
	if p.Connector == "" {
		to := wallet.AccountOf(id.Wallet(p.Source), p.Amount.Currency, p.Live)
		return append(legs, p.backLegs(payee, to, r.Amount.Minor, r.Share)...)
	}
	var posted, released int64
	receivable := p.platform(ledger.AcquirerReceivable)
	switch {
	case r.State == RefundSucceeded || cameBack:
		posted = r.Share
		legs = append(legs, p.backLegs(p.refundTill(), receivable, r.Amount.Minor, r.Share)...)
	case r.State == RefundFailed:
		released = r.Share
	}
	if r.State == RefundFailed {
		legs = append(legs, ledger.PostedLeg(payee, fees, r.FeeReturned)...)
	}
	if cameBack {
		legs = append(legs, ledger.PostedLeg(receivable, p.till(), r.Amount.Minor)...)
		if p.converted() {
			legs = append(legs, ledger.PostedLeg(p.exchange(p.Settles()), payee, r.Share)...)
		}
	}
	if r.Hold != "" {
		legs = append(legs, ledger.HeldLeg(r.Hold, payee, p.refundTill(), r.Share, posted, released)...)
	}
	return legs
}
