package payment

import (
	"context"
	"errors"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/job"
)

// ask asks the rail what became of an attempt and settles it. It returns the
// payment as it then is. Asking twice, or beside a call that is under way, is safe:
// once a live call has had its time, the question is the last one, and a call that
// comes after it is refused by the rail.
func (d *Desk) ask(ctx context.Context, a Attempt) (Payment, error) {
	p, err := d.byID(ctx, a.Payment)
	if err != nil || !a.open() {
		return p, err
	}
	rail, err := d.Connectors.For(p.Live)
	if err != nil {
		return p, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), railTimeout)
	defer cancel()
	question := rail.Ask
	if d.Clock.Now().Sub(a.CreatedAt) > railTimeout {
		question = rail.Abandon
	}
	return d.settle(ctx, p, a, question(ctx, string(a.ID)))
}

// errUnsettled: the rail could not tell for days. A person must look.
var errUnsettled = errors.New("payment: the outcome of an attempt has been unknown for days; the rail is asked once a day from now on: ask its support what became of the reference")

// askFirst is when the rail is asked about an attempt whose process is gone: after
// every live call has ended.
const askFirst = 10 * time.Second

// adoptMax is how many attempts one call of Adopt takes.
const adoptMax = 100

// Adopt finds attempts whose process has not come back from the rail and schedules
// the question what became of them. A process that is merely slow loses nothing:
// whoever learns the answer first settles the attempt.
func (d *Desk) Adopt(ctx context.Context) error {
	now := d.Clock.Now()
	lost, err := d.startedBefore(ctx, now.Add(-askFirst), adoptMax)
	if err != nil {
		return err
	}
	for _, a := range lost {
		if _, busy := d.busy.Load(string(a.ID)); busy {
			continue
		}
		err := d.db.Write(ctx, []db.Lock{attempts.Lock(string(a.ID)), job.Lock(JobAsk, string(a.ID))}, func(tx *db.Tx) error {
			row, found := attempts.Get(tx, string(a.ID))
			if found && row.State == AttemptStarted {
				row.State = AttemptUnknown
				attempts.Update(tx, row)
				job.Add(tx, JobAsk, string(a.ID), now, now)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// AskJob handles [JobAsk].
func (d *Desk) AskJob(ctx context.Context, j job.Job) (time.Time, error) {
	a, err := d.attempt(ctx, id.Attempt(j.Object))
	if err != nil {
		return time.Time{}, err
	}
	if !a.open() {
		return time.Time{}, nil
	}
	if _, busy := d.busy.Load(j.Object); busy {
		return d.Clock.Now().Add(askFirst), nil
	}
	if _, err := d.ask(ctx, a); err != nil {
		return time.Time{}, err
	}
	return d.askAgain(ctx, a)
}

// askAgain counts the question and says when the next one is due.
func (d *Desk) askAgain(ctx context.Context, a Attempt) (next time.Time, err error) {
	err = d.db.Write(ctx, []db.Lock{attempts.Lock(string(a.ID))}, func(tx *db.Tx) error {
		row, found := attempts.Get(tx, string(a.ID))
		if !found || !row.open() {
			next = time.Time{}
			return nil
		}
		row.Asks++
		attempts.Update(tx, row)
		next = d.Clock.Now().Add(askAfter[min(row.Asks, len(askAfter)-1)])
		if row.Asks == len(askAfter) {
			d.Log.Error(errUnsettled.Error(), "attempt", row.ID, "payment", row.Payment)
		}
		return nil
	})
	return next, err
}

// ExpireJob handles [JobExpire]: it voids an authorization that nobody captured.
func (d *Desk) ExpireJob(ctx context.Context, j job.Job) (time.Time, error) {
	p, err := d.byID(ctx, id.Payment(j.Object))
	switch {
	case err != nil:
	case d.Clock.Now().Before(p.ExpiresAt): // authorized since the job was taken up
		return p.ExpiresAt, nil
	case p.State == RequiresCapture:
		p, err = d.void(ctx, byPlatform(p), p.ID)
	case p.State == RequiresAction:
		p, err = d.drop(ctx, byPlatform(p), p, Lapsed, "payment.expired")
	}
	if f := fault.Of(err); f != nil && (f.Kind == fault.Conflict || f.Kind == fault.RailFailed) {
		p, err = d.byID(ctx, id.Payment(j.Object)) // void gives no payment beside its refusal
	}
	if err == nil && (p.State == RequiresCapture || p.State == Processing) {
		return d.Clock.Now().Add(expireAgain), nil // the rail has not let go of it yet
	}
	return time.Time{}, err
}

// expireAgain is when a payment that could not be voided is tried again.
const expireAgain = time.Hour

// Unsettled counts the attempts whose outcome is not known.
func (d *Desk) Unsettled(ctx context.Context) (n int64, err error) {
	return d.countOpen(ctx)
}
