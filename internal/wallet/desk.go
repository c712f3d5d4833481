package wallet

import (
	"context"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payer"
)

// Desk opens wallets and moves money between them.
type Desk struct {
	db     *db.DB
	clock  clock.Clock
	book   *ledger.Book
	payers *payer.Room
}

// NewDesk opens the desk.
func NewDesk(d *db.DB, c clock.Clock, payers *payer.Room) *Desk {
	return &Desk{d, c, ledger.NewBook(d), payers}
}

// Draft is a wallet to be.
type Draft struct {
	Merchant id.Merchant
	Live     bool
	Payer    id.Payer
	Currency string
	Limits   Limits
	Funds    int64 // minor units to begin with, from the platform's clearing account; sandbox only
	Once     *idempotency.Key
	Origin   event.Origin
}

// Create opens a wallet for one of the merchant's payers. Errors: fault.ErrInvalid
// with fields; those of idempotency.
func (d *Desk) Create(ctx context.Context, draft Draft) (Wallet, error) {
	currency, err := money.ParseCurrency(draft.Currency)
	if err != nil {
		return Wallet{}, fault.ErrInvalid.WithField("/currency", "currency_unknown", "Send an active ISO 4217 code, such as USD.")
	}
	if _, err := d.payers.Get(ctx, draft.Merchant, draft.Live, draft.Payer); err != nil {
		return Wallet{}, missingField(err, "/payer", "There is no such payer. Create one with POST /v1/payers.")
	}
	now := d.clock.Now()
	w := Wallet{
		ID: id.New[id.Wallet](now), Payer: draft.Payer, Merchant: draft.Merchant, Live: draft.Live,
		Currency: currency, CreatedAt: now, Limits: draft.Limits,
	}
	locks := append(draft.Once.Locks(), event.Lock())
	clearing := ledger.PlatformName(ledger.Clearing, currency, w.Live)
	locks = append(locks, ledger.Locks(w.Account(), clearing)...)
	err = d.db.Write(ctx, locks, func(tx *db.Tx) error {
		if err := draft.Once.Check(tx); err != nil {
			return err
		}
		if err := w.open(tx, draft.Funds, clearing, now); err != nil {
			return err
		}
		a, _ := ledger.Read(tx, w.Account())
		draft.Once.Finish(tx, w.tell(tx, "wallet.created", a, draft.Origin, now), now)
		wallets.Insert(tx, w)
		return nil
	})
	return w, err
}

// open opens the wallet's account, with sandbox money in it if funds says so.
func (w Wallet) open(tx *db.Tx, funds int64, clearing ledger.Name, now time.Time) error {
	if err := ledger.Open(tx, now, w.Account(), ledger.Limits{Floored: true}); err != nil {
		return err
	}
	if funds == 0 || w.Live {
		return nil
	}
	_, err := ledger.Apply(tx, now, ledger.MovePost(clearing, w.Account(), money.New(funds, w.Currency), string(w.ID)))
	return err
}

// missingField turns "not found" into a bad field of the request.
func missingField(err error, pointer, detail string) error {
	if f := fault.Of(err); f.Kind == fault.NotFound {
		return fault.ErrInvalid.WithField(pointer, "not_found", detail)
	}
	return err
}

// tell writes what happened to w, whose account is a, into the log. It comes before w is
// stored, which keeps the number that it gives.
func (w *Wallet) tell(tx *db.Tx, kind string, a ledger.Account, origin event.Origin, now time.Time) int64 {
	w.Sequence = event.Append(tx, event.Fact{
		Merchant: w.Merchant, Live: w.Live, Type: kind, Object: string(w.ID), Origin: origin, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Wallet{Wallet: View(*w, a, now)}},
	})
	return w.Sequence
}

// Funded tells that a payment from a card has filled a wallet, in that payment's own
// commit. Name [Lock] and the account's in that write.
func Funded(tx *db.Tx, key id.Wallet, origin event.Origin, now time.Time) {
	if w, found := wallets.Get(tx, string(key)); found {
		a, _ := ledger.Read(tx, w.Account())
		w.tell(tx, "wallet.funded", a, origin, now)
		wallets.Update(tx, w)
	}
}

// Change is new limits for a wallet; nil leaves one as it is.
type Change struct {
	PerPayment, PerDay *int64
	Once               *idempotency.Key
	Origin             event.Origin
}

// Limit changes a wallet's limits. Errors: fault.ErrNotFound; those of idempotency.
func (d *Desk) Limit(ctx context.Context, merchant id.Merchant, live bool, key id.Wallet, c Change) (Wallet, error) {
	w, err := d.Get(ctx, merchant, live, key)
	if err != nil {
		return w, err
	}
	now := d.clock.Now()
	locks := append(c.Once.Locks(), event.Lock(), Lock(key))
	locks = append(locks, ledger.Locks(w.Account())...)
	err = d.db.Write(ctx, locks, func(tx *db.Tx) error {
		if err := c.Once.Check(tx); err != nil {
			return err
		}
		w, _ = wallets.Get(tx, string(key))
		if c.PerPayment != nil {
			w.Limits.PerPayment = *c.PerPayment
		}
		if c.PerDay != nil {
			w.Limits.PerDay = *c.PerDay
		}
		a, _ := ledger.Read(tx, w.Account())
		c.Once.Finish(tx, w.tell(tx, "wallet.limited", a, c.Origin, now), now)
		wallets.Update(tx, w)
		return nil
	})
	return w, err
}

// Spend counts amount against the limits of a wallet of merchant's and lets move
// move the money; a refusal of either leaves both undone. The wallet's row must be
// locked. Errors: fault.ErrNotFound, ErrCurrency, ErrPaymentLimit, ErrDayLimit, and
// what move returns.
func Spend(tx *db.Tx, now time.Time, merchant id.Merchant, live bool, key id.Wallet, amount money.Amount, move func() error) error {
	w, found := wallets.Get(tx, string(key))
	if !found || w.Merchant != merchant || w.Live != live {
		return fault.ErrNotFound
	}
	if w.Currency != amount.Currency {
		return ErrCurrency.With("The wallet holds %s, not %s.", w.Currency, amount.Currency)
	}
	was := w
	if err := w.spend(now, amount); err != nil {
		return err
	}
	if err := move(); err != nil {
		return err
	}
	if w != was {
		wallets.Update(tx, w)
	}
	return nil
}
