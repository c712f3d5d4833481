package fx

import (
	"context"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/money"
)

// QuoteFor is how long a quote holds, if its rate does.
const QuoteFor = 15 * time.Minute

// Refusals of quotes.
var (
	ErrQuoteUsed    = fault.New(fault.Conflict, "quote_used", "The quote has served a payment. Make another with POST /v1/quotes.")
	ErrQuoteExpired = fault.New(fault.Conflict, "quote_expired", "The quote has ended. Make another with POST /v1/quotes.")
)

// Quote holds a rate for one payment.
type Quote struct {
	ID        id.Quote
	Merchant  id.Merchant
	Live      bool
	Amount    money.Amount // what the payer pays
	Worth     money.Amount // what it is worth to the merchant
	Rate      money.Rate
	Source    string
	CreatedAt time.Time
	ExpiresAt time.Time

	Payment  id.Payment // that it served; "" for none
	Sequence int64      // of the last event about it
}

// Draft is a quote to be.
type Draft struct {
	Merchant id.Merchant
	Live     bool
	Amount   int64 // minor units of Currency
	Currency string
	To       string
	Once     *idempotency.Key
	Origin   event.Origin
}

// Create makes a quote of the current rate. Errors: fault.ErrInvalid with fields,
// ErrRateMissing, those of idempotency.
func (r *Room) Create(ctx context.Context, d Draft) (Quote, error) {
	from, err := money.ParseCurrency(d.Currency)
	if err != nil {
		return Quote{}, unknownCurrency("/currency")
	}
	to, err := Settles(from, d.To)
	if err != nil {
		return Quote{}, err
	}
	p, err := r.Current(ctx, d.Live, from, to)
	if err != nil {
		return Quote{}, err
	}
	worth, err := Worth(p.Rate, d.Amount)
	if err != nil {
		return Quote{}, err
	}
	now := r.clock.Now()
	q := Quote{
		ID: id.New[id.Quote](now), Merchant: d.Merchant, Live: d.Live, Amount: money.New(d.Amount, from), Worth: worth,
		Rate: p.Rate, Source: p.Source, CreatedAt: now, ExpiresAt: now.Add(QuoteFor),
	}
	if !p.ExpiresAt.IsZero() && p.ExpiresAt.Before(q.ExpiresAt) {
		q.ExpiresAt = p.ExpiresAt
	}
	err = r.db.Write(ctx, append(d.Once.Locks(), event.Lock(), QuoteLock(q.ID)), func(tx *db.Tx) error {
		if err := d.Once.Check(tx); err != nil {
			return err
		}
		q.Sequence = tell(tx, "quote.created", q, d.Origin, now)
		quotes.Insert(tx, q)
		d.Once.Finish(tx, q.Sequence, now)
		return nil
	})
	return q, err
}

// Settles reads the currency that a payment in from is to be settled in. Error:
// fault.ErrInvalid with the field.
func Settles(from money.Currency, to string) (money.Currency, error) {
	c, err := money.ParseCurrency(to)
	switch {
	case err != nil:
		return "", unknownCurrency("/settlement_currency")
	case c == from:
		return "", fault.ErrInvalid.WithField("/settlement_currency", "currency_mismatch", "It is the currency already: leave it out.")
	}
	return c, nil
}

func unknownCurrency(pointer string) error {
	return fault.ErrInvalid.WithField(pointer, money.ErrCurrencyUnknown.Code, "Send an active ISO 4217 code, such as USD.")
}

// Worth is what minor units of a rate's first currency are worth, if they are worth
// anything that can be counted. Errors: fault.ErrInvalid with the field.
func Worth(r money.Rate, minor int64) (money.Amount, error) {
	worth, err := r.Convert(minor)
	switch {
	case err != nil || worth.Minor > money.MaxMinor:
		return worth, fault.ErrInvalid.WithField("/amount", "too_large", "It is worth more in the other currency than can be counted. Send a smaller amount.")
	case worth.Minor == 0:
		return worth, fault.ErrInvalid.WithField("/amount", "too_small", "It is worth less than half a minor unit of the other currency. Send a larger amount.")
	}
	return worth, nil
}

// Get reads a merchant's quote. Error: fault.ErrNotFound, also for another merchant's.
func (r *Room) Get(ctx context.Context, merchant id.Merchant, live bool, key id.Quote) (Quote, error) {
	if !id.Valid(key) {
		return Quote{}, fault.ErrNotFound
	}
	q, found, err := quotes.First(ctx, r.db, "where id = $1 and merchant = $2 and live = $3", string(key), string(merchant), live)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return q, err
}

// Read is [Room.Get] with the room's time, for its status.
func (r *Room) Read(ctx context.Context, merchant id.Merchant, live bool, key id.Quote) (*florinv1.Quote, error) {
	q, err := r.Get(ctx, merchant, live, key)
	if err != nil {
		return nil, err
	}
	return View(q, r.clock.Now()), nil
}

// QuoteLock is a quote's row.
func QuoteLock(key id.Quote) db.Lock { return quotes.Lock(string(key)) }

// tell writes what happened to q into the log.
func tell(tx *db.Tx, kind string, q Quote, origin event.Origin, now time.Time) int64 {
	return event.Append(tx, event.Fact{
		Merchant: q.Merchant, Live: q.Live, Type: kind, Object: string(q.ID), Origin: origin, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Quote{Quote: View(q, now)}},
	})
}

// Use lets a quote serve a payment, in the payment's own commit. Name [QuoteLock] and
// [event.Lock] in that write. Errors: ErrQuoteUsed, ErrQuoteExpired.
func Use(tx *db.Tx, now time.Time, key id.Quote, payment id.Payment, origin event.Origin) error {
	q, found := quotes.Get(tx, string(key))
	switch {
	case !found:
		return fault.ErrNotFound
	case q.Payment != "":
		return ErrQuoteUsed
	case !now.Before(q.ExpiresAt):
		return ErrQuoteExpired
	}
	q.Payment = payment
	q.Sequence = tell(tx, "quote.used", q, origin, now)
	quotes.Update(tx, q)
	return nil
}

// Free gives a quote back whose payment was declined: it may serve another one until
// it ends. Name [QuoteLock] and [event.Lock] in that write.
func Free(tx *db.Tx, now time.Time, key id.Quote, payment id.Payment, origin event.Origin) {
	if q, found := quotes.Get(tx, string(key)); found && q.Payment == payment {
		q.Payment = ""
		q.Sequence = tell(tx, "quote.freed", q, origin, now)
		quotes.Update(tx, q)
	}
}
