package payer

import (
	"context"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Room keeps the payers of one database.
type Room struct {
	db    *db.DB
	clock clock.Clock
}

// New opens the room.
func New(d *db.DB, c clock.Clock) *Room { return &Room{d, c} }

// Get reads a merchant's payer. Error: fault.ErrNotFound, also for another merchant's.
func (r *Room) Get(ctx context.Context, merchant id.Merchant, live bool, payer id.Payer) (Payer, error) {
	if !id.Valid(payer) { // nor may odd bytes reach the database
		return Payer{}, fault.ErrNotFound
	}
	p, found, err := r.byID(ctx, merchant, live, payer)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return p, err
}

// Page says which part of a list to read: at most Limit payers after or before
// the one named. At most one of After and Before is set.
type Page struct {
	Limit         int
	After, Before id.Payer
}

// List reads a merchant's payers, newest first, and reports whether there are more.
// Error: fault.ErrNotFound if there is no such payer as the page names.
func (r *Room) List(ctx context.Context, merchant id.Merchant, live bool, p Page) ([]Payer, bool, error) {
	if cursor := p.After + p.Before; cursor != "" {
		if _, err := r.Get(ctx, merchant, live, cursor); err != nil {
			return nil, false, err
		}
	}
	return r.between(ctx, merchant, live, p)
}
