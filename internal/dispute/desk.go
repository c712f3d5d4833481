package dispute

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payment"
)

// The jobs of this package.
const (
	JobOpen   job.Kind = "dispute.open"   // object: the payment
	JobDecide job.Kind = "dispute.decide" // object: the dispute
	JobExpire job.Kind = "dispute.expire" // object: the dispute
)

// Desk handles disputes.
type Desk struct {
	db    *db.DB
	clock clock.Clock
}

// NewDesk opens the desk.
func NewDesk(d *db.DB, c clock.Clock) *Desk { return &Desk{d, c} }

// Announced schedules the opening of a dispute, in the commit of the capture that
// the rail announced it with. Name [AnnouncedLock] in that write.
func Announced(tx *db.Tx, p payment.Payment, _ string, now time.Time) {
	job.Add(tx, JobOpen, string(p.ID), now, now.Add(opensAfter))
}

// AnnouncedLock is the row that Announced decides on.
func AnnouncedLock(p id.Payment) db.Lock { return job.Lock(JobOpen, string(p)) }

// OpenJob handles [JobOpen].
func (d *Desk) OpenJob(ctx context.Context, j job.Job) (time.Time, error) {
	key, now := id.Payment(j.Object), d.clock.Now()
	x := Dispute{
		ID: id.New[id.Dispute](now), Payment: key, Hold: id.New[id.Transfer](now), CreatedAt: now,
		Reason: "fraudulent", Stage: Formal, State: NeedsResponse, RespondBy: now.Add(respondIn),
	}
	p, err := payment.Find(ctx, d.db, key)
	if err != nil {
		return time.Time{}, err
	}
	// A rail announces a dispute with every capture; a payment is disputed once.
	if opened, err := d.opened(ctx, key); opened || err != nil {
		return time.Time{}, err
	}
	if p.Refunding > 0 { // until it is known what is left to contest
		return now.Add(opensAfter), nil
	}
	locks := append(d.locks(x, p), payment.Lock(key), AnnouncedLock(key))
	return time.Time{}, d.db.Write(ctx, locks, func(tx *db.Tx) error {
		x := x // a write may run twice, and what it finds then may differ
		if !job.Done(tx, JobOpen, string(key)) {
			return nil // opened before: the job ends in the commit that opens the dispute
		}
		p, _ := payment.Dispute(tx, key, true)
		x.Merchant, x.Live = p.Merchant, p.Live
		x.Amount = money.New(p.Refundable(), p.Amount.Currency)
		if x.Amount.Minor == 0 {
			payment.Dispute(tx, key, false)
			return nil // all of it went back already
		}
		if err := x.hold(tx, p, now); err != nil {
			return err
		}
		d.append(tx, "dispute.opened", &x, event.Origin{}, now)
		disputes.Insert(tx, x)
		job.Add(tx, JobExpire, string(x.ID), now, x.RespondBy)
		return nil
	})
}

// hold sets the payee's share aside; if the payee does not have it, the platform stands
// in if the dispute is lost.
func (x *Dispute) hold(tx *db.Tx, p payment.Payment, now time.Time) (err error) {
	if x.Share, err = p.Share(x.Amount.Minor); err != nil {
		return err
	}
	if x.Share.Minor == 0 { // worth less than can be counted
		x.Hold = ""
		return nil
	}
	_, err = ledger.Apply(tx, now, ledger.MoveHold(x.Hold, p.Payee(), platform(ledger.Disputes, *x), x.Share, string(x.ID)))
	if errors.Is(err, ledger.ErrInsufficientFunds) {
		x.Hold, err = "", nil
	}
	return err
}

// platform is one of the platform's accounts in what the payee is paid in.
func platform(purpose ledger.Purpose, x Dispute) ledger.Name {
	return ledger.PlatformName(purpose, x.Share.Currency, x.Live)
}

func (d *Desk) locks(x Dispute, p payment.Payment) []db.Lock {
	x.Share.Currency, x.Live = p.Settles(), p.Live
	locks := append(ledger.Locks(p.Payee(), platform(ledger.Disputes, x), platform(ledger.Suspense, x)), p.ReverseLocks()...)
	return append(locks, event.Lock(), disputes.Lock(string(x.ID)), ledger.LockHold(x.Hold),
		job.Lock(JobExpire, string(x.ID)), job.Lock(JobDecide, string(x.ID)))
}

// Accept gives the money back. Errors: fault.ErrNotFound, ErrState, those of idempotency.
func (d *Desk) Accept(ctx context.Context, c payment.Caller, key id.Dispute) (Dispute, error) {
	return d.change(ctx, c, key, Accepted, nil)
}

// Contest hands in evidence; the bank decides. Errors as for Accept.
func (d *Desk) Contest(ctx context.Context, c payment.Caller, key id.Dispute, evidence string) (Dispute, error) {
	return d.change(ctx, c, key, UnderReview, func(x *Dispute) { x.Evidence = evidence })
}

