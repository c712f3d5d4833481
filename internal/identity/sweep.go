package identity

import (
	"context"
	"errors"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

const (
	sweepEvery  = 10 * time.Minute
	sweepMax    = 500                 // rows in one write, so that payments do not wait behind it
	sessionKept = 90 * 24 * time.Hour // after it began: three times as long as it can live
)

// Sweep deletes challenges and claims whose time is over, and sessions of three months
// ago. What cannot be deleted is left for the next time.
func (r *Room) Sweep(ctx context.Context) error {
	now := r.clock.Now()
	old, _ := id.Between[id.Session](now.Add(-sessionKept), time.Time{})
	return errors.Join(
		sweep(ctx, r, staleChallenges, db.Micros(now), challenges),
		sweep(ctx, r, staleClaims, db.Micros(now), claims),
		sweep(ctx, r, staleSessions, string(old), sessions),
	)
}

func sweep[T any](ctx context.Context, r *Room, what string, before any, table *db.Table[T]) error {
	for {
		keys, err := r.stale(ctx, what, before)
		if err != nil || len(keys) == 0 {
			return err
		}
		locks := make([]db.Lock, len(keys))
		for i, key := range keys {
			locks[i] = table.Lock(key)
		}
		err = r.db.Write(ctx, locks, func(tx *db.Tx) error {
			for _, key := range keys {
				if _, there := table.Get(tx, key); there {
					table.Delete(tx, key)
				}
			}
			return nil
		})
		if err != nil || len(keys) < sweepMax {
			return err
		}
	}
}

// Run sweeps every ten minutes until ctx ends. Wait for it before the database is closed.
func (r *Room) Run(ctx context.Context) {
	for r.clock.Sleep(ctx, sweepEvery) == nil {
		_ = r.Sweep(ctx) // left for the next time; db has logged why
	}
}

func isMissing(err error) bool { return errors.Is(err, fault.ErrNotFound) }
