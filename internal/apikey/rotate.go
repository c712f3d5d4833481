package apikey

import (
	"context"
	"fmt"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
)

// Rotate gives a key a successor with the same name, scopes and limits, whose
// secret is to be shown once. The old key works on for overlap, or less if it
// was to expire earlier. The caller must have checked that the key's scopes are
// within those of the key that asks: the answer lets it do all that they allow.
// Errors: fault.ErrInvalid for an overlap outside 0..[OverlapMax],
// fault.ErrNotFound, ErrEnded, ErrRotated.
func (r *Room) Rotate(ctx context.Context, merchant id.Merchant, live bool, key id.APIKey, overlap time.Duration, origin event.Origin) (k Key, secret string, err error) {
	if overlap < 0 || overlap > OverlapMax {
		return Key{}, "", invalid(nil, "/overlap_seconds", "out_of_range", fmt.Sprintf("Send 0 to %d seconds.", int(OverlapMax.Seconds())))
	}
	now := r.clock.Now()
	secret = NewSecret(live)
	fresh := Key{ID: id.New[id.APIKey](now), Prefix: prefixOf(secret), CreatedAt: now}
	err = r.change(ctx, merchant, live, key, func(tx *db.Tx, was row) error {
		old, successor, err := was.rotated(fresh, overlap, now)
		if err != nil {
			return err
		}
		k, was.Key = successor, old
		rows.Update(tx, was)
		insert(tx, k, secret)
		record(tx, "api_key.created", k, origin, now)
		record(tx, "api_key.rotated", old, origin, now)
		return nil
	})
	if err != nil {
		return Key{}, "", err
	}
	return k, secret, nil
}
