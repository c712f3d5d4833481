package payment

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/wallet"
)

// settle is the last commit of an attempt: whoever learns the rail's answer first
// (the call itself, a retry, the job) writes it; the others find it written. It
// returns the payment as it then is; of p only what never changes is read.
func (d *Desk) settle(ctx context.Context, p Payment, a Attempt, ans connector.Answer) (Payment, error) {
	m, err := d.Merchants.Get(ctx, p.Merchant)
	if err != nil {
		return p, err
	}
	s := settlement{desk: d, answer: ans}
	locks := append(d.locks(p, &a, a.once()), jobLocks(p, a, ans)...)
	if d.Contested != nil {
		locks = append(locks, d.ContestedLock(p.ID))
	}
	if p.Destination != "" {
		locks = append(locks, wallet.Lock(p.Destination))
	}
	if a.Refund != "" {
		r, err := one(refunds.First(ctx, d.db, whereID, string(a.Refund)))
		if err != nil {
			return p, err
		}
		locks = append(locks, ledger.LockHold(r.Hold))
	}
	err = d.db.Write(ctx, locks, func(tx *db.Tx) error {
		var found, there bool
		s.p, found = payments.Get(tx, string(a.Payment))
		s.a, there = attempts.Get(tx, string(a.ID))
		if !found || !there {
			return fault.ErrInternal
		}
		if !s.a.open() {
			return nil // settled before
		}
		s.tx, s.now = tx, d.Clock.Now()
		captured := s.p.Captured
		if s.a.Kind == connector.Capture || s.a.Kind == connector.Sale {
			captured += s.a.Amount.Minor
		}
		if s.fee, err = s.p.fee(m, captured); err != nil {
			return err
		}
		return s.write()
	})
	return s.p, err
}

// jobLocks are the rows of the jobs that the end of a may add or remove. A plain
// sale, by far the most frequent, has none.
func jobLocks(p Payment, a Attempt, ans connector.Answer) []db.Lock {
	switch {
	case open(ans):
		return []db.Lock{job.Lock(JobAsk, string(a.ID)), job.Lock(JobExpire, string(p.ID))}
	case ans.ReturnReason != "":
		return []db.Lock{job.Lock(JobReturn, string(a.Refund)), job.Lock(JobExpire, string(p.ID))}
	case a.Kind == connector.Sale && p.ExpiresAt.IsZero() && ans.Result != connector.ActionRequired:
		return nil
	}
	return []db.Lock{job.Lock(JobExpire, string(p.ID))}
}

// settlement is one run of the last commit.
type settlement struct {
	desk   *Desk
	tx     *db.Tx
	now    time.Time
	p      Payment
	a      Attempt
	answer connector.Answer
	fee    int64 // of all that is captured if this is a capture that succeeds
}

func (s *settlement) write() error {
	if !s.final() {
		if s.a.State != AttemptUnknown {
			s.a.State = AttemptUnknown
			attempts.Update(s.tx, s.a)
			job.Add(s.tx, JobAsk, string(s.a.ID), s.now, s.now)
		}
		return nil
	}
	s.a.end(s.answer, s.now)
	attempts.Update(s.tx, s.a)
	s.p.Attempt = ""
	var err error
	switch s.a.Kind {
	case connector.Refund:
		err = s.refunded()
	case connector.Void:
		err = s.voided()
	case connector.Capture:
		err = s.captured()
	default:
		err = s.authorized()
	}
	if err == nil {
		payments.Update(s.tx, s.p)
	}
	return err
}

// final reports whether the answer ends the attempt. That the rail has not seen it ends
// nothing, however long ago it began: the process that began it may be paused, its clock
// may be behind. Only the rail's promise never to act on it does.
func (s *settlement) final() bool { return !open(s.answer) }

func open(ans connector.Answer) bool {
	return ans.Result == connector.Unknown || ans.Result == connector.Missing
}

func (s *settlement) approved() bool { return s.answer.Result == connector.Approved }

// authorized ends an authorization or a sale.
func (s *settlement) authorized() error {
	switch {
	case s.answer.Result == connector.ActionRequired:
		s.p.State = must(s.p.State, Challenged)
		expireAt(s.tx, &s.p, s.now) // a payer who never comes back must not hold the money for ever
		return s.tell("payment.action_required")
	case !s.approved():
		return s.decline()
	case s.a.Kind == connector.Authorize:
		s.p.State, s.p.AuthorizedBy = must(s.p.State, Authorized), s.a.ID
		expireAt(s.tx, &s.p, s.now)
		return s.tell("payment.authorized")
	}
	s.p.AuthorizedBy = s.a.ID
	return s.take(false)
}

