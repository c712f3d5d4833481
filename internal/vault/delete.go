package vault

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Delete erases a card's number for ever and records card.deleted in the same
// commit. The row stays, so that old payments can still show the last four
// digits. Error: fault.ErrNotFound, also if it is deleted already.
func (v *Vault) Delete(ctx context.Context, o Owner, token id.Card, origin event.Origin) error {
	locks := []db.Lock{Lock(token), event.Lock()}
	now := v.clock.Now()
	return v.db.Write(ctx, locks, func(tx *db.Tx) error {
		c, found := Locked(tx, o, token)
		if !found {
			return fault.ErrNotFound
		}
		c.sealed = nil
		c.sequence = event.Append(tx, c.fact("card.deleted", origin, now))
		cards.Update(tx, c)
		return nil
	})
}
