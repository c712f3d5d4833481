package apikey

import (
	"context"
	"fmt"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
)

// Rotation is a key that is to get a successor.
type Rotation struct {
	Merchant id.Merchant
	Live     bool
	Key      id.APIKey
	Overlap  time.Duration // that the old key works on, or less if it was to expire earlier
	Maker    Maker
	Origin   event.Origin
}

// Rotate gives a key a successor with the same name, scopes and limits, whose
// secret is to be shown once. The caller must have checked that the key's scopes are
// within those of the key that asks: the answer lets it do all that they allow.
// Errors: fault.ErrInvalid for an overlap outside 0..[OverlapMax],
// fault.ErrNotFound, ErrEnded, ErrRotated, those of Maker.Once.Check.
func (r *Room) Rotate(ctx context.Context, t Rotation) (k Key, secret string, err error) {
	if t.Overlap < 0 || t.Overlap > OverlapMax {
		return Key{}, "", invalid(nil, "/overlap_seconds", "out_of_range", fmt.Sprintf("Send 0 to %d seconds.", int(OverlapMax.Seconds())))
	}
	now, once := r.clock.Now(), t.Maker.Once
	fresh := Key{ID: id.New[id.APIKey](now), Merchant: t.Merchant, Live: t.Live, CreatedAt: now}
	secret = r.secretOf(t.Maker, fresh)
	fresh.Prefix = prefixOf(secret)
	err = r.change(ctx, t.Merchant, t.Live, t.Key, once.Locks(), func(tx *db.Tx, was row) error {
		if err := once.Check(tx); err != nil {
			return err
		}
		old, successor, err := was.rotated(fresh, t.Overlap, now)
		if err != nil {
			return err
		}
		k, was.Key = successor, old
		once.Finish(tx, record(tx, "api_key.created", &k, t.Origin, now), now)
		record(tx, "api_key.rotated", &was.Key, t.Origin, now)
		rows.Update(tx, was)
		insert(tx, k, secret)
		return nil
	})
	if err != nil {
		return Key{}, "", err
	}
	return k, secret, nil
}
