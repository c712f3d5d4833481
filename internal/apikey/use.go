package apikey

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

const (
	flushEvery = time.Minute
	flushMax   = 1000            // keys in one write, so that payments do not wait behind it
	useGrain   = time.Second     // a use is not noted more exactly than this
	useIdle    = 3 * knownFor    // after this no remembered answer can note a use any more
	flushGrace = 5 * time.Second // for the last write of [Room.Run]
)

// uses notes in memory when keys were used: a write for every call would cost
// as much as the payment that it is for.
type uses struct {
	mu    sync.Mutex
	byKey map[id.APIKey]*use
}

// use is when one key was used last.
type use struct {
	at       atomic.Int64 // microseconds since 1970
	flushed  int64        // what the database has; held by uses.mu, as the next
	wantedAt time.Time    // when an answer that notes here was last read
}

func newUses() *uses { return &uses{byKey: map[id.APIKey]*use{}} }

func (u *uses) of(key id.APIKey, now time.Time) *use {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byKey[key] == nil {
		u.byKey[key] = &use{}
	}
	u.byKey[key].wantedAt = now
	return u.byKey[key]
}

func (u *use) note(now time.Time) {
	if at := now.UnixMicro(); at-u.at.Load() >= useGrain.Microseconds() {
		u.at.Store(at)
	}
}

// unflushed is at most limit keys with uses that the database has not. It
// forgets the idle ones.
func (u *uses) unflushed(now time.Time, limit int) map[id.APIKey]int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	found := map[id.APIKey]int64{}
	for key, use := range u.byKey {
		switch at := use.at.Load(); {
		case at == use.flushed:
			if now.Sub(use.wantedAt) > useIdle {
				delete(u.byKey, key)
			}
		case len(found) < limit:
			found[key] = at
		}
	}
	return found
}

func (u *uses) flushed(done map[id.APIKey]int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for key, at := range done {
		if use := u.byKey[key]; use != nil {
			use.flushed = at
		}
	}
}

// Flush stores when keys were used last. What cannot be stored is kept for the next time.
func (r *Room) Flush(ctx context.Context) error {
	for {
		found := r.uses.unflushed(r.clock.Now(), flushMax)
		if len(found) == 0 {
			return nil
		}
		if err := r.storeUses(ctx, found); err != nil {
			return err
		}
		r.uses.flushed(found)
		if len(found) < flushMax {
			return nil
		}
	}
}

func (r *Room) storeUses(ctx context.Context, found map[id.APIKey]int64) error {
	locks := make([]db.Lock, 0, len(found))
	for key := range found {
		locks = append(locks, lock(key))
	}
	return r.db.Write(ctx, locks, func(tx *db.Tx) error {
		for key, at := range found {
			row, there := rows.Get(tx, string(key))
			if there && db.Micros(row.LastUsedAt) < at { // another node may have seen it later
				row.LastUsedAt = db.At(at)
				rows.Update(tx, row)
			}
		}
		return nil
	})
}

// Run flushes about once a minute until ctx ends, and once more then. Wait for
// it before the database is closed. It gives the last flush's error.
func (r *Room) Run(ctx context.Context) error {
	for r.clock.Sleep(ctx, flushEvery) == nil {
		_ = r.Flush(ctx) // kept for the next time; db has logged why
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushGrace)
	defer cancel()
	return r.Flush(last)
}
