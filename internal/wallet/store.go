package wallet

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

var wallets = db.NewTable("wallet", func(w *Wallet, f *db.Fields) {
	db.Text(f, "id", &w.ID)
	db.Text(f, "payer", &w.Payer)
	db.Text(f, "merchant", &w.Merchant)
	db.Bool(f, "live", &w.Live)
	db.Text(f, "currency", &w.Currency)
	db.Time(f, "created_at", &w.CreatedAt)
	f.Mutable()
	db.Int(f, "payment_max_minor", &w.Limits.PerPayment)
	db.Int(f, "day_max_minor", &w.Limits.PerDay)
	db.Text(f, "day_on", &w.DayOn)
	db.Int(f, "day_spent_minor", &w.DaySpent)
})

// Lock is the wallet's row.
func Lock(w id.Wallet) db.Lock { return wallets.Lock(string(w)) }

// Get reads a wallet of one of merchant's payers. Error: fault.ErrNotFound, also
// for another merchant's.
func (d *Desk) Get(ctx context.Context, merchant id.Merchant, live bool, w id.Wallet) (Wallet, error) {
	if !id.Valid(w) {
		return Wallet{}, fault.ErrNotFound
	}
	row, found, err := wallets.First(ctx, d.db, "where id = $1 and merchant = $2 and live = $3", string(w), string(merchant), live)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return row, err
}

// List reads the wallets of merchant's payers, newest first; of one payer if it is named.
func (d *Desk) List(ctx context.Context, merchant id.Merchant, live bool, payer id.Payer, p Page) ([]Wallet, bool, error) {
	if c := p.Cursor(); c != "" { // a list starts from its own objects only
		if _, err := d.Get(ctx, merchant, live, id.Wallet(c)); err != nil {
			return nil, false, err
		}
	}
	if payer != "" {
		return wallets.Page(ctx, d.db, p, "payer = $1 and merchant = $2 and live = $3", string(payer), string(merchant), live)
	}
	return wallets.Page(ctx, d.db, p, "merchant = $1 and live = $2", string(merchant), live)
}

// Page says which part of a list to read.
type Page = db.Page
