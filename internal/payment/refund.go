package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/wallet"
)

// Refund is money on its way back to the payer.
type Refund struct {
	ID          id.Refund
	Payment     id.Payment
	Merchant    id.Merchant
	Live        bool
	Amount      money.Amount
	Reason      string
	Metadata    map[string]string
	Hold        id.Transfer // sets the money aside while the rail is asked
	Share       int64       // what it took from the payee, in minor units of what the payee is paid in
	Converted   bool        // that is another currency
	FeeReturned int64       // minor units of the fee that came back, in what the payee is paid in
	CreatedAt   time.Time
	State       RefundState
	FailureCode string
	Sequence    int64 // of the last event about it
}

// RefundState is where a refund stands: pending → succeeded | failed, and succeeded →
// failed if the money comes back.
type RefundState string

// The states of a refund.
const (
	RefundPending   RefundState = "pending"
	RefundSucceeded RefundState = "succeeded"
	RefundFailed    RefundState = "failed"
)

// RefundOrder is a refund that is asked for.
type RefundOrder struct {
	Caller
	Payment  id.Payment
	Amount   int64 // minor units; 0: all that is left
	Reason   string
	Metadata map[string]string
}

// CreateRefund gives back part of what a payment captured, and the same part of
// its fee. A refund to a card is pending until the rail has answered. Errors:
// fault.ErrInvalid with fields, ErrUnpaid, ErrRefund, ErrBusy, ErrDisputed,
// ledger.ErrInsufficientFunds, those of idempotency.
func (d *Desk) CreateRefund(ctx context.Context, o RefundOrder) (Refund, error) {
	p, err := d.Get(ctx, o.Merchant, o.Live, o.Payment)
	if err != nil {
		if fault.Of(err).Kind == fault.NotFound {
			err = fault.ErrInvalid.WithField("/payment", "not_found", "There is no such payment.")
		}
		return Refund{}, err
	}
	now := d.Clock.Now()
	r := Refund{
		ID: id.New[id.Refund](now), Payment: p.ID, Merchant: p.Merchant, Live: p.Live, Reason: o.Reason,
		Metadata: o.Metadata, Hold: id.New[id.Transfer](now), CreatedAt: now, State: RefundPending,
	}
	r.Converted = p.converted()
	a := d.newAttempt(p, o.Caller, connector.Refund, 0, now)
	a.Refund = r.ID
	d.busy.Store(string(a.ID), true) // before the first commit: a retry may find that at once
	defer d.busy.Delete(string(a.ID))
	locks := append(d.locks(p, &a, o.Once), ledger.LockHold(r.Hold))
	if source := id.Wallet(p.Source); id.Valid(source) {
		locks = append(locks, ledger.Locks(wallet.AccountOf(source, p.Amount.Currency, p.Live))...)
	}
	fresh := r
	err = d.db.Write(ctx, locks, func(tx *db.Tx) error {
		r = fresh // a write may run twice, and what it finds then may differ
		if err := o.Once.Check(tx); err != nil {
			return err
		}
		return d.refund(tx, o, &p, &r, &a, d.Clock.Now()) // by when the write's turn comes, a day may have ended
	})
	if err != nil {
		return d.resumeRefund(ctx, err)
	}
	if p.Connector == "" {
		return r, nil
	}
	if _, err := d.finish(ctx, p, a, presented{}); err != nil {
		return r, err
	}
	return one(refunds.First(ctx, d.db, whereID, string(r.ID)))
}

// refund is the first commit of a refund, and the only one of a wallet's.
func (d *Desk) refund(tx *db.Tx, o RefundOrder, p *Payment, r *Refund, a *Attempt, now time.Time) error {
	*p, _ = payments.Get(tx, string(p.ID))
	amount, err := p.refundable(o.Amount)
	if err != nil {
		return err
	}
	r.Amount, a.Amount = p.money(amount), p.money(amount)
	if r.FeeReturned, err = p.feeReturn(amount); err != nil {
		return err
	}
	share, err := p.Share(amount)
	if err != nil {
		return err
	}
	r.Share = share.Minor
	if _, err := ledger.Apply(tx, now, p.refundSteps(r)...); err != nil {
		return err
	}
	if err := p.round(tx, now, -amount, -r.Share, string(r.ID)); err != nil {
		return err
	}
	p.FeeReturned += r.FeeReturned
	p.returned(r.Share)
	if p.Connector == "" {
		p.Refunded += amount
		r.State = RefundSucceeded
	} else {
		p.Refunding += amount
		if err := begin(tx, p, *a); err != nil {
			return err
		}
	}
	payments.Update(tx, *p)
	if r.State == RefundSucceeded {
		o.Once.Finish(tx, d.appendRefund(tx, "refund.succeeded", r, o.Origin, now), now)
	} else {
		d.appendRefund(tx, "refund.created", r, o.Origin, now)
		o.Once.Begin(tx, string(a.ID), now)
	}
	refunds.Insert(tx, *r)
	return nil
}

