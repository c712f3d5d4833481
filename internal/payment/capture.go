package payment

import (
	"context"
	"fmt"
	"time"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
)

// Capture takes minor units of an authorized payment, all that is left if 0, and
// gives back the rest unless more captures will follow. Errors: fault.ErrNotFound,
// ErrState, ErrBusy, ErrCapture, ErrRail, those of idempotency.
func (d *Desk) Capture(ctx context.Context, c Caller, key id.Payment, minor int64, more bool) (Payment, error) {
	return d.operate(ctx, c, key, func(p *Payment) (Attempt, error) {
		take := minor
		if take == 0 {
			take = p.Capturable()
		}
		if take > p.Capturable() && p.State == RequiresCapture {
			return Attempt{}, ErrCapture.WithField("/amount", "too_large", fmt.Sprintf("Send at most %d.", p.Capturable()))
		}
		a := d.newAttempt(*p, c, connector.Capture, take, d.Clock.Now())
		a.Release = !more
		return a, nil
	})
}

// Cancel voids what is authorized and not captured, or ends a payment that waits
// for the payer. Errors: fault.ErrNotFound, ErrState, ErrBusy, ErrRail, those of
// idempotency.
func (d *Desk) Cancel(ctx context.Context, c Caller, key id.Payment) (Payment, error) {
	p, err := d.Get(ctx, c.Merchant, c.Live, key)
	if err != nil {
		return p, err
	}
	if p.State == RequiresAction {
		return d.drop(ctx, c, p, Voided, "payment.canceled")
	}
	return d.void(ctx, c, key)
}

func (d *Desk) void(ctx context.Context, c Caller, key id.Payment) (Payment, error) {
	return d.operate(ctx, c, key, func(p *Payment) (Attempt, error) {
		return d.newAttempt(*p, c, connector.Void, max(p.Capturable(), 1), d.Clock.Now()), nil
	})
}

// operate asks the rail for something about an authorized payment: a commit, the
// call, and the commit of its outcome.
func (d *Desk) operate(ctx context.Context, c Caller, key id.Payment, decide func(*Payment) (Attempt, error)) (Payment, error) {
	p, err := d.Get(ctx, c.Merchant, c.Live, key)
	if err != nil {
		return p, err
	}
	var a Attempt
	attempt := id.New[id.Attempt](d.Clock.Now()) // before the write: its row must be locked
	d.busy.Store(string(attempt), true)          // before the first commit: a retry may find that at once
	defer d.busy.Delete(string(attempt))
	first := func(tx *db.Tx) (err error) {
		if err := c.Once.Check(tx); err != nil {
			return err
		}
		p, _ = payments.Get(tx, string(key))
		if err := p.free(); err != nil {
			return err
		}
		if a, err = decide(&p); err != nil {
			return err
		}
		if p.State, err = Next(p.State, Asked); err != nil {
			return err
		}
		a.ID = attempt
		if err := begin(tx, &p, a); err != nil {
			return err
		}
		d.append(tx, "payment.processing", &p, c.Origin, a.CreatedAt)
		payments.Update(tx, p)
		c.Once.Begin(tx, string(attempt), a.CreatedAt)
		return nil
	}
	locks := d.locks(p, &Attempt{ID: attempt}, c.Once)
	if err := d.db.Write(ctx, locks, first); err != nil {
		return d.resume(ctx, err, func() (Payment, error) { return p, d.db.Write(ctx, locks, first) })
	}
	if p, err = d.finish(ctx, p, a, presented{}); err != nil {
		return p, err
	}
	return d.outcome(ctx, p, attempt)
}

// Confirm goes on with a payment whose payer has authenticated, or has failed to.
// Errors: fault.ErrNotFound, ErrState, ErrDeclined, those of idempotency.
func (d *Desk) Confirm(ctx context.Context, c Caller, key id.Payment, passed bool) (Payment, error) {
	p, err := d.Get(ctx, c.Merchant, c.Live, key)
	if err != nil {
		return p, err
	}
	if !passed {
		return d.drop(ctx, c, p, Declined, "payment.failed")
	}
	now := d.Clock.Now()
	a := d.newAttempt(p, c, authorization(p), p.Amount.Minor, now)
	d.busy.Store(string(a.ID), true) // before the first commit: a retry may find that at once
	defer d.busy.Delete(string(a.ID))
	locks := d.locks(p, &a, c.Once)
	first := func(tx *db.Tx) error {
		if err := c.Once.Check(tx); err != nil {
			return err
		}
		p, _ = payments.Get(tx, string(key))
		if p.State != RequiresAction {
			return ErrState.With("The payment is %s: it does not wait for its payer.", p.State)
		}
		p.State = must(p.State, Confirmed)
		if err := begin(tx, &p, a); err != nil {
			return err
		}
		d.append(tx, "payment.processing", &p, c.Origin, now)
		payments.Update(tx, p)
		c.Once.Begin(tx, string(a.ID), now)
		return nil
	}
	if err := d.db.Write(ctx, locks, first); err != nil {
		return d.resume(ctx, err, func() (Payment, error) { return p, d.db.Write(ctx, locks, first) })
	}
	if p, err = d.finish(ctx, p, a, presented{authenticated: true}); err == nil && p.State == Failed {
		err = p.declined()
	}
	return p, err
}

// drop ends a payment that waits for its payer; no rail is involved.
func (d *Desk) drop(ctx context.Context, c Caller, p Payment, h Happening, kind string) (Payment, error) {
	now := d.Clock.Now()
	locks := append(d.locks(p, nil, c.Once), job.Lock(JobExpire, string(p.ID)))
	err := d.db.Write(ctx, locks, func(tx *db.Tx) (err error) {
		if err := c.Once.Check(tx); err != nil {
			return err
		}
		p, _ = payments.Get(tx, string(p.ID))
		if p.State != RequiresAction {
			return ErrState.With("The payment is %s: it does not wait for its payer.", p.State)
		}
		p.State, p.ExpiresAt = must(p.State, h), time.Time{}
		job.Done(tx, JobExpire, string(p.ID))
		if _, err := ledger.Apply(tx, now, ledger.MoveVoidHold(p.Hold, string(p.ID))); err != nil {
			return err
		}
		if p.State == Failed {
			p.freeQuote(tx, now, c.Origin)
			p.DeclineCode, p.Advice = "authentication_failed", "try_another_source"
		}
		sequence := d.append(tx, kind, &p, c.Origin, now)
		payments.Update(tx, p)
		if p.State == Failed {
			c.Once.Refuse(tx, p.declined(), now)
		} else {
			c.Once.Finish(tx, sequence, now)
		}
		return nil
	})
	if err == nil && p.State == Failed {
		err = p.declined()
	}
	return p, err
}

// byPlatform is the caller of what the platform does to p by itself.
func byPlatform(p Payment) Caller {
	return Caller{Merchant: p.Merchant, Live: p.Live, Origin: event.Origin{}}
}
