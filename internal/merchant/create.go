package merchant

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Create adds an active merchant. Error: fault.ErrInvalid with fields.
func (r *Room) Create(ctx context.Context, d Draft) (Merchant, error) {
	return r.CreateWithID(ctx, id.New[id.Merchant](r.clock.Now()), d)
}

// CreateWithID adds an active merchant under an id that the caller keeps, as the
// development server does. A merchant that is there already is given unchanged.
// Error: fault.ErrInvalid with fields.
func (r *Room) CreateWithID(ctx context.Context, key id.Merchant, d Draft) (Merchant, error) {
	if !id.Valid(key) {
		return Merchant{}, fault.ErrInvalid.WithField("/id", "invalid_id", "Send an id of a merchant: mer_ and 26 characters.")
	}
	m, err := newMerchant(key, d, r.clock.Now())
	if err != nil {
		return Merchant{}, err
	}
	kept := m
	err = r.db.Write(ctx, []db.Lock{lock(key), event.Lock()}, func(tx *db.Tx) error {
		was, found := merchants.Get(tx, string(key))
		if found {
			kept = was
			return nil
		}
		tell(tx, "merchant.created", &m, m.CreatedAt)
		merchants.Insert(tx, m)
		kept = m
		return nil
	})
	if err != nil {
		return Merchant{}, err
	}
	return kept, nil
}
