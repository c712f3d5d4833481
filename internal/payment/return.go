package payment

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
)

// returnsAfter is the sandbox bank's delay until a refund comes back.
const returnsAfter = 2 * time.Second

// ReturnJob handles [JobReturn]: the card's bank could not take a refund that had
// succeeded, and the rail has the money again. The refund fails, and transfers that are
// linked to it undo what it did.
func (d *Desk) ReturnJob(ctx context.Context, j job.Job) (time.Time, error) {
	r, err := one(refunds.First(ctx, d.db, whereID, j.Object))
	if err != nil {
		return time.Time{}, err
	}
	p, err := d.byID(ctx, r.Payment)
	if err != nil {
		return time.Time{}, err
	}
	locks := append(d.locks(p, nil, nil), refunds.Lock(string(r.ID)), job.Lock(JobReturn, string(r.ID)))
	return time.Time{}, d.db.Write(ctx, locks, func(tx *db.Tx) error {
		if !job.Done(tx, JobReturn, string(r.ID)) {
			return nil // returned before: the job ends in the commit that undoes the refund
		}
		now := d.Clock.Now()
		r, _ := refunds.Get(tx, string(r.ID))
		p, found := payments.Get(tx, string(r.Payment))
		if !found || r.State != RefundSucceeded {
			return fault.ErrInternal
		}
		if err := p.undo(tx, now, &r); err != nil {
			return err
		}
		r.State, r.FailureCode = RefundFailed, connector.CardNotSupported
		payments.Update(tx, p)
		d.appendRefund(tx, "refund.failed", &r, event.Origin{}, now)
		refunds.Update(tx, r)
		return nil
	})
}

// undo brings what r gave back to the payee, and its part of the fee to the platform.
func (p *Payment) undo(tx *db.Tx, now time.Time, r *Refund) error {
	cause := string(r.ID)
	steps := []ledger.Step{ledger.MovePost(p.platform(ledger.AcquirerReceivable), p.till(), r.Amount, cause)}
	if p.converted() && r.Share > 0 {
		steps = append(steps, ledger.MovePost(p.exchange(p.Settles()), p.payee(), p.settled(r.Share), cause))
	}
	if r.FeeReturned > 0 {
		steps = append(steps, ledger.MovePost(p.payee(), p.settledPlatform(ledger.Fees), p.settled(r.FeeReturned), cause))
	}
	if _, err := ledger.Apply(tx, now, steps...); err != nil {
		return err
	}
	p.Refunded -= r.Amount.Minor
	p.FeeReturned -= r.FeeReturned
	p.returned(-r.Share)
	return p.round(tx, now, r.Amount.Minor, r.Share, cause)
}
