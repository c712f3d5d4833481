package dispute

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

var disputes = db.NewTable("dispute", func(x *Dispute, f *db.Fields) {
	db.Text(f, "id", &x.ID)
	db.Text(f, "payment", &x.Payment)
	db.Text(f, "merchant", &x.Merchant)
	db.Bool(f, "live", &x.Live)
	db.Text(f, "currency", &x.Amount.Currency)
	db.Int(f, "amount_minor", &x.Amount.Minor)
	db.Text(f, "reason", &x.Reason)
	db.Time(f, "created_at", &x.CreatedAt)
	db.Text(f, "hold", &x.Hold)
	f.Mutable()
	db.Text(f, "stage", &x.Stage)
	db.Text(f, "state", &x.State)
	db.Text(f, "evidence", &x.Evidence)
	db.Time(f, "respond_by", &x.RespondBy)
})

// Get reads a merchant's dispute. Error: fault.ErrNotFound, also for another merchant's.
func (d *Desk) Get(ctx context.Context, merchant id.Merchant, live bool, key id.Dispute) (Dispute, error) {
	x, err := d.byID(ctx, key)
	if err == nil && (x.Merchant != merchant || x.Live != live) {
		return Dispute{}, fault.ErrNotFound
	}
	return x, err
}

// List reads a merchant's disputes, newest first. Error:
// fault.ErrNotFound if there is no such object as the page starts from.
func (d *Desk) List(ctx context.Context, merchant id.Merchant, live bool, p Page) ([]Dispute, bool, error) {
	if c := p.Cursor(); c != "" { // a list starts from its own objects only
		if _, err := d.Get(ctx, merchant, live, id.Dispute(c)); err != nil {
			return nil, false, err
		}
	}
	return disputes.Page(ctx, d.db, p, "merchant = $1 and live = $2", string(merchant), live)
}

func (d *Desk) byID(ctx context.Context, key id.Dispute) (Dispute, error) {
	if !id.Valid(key) {
		return Dispute{}, fault.ErrNotFound
	}
	x, found, err := disputes.First(ctx, d.db, "where id = $1", string(key))
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return x, err
}

// Page says which part of a list to read.
type Page = db.Page

// opened reports whether the payment has been disputed.
func (d *Desk) opened(ctx context.Context, of id.Payment) (bool, error) {
	_, found, err := disputes.First(ctx, d.db, "where payment = $1", string(of))
	return found, err
}
