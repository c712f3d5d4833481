package apikey

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
)

// ErrNotShown: the answer to a retry would be a secret that is not shown any more.
var ErrNotShown = fault.New(fault.Conflict, "secret_not_shown",
	"The API key was made, but its secret is not shown any more: a retry shows it for 24 hours, to the key that asked first. Rotate the new key with another Idempotency-Key to get a secret.")

// ShownFor is how long after a key was made a retry is shown its secret.
const ShownFor = 24 * time.Hour

// Pepper is a keyed digest of a name, the same each time. Its key is not in the
// database, or not readable there.
type Pepper func(live bool, name string) []byte

// WithPepper lets the room show a secret again to a retry. It gives the room.
func (r *Room) WithPepper(p Pepper) *Room {
	r.pepper = p
	return r
}

// Maker is the request that asks for a key.
type Maker struct {
	Secret string           // of the key that asks; not kept
	Once   *idempotency.Key // of the request; nil: the answer cannot be given again
}

// secretOf is the secret of a key to be. For a request that may be retried it is not
// drawn but made, so that it can be made again.
func (r *Room) secretOf(m Maker, k Key) string {
	if m.Once == nil || r.pepper == nil {
		return NewSecret(k.Live)
	}
	return r.made(m.Secret, k)
}

// made is the secret that the holder of maker gets for k: as random as maker is, and only
// for who has both maker and the key behind the pepper. What the database holds is of no
// help, nor is an old secret together with it. Source: RFC 5869.
func (r *Room) made(maker string, k Key) string {
	random, err := hkdf.Key(sha256.New, []byte(maker), r.pepper(k.Live, string(k.ID)), "florin api key|"+string(k.ID), randomBytes)
	if err != nil {
		panic("apikey: " + err.Error()) // only if more bytes are asked for than there are
	}
	return spell(k.Live, random)
}

// Again is the secret of a key that an earlier request with the same idempotency key has
// made: for [ShownFor], to who holds the key that asked for it. Error: ErrNotShown.
func (r *Room) Again(ctx context.Context, merchant id.Merchant, live bool, key id.APIKey, maker string) (string, error) {
	k, found, err := r.find(ctx, merchant, live, key)
	switch {
	case err != nil:
		return "", err
	case !found || r.pepper == nil || r.clock.Now().Sub(k.CreatedAt) >= ShownFor:
		return "", ErrNotShown.WithObject(string(key))
	}
	secret := r.made(maker, k.Key)
	if h, _, _ := read(secret); hex.EncodeToString(h[:]) != k.hash { // another maker's, or it was drawn
		return "", ErrNotShown.WithObject(string(key))
	}
	return secret, nil
}
