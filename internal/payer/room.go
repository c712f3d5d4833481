package payer

import (
	"context"
	"time"

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

// Filter says which payers to list: those that hold all of what is set.
type Filter struct {
	Page             db.Page
	Reference, Email string
	Metadata         map[string]string // every pair
	From, To         time.Time         // created between, both included
}

// List reads a merchant's payers, newest first. next is the id to go on from in the
// direction of reading, "" if nothing is left. Error: fault.ErrNotFound if there is no
// such payer as the page starts from.
func (r *Room) List(ctx context.Context, merchant id.Merchant, live bool, f Filter) (list []Payer, next string, err error) {
	if cursor := f.Page.Cursor(); cursor != "" { // a list starts from its own objects only
		if _, err := r.Get(ctx, merchant, live, id.Payer(cursor)); err != nil {
			return nil, "", err
		}
	}
	return r.search(ctx, merchant, live, f)
}
