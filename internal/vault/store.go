package vault

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// storedKeys is one mode's row: its keysets, wrapped.
type storedKeys struct {
	mode      mode
	wrapped   []byte
	keyName   string // of the key-encryption key
	version   int64
	changedAt time.Time
}

var keysets = db.NewTable("vault_keyset", func(k *storedKeys, f *db.Fields) {
	db.Text(f, "mode", &k.mode)
	f.Mutable()
	db.Bytes(f, "wrapped", &k.wrapped)
	db.Text(f, "key_name", &k.keyName)
	db.Int(f, "version", &k.version)
	db.Time(f, "changed_at", &k.changedAt)
})

var cards = db.NewTable("card", func(c *Card, f *db.Fields) {
	db.Text(f, "id", &c.ID)
	db.Text(f, "merchant", &c.Merchant)
	db.Bool(f, "live", &c.Live)
	db.Text(f, "fingerprint", &c.Fingerprint)
	db.Text(f, "brand", &c.Brand)
	db.Text(f, "last4", &c.Last4)
	db.Int(f, "expiry_month", &c.Expiry.Month)
	db.Int(f, "expiry_year", &c.Expiry.Year)
	f.Mutable()
	db.Time(f, "created_at", &c.CreatedAt)
	db.Bytes(f, "sealed", &c.sealed)
	db.Int(f, "version", &c.version)
	db.Int(f, "sequence", &c.sequence)
})

func (v *Vault) storedKeys(ctx context.Context, m mode) (storedKeys, bool, error) {
	return keysets.First(ctx, v.db, "where mode = $1", string(m))
}

// find reads a card that is not deleted.
func (v *Vault) find(ctx context.Context, o Owner, token id.Card) (Card, bool, error) {
	// The id alone: a planner must not look for it among all of the merchant's.
	c, found, err := cards.First(ctx, v.db, "where id = $1", string(token))
	c, found = c.of(o, found)
	return c, found, err
}

// Some reads those of an owner's cards that are named and not deleted, in no order.
func (v *Vault) Some(ctx context.Context, o Owner, tokens []string) ([]Card, error) {
	return cards.Among(ctx, v.db, tokens, "merchant = $1 and live = $2 and length(sealed) > 0", string(o.Merchant), o.Live)
}

// sealedBefore reads the next cards, by id, that an older version sealed.
func (v *Vault) sealedBefore(ctx context.Context, m mode, version int64, after id.Card, limit int) ([]Card, error) {
	return cards.Select(ctx, v.db, "where id > $1 and live = $2 and version < $3 and length(sealed) > 0 order by id limit $4",
		string(after), m == modeOf(true), version, limit)
}
