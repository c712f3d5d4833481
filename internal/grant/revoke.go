package grant

import (
	"context"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
)

// Room keeps the grants of one database.
type Room struct {
	db    *db.DB
	clock clock.Clock
}

// NewRoom opens the room.
func NewRoom(d *db.DB, c clock.Clock) *Room { return &Room{db: d, clock: c} }

// Ending is a revocation that is asked for.
type Ending struct {
	By     string // ByPayer, ByMerchant, ByClient or ByPlatform
	Origin event.Origin
}

// Revoke ends a grant; one that has ended stays as it is. Error: fault.ErrNotFound.
func (r *Room) Revoke(ctx context.Context, merchant id.Merchant, live bool, key id.Grant, e Ending) (Grant, error) {
	g, err := r.Get(ctx, merchant, live, key)
	if err != nil {
		return g, err
	}
	limits := g.Limits
	err = r.db.Write(ctx, RevokeLocks(key), func(tx *db.Tx) error {
		g = r.end(tx, key, limits, e)
		return nil
	})
	return g, err
}

// RevokeLocks are the rows that [Room.End] decides on.
func RevokeLocks(key id.Grant) []db.Lock { return []db.Lock{grants.Lock(string(key)), event.Lock()} }

// End ends a grant in another flow's commit. Name [RevokeLocks] in that write. Its event
// tells of no limits: they are rows of their own, which that write has not.
func (r *Room) End(tx *db.Tx, key id.Grant, e Ending) {
	r.end(tx, key, nil, e)
}

func (r *Room) end(tx *db.Tx, key id.Grant, limits []Limit, e Ending) Grant {
	g, found := grants.Get(tx, string(key))
	g.Limits = limits
	if !found || g.State != Active {
		return g
	}
	now := r.clock.Now()
	g.State, g.RevokedAt, g.RevokedBy = Revoked, now, e.By
	tell(tx, "grant.revoked", &g, e.Origin, now)
	grants.Update(tx, g)
	return g
}
