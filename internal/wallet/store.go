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
	db.Int(f, "sequence", &w.Sequence)
})

// Lock is the wallet's row.
func Lock(w id.Wallet) db.Lock { return wallets.Lock(string(w)) }

// PayerOf is whose wallet it is, in a write that has locked it; "" if there is none.
func PayerOf(tx *db.Tx, w id.Wallet) id.Payer {
	row, _ := wallets.Get(tx, string(w))
	return row.Payer
}

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

// List reads the wallets of merchant's payers, newest first. next is the id to go on
// from in the direction of reading, "" if nothing is left. Error: fault.ErrNotFound if
// there is no such object as the page starts from.
func (d *Desk) List(ctx context.Context, merchant id.Merchant, live bool, f Filter) (list []Wallet, next string, err error) {
	if c := f.Page.Cursor(); c != "" { // a list starts from its own objects only
		if _, err := d.Get(ctx, merchant, live, id.Wallet(c)); err != nil {
			return nil, "", err
		}
	}
	s := db.Search[Wallet, string]{Limit: f.Page.Limit, Key: func(w *Wallet) string { return string(w.ID) }}
	s.Ways = []db.Way{{Table: "wallet", Key: "id", Where: owned, Each: [][]any{{string(merchant), live}}}}
	if f.Payer != "" {
		s.Ways = []db.Way{{Table: "wallet", Key: "id", Where: "payer = $1", Each: [][]any{{string(f.Payer)}}}}
	}
	s.Check = owned + " and ($3 = '' or payer = $3) and ($4 = '' or currency = $4)"
	s.Args = []any{string(merchant), live, string(f.Payer), f.Currency}
	s.Picky = f.Payer != "" || f.Currency != ""
	s.Start(f.Page.After, f.Page.Before)
	return db.Walk(ctx, d.db, wallets, s)
}

// owned is what every row of a merchant's list holds.
const owned = "merchant = $1 and live = $2"

// Some reads those of a merchant's wallets that are named, in no order.
func (d *Desk) Some(ctx context.Context, merchant id.Merchant, live bool, keys []string) ([]Wallet, error) {
	return wallets.Among(ctx, d.db, keys, owned, string(merchant), live)
}

// Filter says which wallets to list: those that hold all of what is set.
type Filter struct {
	Page     db.Page
	Payer    id.Payer
	Currency string
}
