package merchant

import (
	"context"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Room keeps the merchants of one database.
type Room struct {
	db    *db.DB
	clock clock.Clock
	known *cache
}

// New opens the room.
func New(d *db.DB, c clock.Clock) *Room { return &Room{db: d, clock: c, known: newCache()} }

// Get reads a merchant as it was at most 5 seconds ago, mostly from memory.
// Error: fault.ErrNotFound.
func (r *Room) Get(ctx context.Context, key id.Merchant) (Merchant, error) {
	if !id.Valid(key) { // nor may odd bytes reach the database
		return Merchant{}, fault.ErrNotFound
	}
	now := r.clock.Now()
	if e := r.known.get(key, now); e != nil {
		return e.merchant, nil
	}
	mark := r.known.mark()
	m, found, err := r.byID(ctx, key)
	if err != nil {
		return Merchant{}, err
	}
	if !found {
		return Merchant{}, fault.ErrNotFound
	}
	r.known.put(&entry{merchant: m, readAt: now}, mark)
	return m, nil
}
