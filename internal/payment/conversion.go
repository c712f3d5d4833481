package payment

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
)

// Conversion is the rate of a payment whose merchant is paid in another currency than
// the payer pays in. It holds for every capture and refund of the payment.
type Conversion struct {
	To     money.Currency `json:"to"`
	Value  int64          `json:"value"`
	Scale  int            `json:"scale"`
	Source string         `json:"source"`
	Quote  id.Quote       `json:"quote,omitempty"`
}

// conversion finds the rate that o asks for; nil if the merchant is paid in what the
// payer pays in. Errors: fault.ErrInvalid with fields, fx.ErrRateMissing,
// fx.ErrQuoteUsed, fx.ErrQuoteExpired.
func (d *Desk) conversion(ctx context.Context, o Order, amount money.Amount) (*Conversion, error) {
	switch {
	case o.Use != nil && (o.Quote != "" || o.SettlementCurrency != ""):
		return nil, fault.ErrInvalid.WithField("/settlement_currency", "not_payers_to_say", "What a merchant is paid in is the merchant's to say. Leave settlement_currency and quote out.")
	case o.Quote != "":
		return d.quoted(ctx, o, amount)
	case o.SettlementCurrency == "":
		return nil, nil
	}
	to, err := fx.Settles(amount.Currency, o.SettlementCurrency)
	if err != nil {
		return nil, err
	}
	p, err := d.Exchange.Current(ctx, o.Live, amount.Currency, to)
	if err != nil {
		return nil, err
	}
	_, err = fx.Worth(p.Rate, amount.Minor)
	return &Conversion{To: to, Value: p.Value, Scale: p.Scale, Source: p.Source}, err
}

// quoted is the conversion of o's quote. Whether the quote may still serve is decided
// in the payment's commit.
func (d *Desk) quoted(ctx context.Context, o Order, amount money.Amount) (*Conversion, error) {
	q, err := d.Exchange.Get(ctx, o.Merchant, o.Live, o.Quote)
	if f := fault.Of(err); f != nil && f.Kind == fault.NotFound {
		return nil, fault.ErrInvalid.WithField("/quote", "not_found", "There is no such quote. Make one with POST /v1/quotes.")
	}
	if err != nil {
		return nil, err
	}
	bad := fault.ErrInvalid
	if q.Amount.Minor != amount.Minor {
		bad = bad.WithField("/amount", "quote_mismatch", "The quote is for another amount.")
	}
	if q.Amount.Currency != amount.Currency {
		bad = bad.WithField("/currency", "quote_mismatch", "The quote is for another currency.")
	}
	if o.SettlementCurrency != "" && money.Currency(o.SettlementCurrency) != q.Worth.Currency {
		bad = bad.WithField("/settlement_currency", "quote_mismatch", "The quote is for another settlement currency. Leave it out.")
	}
	if len(bad.Fields) > 0 {
		return nil, bad
	}
	return &Conversion{To: q.Worth.Currency, Value: q.Rate.Value, Scale: q.Rate.Scale, Source: q.Source, Quote: q.ID}, nil
}

// useQuote lets the payment's quote, if it has one, serve it.
func (p *Payment) useQuote(tx *db.Tx, now time.Time, origin event.Origin) error {
	if c := p.Details.Conversion; c != nil && c.Quote != "" {
		return fx.Use(tx, now, c.Quote, p.ID, origin)
	}
	return nil
}

// freeQuote gives the quote of a declined payment back.
func (p *Payment) freeQuote(tx *db.Tx, now time.Time, origin event.Origin) {
	if c := p.Details.Conversion; c != nil && c.Quote != "" {
		fx.Free(tx, now, c.Quote, p.ID, origin)
	}
}

func (p *Payment) rate() money.Rate {
	c := p.Details.Conversion
	return money.Rate{From: p.Amount.Currency, To: c.To, Value: c.Value, Scale: c.Scale}
}

func (p *Payment) converted() bool { return p.Details.Conversion != nil }

// Settles is the currency that the payee is paid in.
func (p *Payment) Settles() money.Currency {
	if p.converted() {
		return p.Details.Conversion.To
	}
	return p.Amount.Currency
}

// worth is what n minor units of the payment's currency are in all to the payee. Parts
// are differences of it, so that each rounding is that of the sum.
func (p *Payment) worth(n int64) (money.Amount, error) {
	if !p.converted() {
		return p.money(n), nil
	}
	return p.rate().Convert(n)
}

// settled gives n minor units in the currency that the payee is paid in.
func (p *Payment) settled(n int64) money.Amount { return money.New(n, p.Settles()) }

// Share is what giving n more minor units back takes from the payee: over the sum of
// what went back, so that all of it takes what the payee got. It is never negative.
func (p *Payment) Share(n int64) (money.Amount, error) {
	if !p.converted() {
		return p.money(n), nil
	}
	total, err := p.worth(p.Refunded + p.Refunding + p.Reversed + n)
	return p.settled(max(total.Minor-p.Returned, 0)), err
}

