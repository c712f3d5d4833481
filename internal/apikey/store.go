package apikey

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// row is a key as it is stored: with the hash of its secret, in hex.
type row struct {
	Key
	hash string
}

var rows = db.NewTable("api_key", func(r *row, f *db.Fields) {
	db.Text(f, "id", &r.ID)
	db.Text(f, "merchant", &r.Merchant)
	db.Bool(f, "live", &r.Live)
	db.Text(f, "hash", &r.hash)
	db.Text(f, "prefix", &r.Prefix)
	scopes := r.Scopes.String()
	db.Text(f, "scopes", &scopes)
	r.Scopes = stored(scopes)
	db.Time(f, "created_at", &r.CreatedAt)
	db.Text(f, "name", &r.Name)
	db.Int(f, "rate_per_second", &r.RatePerSecond)
	db.Int(f, "burst", &r.Burst)
	db.Text(f, "allowance", &r.Allowance)
	r.Allowance = cmp.Or(r.Allowance, r.ID) // a key from before there were any
	f.Mutable()
	db.Time(f, "expires_at", &r.ExpiresAt)
	db.Time(f, "revoked_at", &r.RevokedAt)
	db.Time(f, "last_used_at", &r.LastUsedAt)
	db.Text(f, "replaced_by", &r.ReplacedBy)
	db.Int(f, "sequence", &r.Sequence)
})

func lock(key id.APIKey) db.Lock { return rows.Lock(string(key)) }

// owned reads the merchant's key inside a write that locked it.
func owned(tx *db.Tx, merchant id.Merchant, live bool, key id.APIKey) (row, bool) {
	r, found := rows.Get(tx, string(key))
	return r, found && r.Merchant == merchant && r.Live == live
}

func (r *Room) byHash(ctx context.Context, h hash) (Key, bool, error) {
	row, found, err := rows.First(ctx, r.db, "where hash = $1", hex.EncodeToString(h[:]))
	return row.Key, found, err
}

func (r *Room) find(ctx context.Context, merchant id.Merchant, live bool, key id.APIKey) (row, bool, error) {
	return rows.First(ctx, r.db, "where id = $1 and merchant = $2 and live = $3", string(key), string(merchant), live)
}

func (r *Room) between(ctx context.Context, merchant id.Merchant, live bool, p Page) ([]Key, bool, error) {
	tail := "where merchant = $1 and live = $2 and id > $3 and id < $4 order by id desc limit $5"
	if p.Before != "" { // the ones nearest to the cursor, then turned round
		tail = "where merchant = $1 and live = $2 and id > $3 and id < $4 order by id limit $5"
	}
	to := "~" // sorts after every id
	if _, under := id.Between[id.APIKey](time.Time{}, p.To); under != "" {
		to = string(under)
	}
	if p.After != "" {
		to = min(to, string(p.After))
	}
	list, err := rows.Select(ctx, r.db, tail, string(merchant), live, string(p.Before), to, p.Limit+1)
	more := len(list) > p.Limit
	if more {
		list = list[:p.Limit]
	}
	if p.Before != "" {
		slices.Reverse(list)
	}
	keys := make([]Key, len(list))
	for i, row := range list {
		keys[i] = row.Key
	}
	return keys, more, err
}
