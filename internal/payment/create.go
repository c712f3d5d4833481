package payment

import (
	"context"
	"errors"
	"time"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/vault"
	"github.com/florinpay/florin/internal/wallet"
)

// Order is a payment that is asked for.
type Order struct {
	Caller
	Amount      int64 // minor units of Currency
	Currency    string
	Source      string // a card token or a wallet
	Destination id.Wallet
	// SettlementCurrency is what the merchant is paid in, if it is another one.
	SettlementCurrency string
	Quote              id.Quote    // holds the rate; "": the current one
	Card               *vault.Card // of Source, if it was read for this order; nil: it will be
	CVV                *vault.CVV  // in memory only, may be nil
	// Keep puts the card of Source into the vault if it is not there; nil: then it is
	// refused.
	Keep    func(context.Context) error
	Manual  bool
	Details Details
}

// Create takes a payment. A declined one is recorded and answered as ErrDeclined;
// one whose outcome is unknown comes back Processing. Errors: fault.ErrInvalid with
// fields, merchant.ErrSuspended, merchant.ErrAmountMax, refusals of wallets and
// ledger, connector.ErrMissing, those of idempotency.
func (d *Desk) Create(ctx context.Context, o Order) (Payment, error) {
	currency, err := money.ParseCurrency(o.Currency)
	if err != nil {
		return Payment{}, fault.ErrInvalid.WithField("/currency", "currency_unknown", "Send an active ISO 4217 code, such as USD.")
	}
	p := Payment{
		Merchant: o.Merchant, Live: o.Live, Amount: money.New(o.Amount, currency), Source: o.Source,
		Destination: o.Destination, Manual: o.Manual, Details: o.Details,
	}
	m, err := d.Merchants.Get(ctx, o.Merchant)
	if err != nil {
		return p, err
	}
	if err := m.Accept(p.Amount); err != nil {
		return p, err
	}
	if p.Details.Conversion, err = d.conversion(ctx, o, p.Amount); err != nil {
		return p, err
	}
	if o.Use != nil {
		if p.Details.Grant = o.Use.Grant; !id.Has[id.Wallet](o.Source) {
			return p, fault.ErrInvalid.WithField("/source", ErrNotPayers.Code, ErrNotPayers.Detail)
		}
	}
	switch {
	case o.Source == "":
		return p, fault.ErrInvalid.WithField("/source", ErrSourceRun.Code, ErrSourceRun.Detail)
	case id.Has[id.Wallet](o.Source) && o.Destination != "":
		return p, fault.ErrInvalid.WithField("/source", ErrSource.Code, "A wallet is topped up from a card. POST /v1/wallets/{id}/send moves money from another wallet.")
	case id.Has[id.Wallet](o.Source):
		return d.payFromWallet(ctx, o, p)
	case id.Has[id.Card](o.Source):
		return d.payByCard(ctx, o, p)
	default:
		return p, fault.ErrInvalid.WithField("/source", ErrSource.Code, ErrSource.Detail)
	}
}

// payFromWallet is one commit.
func (d *Desk) payFromWallet(ctx context.Context, o Order, p Payment) (Payment, error) {
	if o.Manual {
		return p, fault.ErrInvalid.WithField("/capture", "capture_not_supported", "A wallet pays at once: send automatic, or leave it out.")
	}
	source := id.Wallet(o.Source)
	if !id.Valid(source) {
		return p, fault.ErrInvalid.WithField("/source", "not_found", "There is no such wallet.")
	}
	from := wallet.AccountOf(source, p.Amount.Currency, p.Live)
	m, err := d.Merchants.Get(ctx, o.Merchant)
	if err != nil {
		return p, err
	}
	if p.Fee, err = p.fee(m, p.Amount.Minor); err != nil {
		return p, err
	}
	names := []ledger.Name{from, p.payee()}
	if p.Fee > 0 {
		names = append(names, p.settledPlatform(ledger.Fees))
	}
	locks := append(o.Once.Locks(), event.Lock(), wallet.Lock(source))
	locks = append(locks, o.Use.Locks(p.Merchant, p.Amount.Currency)...)
	locks = append(append(locks, ledger.Locks(names...)...), p.conversionLocks()...)
	var made Payment
	var refusal *fault.Fault
	err = d.db.Write(ctx, locks, func(tx *db.Tx) (err error) {
		if err := o.Once.Check(tx); err != nil {
			return err
		}
		made, refusal, err = d.spend(tx, o, p, source, from)
		return err
	})
	if err == nil && refusal != nil {
		err = refusal
	}
	return made, err
}