// exchange is the platform's account where a currency is taken or given for another.
func (p *Payment) exchange(c money.Currency) ledger.Name {
	return ledger.PlatformName(ledger.Exchange, c, p.Live)
}

// till is the account that the payer's money reaches.
func (p *Payment) till() ledger.Name {
	if p.converted() {
		return p.exchange(p.Amount.Currency)
	}
	return p.payee()
}

// receive makes the move by which minor units arrive, exchanges them, and takes the fee;
// more are steps that go with it.
func (p *Payment) receive(tx *db.Tx, now time.Time, move ledger.Step, minor, fee int64, more ...ledger.Step) error {
	steps := []ledger.Step{move}
	var gain int64
	if p.converted() {
		before, _ := p.worth(p.Captured) // it was counted before
		after, err := p.worth(p.Captured + minor)
		if err != nil {
			return err
		}
		if gain = after.Minor - before.Minor; gain > 0 {
			steps = append(steps, ledger.MovePost(p.exchange(p.Settles()), p.payee(), p.settled(gain), string(p.ID)))
		}
	}
	if fee > 0 {
		steps = append(steps, ledger.MovePost(p.payee(), p.settledPlatform(ledger.Fees), p.settled(fee), string(p.ID)))
	}
	if _, err := ledger.Apply(tx, now, append(steps, more...)...); err != nil {
		return err
	}
	return p.round(tx, now, minor, gain, string(p.ID))
}

// room reports money.ErrOverflow if the accounts of the exchange could not take minor
// units more: no hold sets anything aside there.
func (p *Payment) room(tx *db.Tx, minor int64) error {
	if !p.converted() {
		return nil
	}
	worth, err := p.worth(minor)
	if err != nil {
		return err
	}
	if err := ledger.Room(tx, p.exchange(p.Settles()), -worth.Minor); err != nil {
		return err
	}
	return ledger.Room(tx, p.payee(), worth.Minor)
}

// round accounts for what converting minor units to settled ones has left, exactly; both
// are negative where money goes back. Whole minor units of it are posted.
func (p *Payment) round(tx *db.Tx, now time.Time, minor, settled int64, cause string) error {
	if !p.converted() {
		return nil
	}
	whole := fx.Carry(tx, p.Settles(), p.Live, p.rate().Residue(minor, settled))
	from, to := p.exchange(p.Settles()), p.settledPlatform(ledger.Rounding)
	if whole < 0 {
		from, to, whole = to, from, -whole
	}
	if whole == 0 {
		return nil
	}
	_, err := ledger.Apply(tx, now, ledger.MovePost(from, to, p.settled(whole), cause))
	return err
}

// back are the steps by which minor units reach to, an account in the payment's currency,
// once the payee's share of them stands on from.
func (p *Payment) back(from, to ledger.Name, minor, share int64, cause string) []ledger.Step {
	if !p.converted() {
		return []ledger.Step{ledger.MovePost(from, to, p.money(minor), cause)}
	}
	var steps []ledger.Step
	if own := p.exchange(p.Settles()); share > 0 && from != own {
		steps = append(steps, ledger.MovePost(from, own, p.settled(share), cause))
	}
	return append(steps, ledger.MovePost(p.exchange(p.Amount.Currency), to, p.money(minor), cause))
}

// Reverse gives minor units of a payment back to the rail, for a dispute that is lost:
// from is where the payee's share stands. Lock the payment and [Payment.ReverseLocks].
func Reverse(tx *db.Tx, now time.Time, key id.Payment, from ledger.Name, minor, share int64, cause string) error {
	p, found := payments.Get(tx, string(key))
	if !found {
		return fault.ErrNotFound
	}
	steps := p.back(from, p.platform(ledger.AcquirerReceivable), minor, share, cause)
	if _, err := ledger.Apply(tx, now, steps...); err != nil {
		return err
	}
	if err := p.round(tx, now, -minor, -share, cause); err != nil {
		return err
	}
	p.Reversed += minor
	p.returned(share)
	payments.Update(tx, p)
	return nil
}

// ReverseLocks are the rows that [Reverse] decides on, but for the payment's own.
func (p *Payment) ReverseLocks() []db.Lock {
	return append(p.conversionLocks(), ledger.Locks(p.platform(ledger.AcquirerReceivable))...)
}

// conversionLocks are the rows that any step of a converted payment may touch beside
// those of every payment.
func (p *Payment) conversionLocks() []db.Lock {
	if !p.converted() {
		return nil
	}
	locks := ledger.Locks(p.exchange(p.Amount.Currency), p.exchange(p.Settles()), p.settledPlatform(ledger.Rounding))
	locks = append(locks, fx.ResidueLock(p.Settles(), p.Live))
	if quote := p.Details.Conversion.Quote; quote != "" {
		locks = append(locks, fx.QuoteLock(quote))
	}
	return locks
}

// settledPlatform is one of the platform's accounts in the payee's currency.
func (p *Payment) settledPlatform(purpose ledger.Purpose) ledger.Name {
	return ledger.PlatformName(purpose, p.Settles(), p.Live)
}
