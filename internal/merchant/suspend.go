package merchant

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Suspend stops a merchant's payments, on this node at once, on others within 5
// seconds. Suspending it again changes nothing. Error: fault.ErrNotFound.
func (r *Room) Suspend(ctx context.Context, key id.Merchant) (Merchant, error) {
	return r.turn(ctx, key, Suspended, "merchant.suspended")
}

// Resume lets a suspended merchant take payments again. Error: fault.ErrNotFound.
func (r *Room) Resume(ctx context.Context, key id.Merchant) (Merchant, error) {
	return r.turn(ctx, key, Active, "merchant.resumed")
}

func (r *Room) turn(ctx context.Context, key id.Merchant, to State, kind string) (Merchant, error) {
	if !id.Valid(key) {
		return Merchant{}, fault.ErrNotFound
	}
	var m Merchant
	err := r.db.Write(ctx, []db.Lock{lock(key), event.Lock()}, func(tx *db.Tx) error {
		var found bool
		if m, found = merchants.Get(tx, string(key)); !found {
			return fault.ErrNotFound
		}
		if m.State != to {
			m.State = to
			tell(tx, kind, &m, r.clock.Now())
			merchants.Update(tx, m)
		}
		return nil
	})
	r.known.forget(key) // also after a failure: it may have been stored after all
	if err != nil {
		return Merchant{}, err
	}
	return m, nil
}