// DecideJob handles [JobDecide]: the sandbox bank's word.
func (d *Desk) DecideJob(ctx context.Context, j job.Job) (time.Time, error) {
	x, err := d.byID(ctx, id.Dispute(j.Object))
	if err != nil {
		return time.Time{}, err
	}
	to := Lost
	if x.Evidence == winning {
		to = Won
	}
	return d.byPlatform(ctx, x, to)
}

// ExpireJob handles [JobExpire].
func (d *Desk) ExpireJob(ctx context.Context, j job.Job) (time.Time, error) {
	x, err := d.byID(ctx, id.Dispute(j.Object))
	if err != nil {
		return time.Time{}, err
	}
	return d.byPlatform(ctx, x, Expired)
}

func (d *Desk) byPlatform(ctx context.Context, x Dispute, to State) (time.Time, error) {
	_, err := d.change(ctx, payment.Caller{Merchant: x.Merchant, Live: x.Live}, x.ID, to, nil)
	if errors.Is(err, ErrState) {
		err = nil // somebody was faster
	}
	return time.Time{}, err
}

// told is the event of a dispute's reaching a state.
var told = map[State]string{
	UnderReview: "dispute.under_review", Accepted: "dispute.accepted", Won: "dispute.won", Lost: "dispute.lost", Expired: "dispute.expired",
}

// change moves a dispute to another state, and the money with it.
func (d *Desk) change(ctx context.Context, c payment.Caller, key id.Dispute, to State, also func(*Dispute)) (Dispute, error) {
	x, err := d.Get(ctx, c.Merchant, c.Live, key)
	if err != nil {
		return x, err
	}
	p, err := payment.Find(ctx, d.db, x.Payment)
	if err != nil {
		return x, err
	}
	locks := append(d.locks(x, p), payment.Lock(x.Payment))
	locks = append(locks, c.Once.Locks()...)
	err = d.db.Write(ctx, locks, func(tx *db.Tx) (err error) {
		now := d.clock.Now() // by when the write's turn comes, a day may have ended
		if err := c.Once.Check(tx); err != nil {
			return err
		}
		x, _ = disputes.Get(tx, string(key))
		if x.State, err = Next(x.State, to); err != nil {
			return err
		}
		if also != nil {
			also(&x)
		}
		if err := d.settle(tx, x, now); err != nil {
			return err
		}
		c.Once.Finish(tx, d.append(tx, told[x.State], &x, c.Origin, now), now)
		disputes.Update(tx, x)
		return nil
	})
	return x, err
}

// settle moves the money and the jobs as the new state wants it.
func (d *Desk) settle(tx *db.Tx, x Dispute, now time.Time) error {
	job.Done(tx, JobExpire, string(x.ID))
	cause := string(x.ID)
	switch {
	case x.State == UnderReview:
		job.Add(tx, JobDecide, cause, now, now.Add(reviewTakes))
	case x.State == Won:
		payment.Dispute(tx, x.Payment, false)
		if x.Hold != "" {
			_, err := ledger.Apply(tx, now, ledger.MoveVoidHold(x.Hold, cause))
			return err
		}
	case x.State.gone() && x.Hold != "":
		if _, err := ledger.Apply(tx, now, ledger.MovePostHold(x.Hold, x.Share, cause)); err != nil {
			return err
		}
		return payment.Reverse(tx, now, x.Payment, platform(ledger.Disputes, x), x.Amount.Minor, x.Share.Minor, cause)
	case x.State.gone(): // what the merchant owes waits in suspense for a person
		return payment.Reverse(tx, now, x.Payment, platform(ledger.Suspense, x), x.Amount.Minor, x.Share.Minor, cause)
	}
	return nil
}

// append comes before x is stored, which keeps the number that it gives.
func (d *Desk) append(tx *db.Tx, kind string, x *Dispute, origin event.Origin, now time.Time) int64 {
	x.Sequence = event.Append(tx, event.Fact{
		Merchant: x.Merchant, Live: x.Live, Type: kind, Object: string(x.ID), Origin: origin, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Dispute{Dispute: View(*x)}},
	})
	return x.Sequence
}

// View is x in the contract's words.
func View(x Dispute) *florinv1.Dispute {
	return &florinv1.Dispute{
		Id: string(x.ID), Object: "dispute", Amount: x.Amount.Minor, Currency: string(x.Amount.Currency),
		Stage:   florinv1.DisputeStage(florinv1.DisputeStage_value["DISPUTE_STAGE_"+strings.ToUpper(string(x.Stage))]),
		Status:  florinv1.DisputeStatus(florinv1.DisputeStatus_value["DISPUTE_STATUS_"+strings.ToUpper(string(x.State))]),
		Payment: string(x.Payment), Merchant: string(x.Merchant), Reason: x.Reason, Evidence: x.Evidence,
		RespondBy: timestamppb.New(x.RespondBy), CreatedAt: timestamppb.New(x.CreatedAt), Livemode: x.Live,
		Sequence: x.Sequence,
	}
}