func (d *Desk) spend(tx *db.Tx, o Order, p Payment, source id.Wallet, from ledger.Name) (Payment, *fault.Fault, error) {
	now := d.Clock.Now()
	p.ID, p.CreatedAt, p.State = id.New[id.Payment](now), now, Processing
	if o.Use != nil && wallet.PayerOf(tx, source) != o.Use.Payer {
		return p, nil, fault.ErrInvalid.WithField("/source", ErrNotPayers.Code, ErrNotPayers.Detail)
	}
	err := o.Use.Spend(tx, now, o.Merchant, p.Amount, func() error {
		return wallet.Spend(tx, now, o.Merchant, o.Live, source, p.Amount, func() error {
			if err := p.useQuote(tx, now, o.Origin); err != nil {
				return err
			}
			return p.receive(tx, now, ledger.MovePost(from, p.till(), p.Amount, string(p.ID)), p.Amount.Minor, p.Fee)
		})
	})
	f := fault.Of(err)
	switch {
	case f == nil:
		p.Captured, p.State = p.Amount.Minor, must(p.State, Paid)
		o.Once.Finish(tx, d.append(tx, "payment.succeeded", &p, o.Origin, now), now)
		insert(tx, p)
		return p, nil, nil
	case f.Kind == fault.Refused:
		p.freeQuote(tx, now, o.Origin)
		p.Fee, p.State, p.DeclineCode, p.Advice = 0, must(p.State, Declined), f.Code, "try_another_source"
		d.append(tx, "payment.failed", &p, o.Origin, now)
		insert(tx, p)
		refusal := f.WithDecline(f.Code, p.Advice).WithObject(string(p.ID))
		o.Once.Refuse(tx, refusal, now)
		return p, refusal, nil
	case f.Kind == fault.NotFound:
		return p, nil, fault.ErrInvalid.WithField("/source", "not_found", "There is no such wallet.")
	case f.Code == wallet.ErrCurrency.Code:
		return p, nil, fault.ErrInvalid.WithField("/currency", f.Code, f.Detail)
	default:
		return p, nil, err
	}
}

// payByCard is two commits with the rail's call between them.
func (d *Desk) payByCard(ctx context.Context, o Order, p Payment) (Payment, error) {
	rail, err := d.Connectors.For(p.Live)
	if err != nil {
		return p, err
	}
	p.Connector = rail.Name()
	made, err := d.authorize(ctx, o, p)
	if errors.Is(err, errNoCard) && o.Keep != nil {
		if err := o.Keep(ctx); err != nil {
			return p, err
		}
		made, err = d.authorize(ctx, o, p)
	}
	if errors.Is(err, errNoCard) { // also if it was deleted as soon as it was kept
		return p, fault.ErrInvalid.WithField("/source", "not_found", "There is no such card.")
	}
	return made, err
}

// errNoCard: the vault has no card for the source.
var errNoCard = errors.New("payment: no such card")

// card is the one that p is taken from, read inside the commit that decides on it.
func (o *Order) card(tx *db.Tx, p *Payment) (*vault.Card, error) {
	if o.Card != nil {
		return o.Card, nil
	}
	c, found := vault.Locked(tx, vault.Owner{Merchant: p.Merchant, Live: p.Live}, id.Card(p.Source))
	if !found {
		return nil, errNoCard
	}
	return &c, nil
}

// authorize is the first commit of a card payment, and all that follows.
func (d *Desk) authorize(ctx context.Context, o Order, p Payment) (Payment, error) {
	now := d.Clock.Now()
	p.ID, p.Hold, p.CreatedAt, p.State = id.New[id.Payment](now), id.New[id.Transfer](now), now, Processing
	a := d.newAttempt(p, o.Caller, authorization(p), p.Amount.Minor, now)
	d.busy.Store(string(a.ID), true) // before the first commit: a retry may find that at once
	defer d.busy.Delete(string(a.ID))
	locks := p.firstLocks(o.Once)
	card := o.Card
	if card == nil {
		locks = append(locks, vault.Lock(id.Card(p.Source)))
	}
	first := func(tx *db.Tx) error {
		if err := o.Once.Check(tx); err != nil {
			return err
		}
		var err error
		if card, err = o.card(tx, &p); err != nil {
			return err
		}
		p.Details.Card = &Card{string(card.Brand), card.Last4, card.Expiry.Month, card.Expiry.Year}
		if err := p.useQuote(tx, now, o.Origin); err != nil {
			return err
		}
		hold := ledger.MoveHold(p.Hold, p.platform(ledger.AcquirerReceivable), p.till(), p.Amount, string(p.ID))
		if _, err := ledger.Apply(tx, now, hold); err != nil {
			return err
		}
		if err := begin(tx, &p, a); err != nil {
			return err
		}
		d.append(tx, "payment.created", &p, o.Origin, now)
		insert(tx, p)
		o.Once.Begin(tx, string(a.ID), now)
		return nil
	}
	if err := d.db.Write(ctx, locks, first); err != nil {
		return d.resume(ctx, err, func() (Payment, error) { return p, d.db.Write(ctx, locks, first) })
	}
	p, err := d.finish(ctx, p, a, presented{card, o.CVV, false})
	if err == nil && p.State == Failed {
		err = p.declined()
	}
	return p, err
}

// authorization is what the rail is asked for: to reserve, or to take at once.
func authorization(p Payment) connector.Kind {
	if p.Manual {
		return connector.Authorize
	}
	return connector.Sale
}

// expireAt schedules the end of an authorization.
func expireAt(tx *db.Tx, p *Payment, now time.Time) {
	p.ExpiresAt = now.Add(AuthorizationFor)
	job.Add(tx, JobExpire, string(p.ID), now, p.ExpiresAt)
}