// refundSteps are those of a refund's first commit. What goes to a card is set aside
// until the rail has answered; a share that rounds to nothing needs no hold.
func (p *Payment) refundSteps(r *Refund) []ledger.Step {
	cause := string(r.ID)
	var steps []ledger.Step
	if r.FeeReturned > 0 { // first, so that a full refund never lacks it
		steps = append(steps, ledger.MovePost(p.settledPlatform(ledger.Fees), p.payee(), p.settled(r.FeeReturned), cause))
	}
	switch {
	case p.Connector == "":
		to := wallet.AccountOf(id.Wallet(p.Source), p.Amount.Currency, p.Live)
		return append(steps, p.back(p.payee(), to, r.Amount.Minor, r.Share, cause)...)
	case r.Share == 0:
		r.Hold = ""
		return steps
	}
	return append(steps, ledger.MoveHold(r.Hold, p.payee(), p.refundTill(), p.settled(r.Share), cause))
}

// refundTill is where the payee's share of a refund waits for the rail.
func (p *Payment) refundTill() ledger.Name {
	if p.converted() {
		return p.exchange(p.Settles())
	}
	return p.platform(ledger.Refunds)
}

// returned counts what went back from the payee.
func (p *Payment) returned(share int64) {
	if p.converted() {
		p.Returned += share
	}
}

// refundable checks a refund of minor units (0: all that is left) and returns them.
func (p *Payment) refundable(minor int64) (int64, error) {
	if err := p.free(); err != nil {
		return 0, err
	}
	switch left := p.Refundable(); {
	case p.Captured == 0:
		return 0, ErrUnpaid
	case p.Disputed:
		return 0, ErrDisputed
	case left == 0 || minor > left:
		return 0, ErrRefund.WithField("/amount", "too_large", fmt.Sprintf("At most %d can still be refunded.", left))
	case minor == 0:
		return left, nil
	default:
		return minor, nil
	}
}

// refunded ends a refund to a card.
func (s *settlement) refunded() error {
	r, found := refunds.Get(s.tx, string(s.a.Refund))
	if !found {
		return fault.ErrInternal
	}
	s.p.Refunding -= r.Amount.Minor
	cause := string(r.ID)
	var steps []ledger.Step
	kind := "refund.succeeded"
	if s.approved() {
		s.p.Refunded += r.Amount.Minor
		r.State = RefundSucceeded
		if r.Hold != "" {
			steps = append(steps, ledger.MovePostHold(r.Hold, s.p.settled(r.Share), cause))
		}
		if s.answer.ReturnReason != "" {
			job.Add(s.tx, JobReturn, cause, s.now, s.now.Add(returnsAfter))
		}
		steps = append(steps, s.p.back(s.p.refundTill(), s.p.platform(ledger.AcquirerReceivable), r.Amount.Minor, r.Share, cause)...)
	} else {
		r.State, r.FailureCode, kind = RefundFailed, s.answer.DeclineCode, "refund.failed"
		if r.Hold != "" {
			steps = append(steps, ledger.MoveVoidHold(r.Hold, cause))
		}
		if r.FeeReturned > 0 {
			steps = append(steps, ledger.MovePost(s.p.payee(), s.p.settledPlatform(ledger.Fees), s.p.settled(r.FeeReturned), cause))
		}
		s.p.FeeReturned -= r.FeeReturned
		s.p.returned(-r.Share)
	}
	if _, err := ledger.Apply(s.tx, s.now, steps...); err != nil {
		return err
	}
	if !s.approved() {
		if err := s.p.round(s.tx, s.now, r.Amount.Minor, r.Share, cause); err != nil {
			return err
		}
	}
	s.a.once().Finish(s.tx, s.desk.appendRefund(s.tx, kind, &r, s.a.Origin, s.now), s.now)
	refunds.Update(s.tx, r)
	return nil
}

// resumeRefund answers a retry of a refund that has no answer yet.
func (d *Desk) resumeRefund(ctx context.Context, err error) (Refund, error) {
	running, ok := errors.AsType[*idempotency.Running](err)
	if !ok {
		return Refund{}, err
	}
	if _, busy := d.busy.Load(running.Object); busy {
		return Refund{}, idempotency.ErrInUse
	}
	a, err := d.attempt(ctx, id.Attempt(running.Object))
	if err != nil {
		return Refund{}, err
	}
	if _, err := d.ask(ctx, a); err != nil {
		return Refund{}, err
	}
	return one(refunds.First(ctx, d.db, whereID, string(a.Refund)))
}

// appendRefund is [Desk.append] for refunds.
func (d *Desk) appendRefund(tx *db.Tx, kind string, r *Refund, origin event.Origin, now time.Time) int64 {
	r.Sequence = event.Append(tx, event.Fact{
		Merchant: r.Merchant, Live: r.Live, Type: kind, Object: string(r.ID), Origin: origin, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Refund{Refund: ViewRefund(*r)}},
	})
	return r.Sequence
}
