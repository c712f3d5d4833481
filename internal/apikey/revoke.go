package apikey

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
)

// Revoke ends a key, on this node at once, on others within 5 seconds. Revoking
// it again changes nothing. Error: fault.ErrNotFound.
func (r *Room) Revoke(ctx context.Context, merchant id.Merchant, live bool, key id.APIKey, origin event.Origin) (Key, error) {
	now := r.clock.Now()
	var k Key
	err := r.change(ctx, merchant, live, key, nil, func(tx *db.Tx, was row) error {
		if was.RevokedAt.IsZero() {
			was.RevokedAt = now
			record(tx, "api_key.revoked", &was.Key, origin, now)
			rows.Update(tx, was)
		}
		k = was.Key
		return nil
	})
	if err != nil {
		return Key{}, err
	}
	return k, nil
}
