package payment

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/vault"
)

// Config is what the desk works with.
type Config struct {
	DB         *db.DB
	Clock      clock.Clock
	Merchants  *merchant.Room
	Vault      *vault.Vault
	Connectors *connector.Registry
	Exchange   *fx.Room
	Log        *slog.Logger
	// Contested is called in the commit of a capture that the rail has announced a
	// dispute of; nil: nothing is done. See package dispute.
	Contested func(tx *db.Tx, p Payment, reason string, now time.Time)
	// ContestedLock is the row that Contested decides on.
	ContestedLock func(key id.Payment) db.Lock
}

// Desk makes payments.
type Desk struct {
	Config
	db   *db.DB
	busy sync.Map // id of each payment or refund that this process is working on
}

// NewDesk opens the desk.
func NewDesk(c Config) *Desk { return &Desk{Config: c, db: c.DB} }

// Caller is for whom something is done, and by which request.
type Caller struct {
	Merchant id.Merchant
	Live     bool
	Once     *idempotency.Key
	Origin   event.Origin
	Use      *grant.Use // the payer's grant that it is done by; nil: the merchant itself
}

// The jobs of this package.
const (
	JobAsk    job.Kind = "attempt.ask"    // object: the attempt
	JobExpire job.Kind = "payment.expire" // object: the payment
	JobReturn job.Kind = "refund.return"  // object: the refund
)

// firstLocks are the rows that p's first commit decides on: p's own are new.
func (p *Payment) firstLocks(once *idempotency.Key) []db.Lock {
	locks := append(once.Locks(), event.Lock())
	return append(append(locks, ledger.Locks(p.accounts()...)...), p.conversionLocks()...)
}

// locks are the rows that a later commit about p and a decides on.
func (d *Desk) locks(p Payment, a *Attempt, once *idempotency.Key) []db.Lock {
	locks := append(p.firstLocks(once), payments.Lock(string(p.ID)), ledger.LockHold(p.Hold))
	if a != nil {
		locks = append(locks, attempts.Lock(string(a.ID)))
		if a.Refund != "" {
			locks = append(locks, refunds.Lock(string(a.Refund)))
		}
	}
	return locks
}

// append writes what happened to p into the log. It comes before p is stored, which
// keeps the number that it gives.
func (d *Desk) append(tx *db.Tx, kind string, p *Payment, origin event.Origin, now time.Time) int64 {
	p.Sequence = event.Append(tx, event.Fact{
		Merchant: p.Merchant, Live: p.Live, Type: kind, Object: string(p.ID), Origin: origin, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Payment{Payment: View(*p)}},
	})
	return p.Sequence
}

// begin records an attempt before its rail is called. If this process does not
// come back, [Desk.Adopt] finds it. Error: money.ErrOverflow if the ledger could not
// count what the rail is asked to take.
func begin(tx *db.Tx, p *Payment, a Attempt) error {
	if a.Kind != connector.Void && a.Kind != connector.Refund {
		if err := p.room(tx, a.Amount.Minor); err != nil {
			return err
		}
	}
	p.Attempt = a.ID
	attempts.Insert(tx, a)
	return nil
}

// newAttempt makes an attempt at p's connector.
func (d *Desk) newAttempt(p Payment, c Caller, kind connector.Kind, minor int64, now time.Time) Attempt {
	return Attempt{
		ID: id.New[id.Attempt](now), Payment: p.ID, Connector: p.Connector, Kind: kind, Amount: p.money(minor),
		Once: c.Once.ID(), Origin: c.Origin, CreatedAt: now, State: AttemptStarted,
	}
}

// presented is what the payer has shown, for an authorization.
type presented struct {
	card          *vault.Card // nil: not read yet
	cvv           *vault.CVV
	authenticated bool
}

// call asks the rail, outside any commit.
func (d *Desk) call(ctx context.Context, p Payment, a Attempt, shown presented) connector.Answer {
	rail, err := d.Connectors.For(p.Live)
	if err != nil {
		return connector.Answer{} // nothing was sent, but a later node may have it: unknown
	}
	request := a.request(p, shown.authenticated)
	switch {
	case !a.Kind.TakesCard():
		return rail.Send(ctx, request)
	case shown.card != nil:
		return d.Vault.SendRead(ctx, *shown.card, shown.cvv, rail, request)
	default:
		return d.Vault.Send(ctx, vault.Owner{Merchant: p.Merchant, Live: p.Live}, id.Card(p.Source), shown.cvv, rail, request)
	}
}

// finish calls the rail and settles the attempt, which the caller has marked as busy. The rail's call has its own
// deadline; the caller's going away must not cut it short.
func (d *Desk) finish(ctx context.Context, p Payment, a Attempt, shown presented) (Payment, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), railTimeout)
	defer cancel()
	return d.settle(ctx, p, a, d.call(ctx, p, a, shown))
}

// railTimeout bounds one call of a rail and the commit after it.
const railTimeout = 20 * time.Second

// resume answers a retry of a request that began and has no answer yet: it drives
// the work to its end if no live call of this process is doing so. again is the
// write that found the request running; it tells how it ended.
func (d *Desk) resume(ctx context.Context, err error, again func() (Payment, error)) (Payment, error) {
	running, ok := errors.AsType[*idempotency.Running](err)
	if !ok {
		return Payment{}, err
	}
	key := id.Attempt(running.Object)
	if _, busy := d.busy.Load(running.Object); busy {
		return Payment{}, idempotency.ErrInUse
	}
	a, err := d.attempt(ctx, key)
	if err != nil {
		return Payment{}, err
	}
	p, err := d.ask(ctx, a)
	if err != nil {
		return Payment{}, err
	}
	if p.Attempt == a.ID {
		return p, nil // still unknown, and said so
	}
	return again() // finished: the record holds the answer
}

// Dispute marks p as disputed, or no longer so, in another flow's commit. The
// payment must be locked with [Lock].
func Dispute(tx *db.Tx, key id.Payment, disputed bool) (Payment, bool) {
	p, found := payments.Get(tx, string(key))
	if found {
		p.Disputed = disputed
		payments.Update(tx, p)
	}
	return p, found
}

// Lock is the payment's row.
func Lock(key id.Payment) db.Lock { return payments.Lock(string(key)) }

// Payee is the account that the payment filled.
func (p *Payment) Payee() ledger.Name { return p.payee() }
