package apikey

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

const (
	knownMax   = 10_000
	knownFor   = 5 * time.Second // how long another node's revocation may go unnoticed
	unknownMax = 10_000
	unknownFor = time.Second
)

// Room keeps the keys of one database.
type Room struct {
	db      *db.DB
	clock   clock.Clock
	known   *cache // keys by hash, also ended ones
	unknown *cache // hashes of no key
	uses    *uses
	pepper  Pepper // nil: no secret can be shown again
}

// New opens the room. Let its [Room.Run] run beside it.
func New(d *db.DB, c clock.Clock) *Room {
	return &Room{
		db: d, clock: c,
		known:   newCache(knownMax, knownFor),
		unknown: newCache(unknownMax, unknownFor),
		uses:    newUses(),
	}
}

// Get reads a merchant's key. Error: fault.ErrNotFound, also for another merchant's.
func (r *Room) Get(ctx context.Context, merchant id.Merchant, live bool, key id.APIKey) (Key, error) {
	if !id.Valid(key) { // nor may odd bytes reach the database
		return Key{}, fault.ErrNotFound
	}
	k, found, err := r.find(ctx, merchant, live, key)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return k.Key, err
}

// Page says which part of a list to read: at most Limit keys after or before the
// one named. At most one of After and Before is set.
type Page struct {
	Limit         int
	After, Before id.APIKey
	To            time.Time // keys made until then, and maybe some made right after
}

// List reads a merchant's keys, newest first, and reports whether there are more.
// Error: fault.ErrNotFound if there is no such key as the page names.
func (r *Room) List(ctx context.Context, merchant id.Merchant, live bool, p Page) ([]Key, bool, error) {
	if cursor := p.After + p.Before; cursor != "" {
		if _, err := r.Get(ctx, merchant, live, cursor); err != nil {
			return nil, false, err
		}
	}
	return r.between(ctx, merchant, live, p)
}

// change runs fn on the merchant's key and forgets what memory had of it, also
// when the write failed: it may have been stored after all. more is what fn decides on
// beside the key.
func (r *Room) change(ctx context.Context, merchant id.Merchant, live bool, key id.APIKey, more []db.Lock, fn func(*db.Tx, row) error) error {
	if !id.Valid(key) {
		return fault.ErrNotFound
	}
	var stale hash
	err := r.db.Write(ctx, append(more, lock(key), event.Lock()), func(tx *db.Tx) error {
		was, found := owned(tx, merchant, live, key)
		if !found {
			return fault.ErrNotFound
		}
		if _, err := hex.Decode(stale[:], []byte(was.hash)); err != nil {
			return fmt.Errorf("apikey: stored hash of %s: %w", key, err)
		}
		return fn(tx, was)
	})
	r.known.forget(stale)
	return err
}
