package payer

import (
	"context"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
)

// Create adds a payer. Errors: fault.ErrInvalid with fields; with a key that was
// used before *idempotency.Replay or idempotency.ErrReused.
func (r *Room) Create(ctx context.Context, d Draft) (Payer, error) {
	now := r.clock.Now()
	p, err := newPayer(d, now)
	if err != nil {
		return Payer{}, err
	}
	err = r.db.Write(ctx, append(d.Once.Locks(), event.Lock()), func(tx *db.Tx) error {
		if err := d.Once.Check(tx); err != nil {
			return err
		}
		p.Sequence = event.Append(tx, event.Fact{
			Merchant: p.Merchant, Live: p.Live, Type: "payer.created", Object: string(p.ID), Origin: d.Origin, At: now,
			Data: &florinv1.EventData{Object: &florinv1.EventData_Payer{Payer: View(p)}},
		})
		insert(tx, p)
		d.Once.Finish(tx, p.Sequence, now)
		return nil
	})
	if err != nil {
		return Payer{}, err
	}
	return p, nil
}