func (s *settlement) decline() error {
	s.p.State = must(s.p.State, Declined)
	s.p.DeclineCode, s.p.Advice = s.answer.DeclineCode, s.answer.Advice
	if s.p.DeclineCode == "" { // the rail never saw it, and never will
		s.p.DeclineCode, s.p.Advice = "processing_error", "retry_later"
		s.a.FailureCode = s.p.DeclineCode
		attempts.Update(s.tx, s.a)
	}
	if _, err := ledger.Apply(s.tx, s.now, ledger.MoveVoidHold(s.p.Hold, string(s.p.ID))); err != nil {
		return err
	}
	s.p.freeQuote(s.tx, s.now, s.a.Origin)
	s.desk.append(s.tx, "payment.failed", &s.p, s.a.Origin, s.now)
	s.a.once().Refuse(s.tx, s.p.declined(), s.now)
	return nil
}

// take posts what was captured, its fee, and gives back the rest unless more
// captures will follow.
func (s *settlement) take(more bool) error {
	minor, cause := s.a.Amount.Minor, string(s.p.ID)
	var rest []ledger.Step
	if s.p.Captured+minor < s.p.Amount.Minor && !more {
		rest = append(rest, ledger.MoveVoidHold(s.p.Hold, cause))
	}
	if err := s.p.receive(s.tx, s.now, ledger.MovePostHold(s.p.Hold, s.a.Amount, cause), minor, s.fee-s.p.Fee, rest...); err != nil {
		return err
	}
	s.p.Captured += minor
	s.p.Fee = s.fee
	if s.p.Destination != "" {
		wallet.Funded(s.tx, s.p.Destination, s.a.Origin, s.now)
	}
	if s.desk.Contested != nil && s.answer.DisputeReason != "" {
		s.desk.Contested(s.tx, s.p, s.answer.DisputeReason, s.now)
	}
	if s.p.Captured < s.p.Amount.Minor && more {
		s.p.State = must(s.p.State, Kept)
		return s.tell("payment.captured")
	}
	s.p.State = must(s.p.State, Paid)
	if !s.p.ExpiresAt.IsZero() {
		s.p.ExpiresAt = time.Time{}
		job.Done(s.tx, JobExpire, string(s.p.ID))
	}
	return s.tell("payment.succeeded")
}

func (s *settlement) captured() error {
	if !s.approved() {
		return s.keep()
	}
	return s.take(!s.a.Release)
}

// voided ends a cancellation or an expiry.
func (s *settlement) voided() error {
	if !s.approved() {
		return s.keep()
	}
	job.Done(s.tx, JobExpire, string(s.p.ID))
	happening, kind, step := Voided, "payment.canceled", ledger.MoveVoidHold(s.p.Hold, string(s.p.ID))
	if !s.now.Before(s.p.ExpiresAt) && s.a.Origin.Request == "" {
		happening, kind, step = Lapsed, "payment.expired", ledger.MoveExpireHold(s.p.Hold, string(s.p.ID))
	}
	if s.p.Captured > 0 { // part of it was paid: the rest is given up
		happening, kind = Paid, "payment.succeeded"
	}
	if _, err := ledger.Apply(s.tx, s.now, step); err != nil {
		return err
	}
	s.p.State, s.p.ExpiresAt = must(s.p.State, happening), time.Time{}
	return s.tell(kind)
}

// keep leaves the payment authorized: the rail refused the capture or void.
func (s *settlement) keep() error {
	s.p.State = must(s.p.State, Kept)
	s.desk.append(s.tx, "payment.authorized", &s.p, s.a.Origin, s.now)
	s.a.once().Refuse(s.tx, s.railRefused(), s.now)
	return nil
}

func (s *settlement) railRefused() *fault.Fault {
	return ErrRail.WithDecline(s.answer.DeclineCode, s.answer.Advice).WithObject(string(s.p.ID))
}

// tell appends the event that ends the attempt and makes it the stored answer.
func (s *settlement) tell(kind string) error {
	s.a.once().Finish(s.tx, s.desk.append(s.tx, kind, &s.p, s.a.Origin, s.now), s.now)
	return nil
}

// outcome is what an operation on an authorized payment answers: the payment, or
// the rail's refusal.
func (d *Desk) outcome(ctx context.Context, p Payment, attempt id.Attempt) (Payment, error) {
	a, err := d.attempt(ctx, attempt)
	if err == nil && a.State == AttemptFailed {
		meaning := connector.OfDecline(a.FailureCode)
		if a.NetworkCode != "" {
			meaning = connector.OfCode(a.NetworkCode)
		}
		err = ErrRail.WithDecline(a.FailureCode, meaning.Advice).WithObject(string(p.ID))
	}
	return p, err
}
