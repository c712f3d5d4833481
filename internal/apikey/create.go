package apikey

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
)

// errNotSandbox is a bug at the call: the secret does not come from outside.
var errNotSandbox = errors.New("apikey: the secret is not a whole sandbox secret; make one with NewSecret(false)")

// Create makes a key and its secret, which is kept nowhere: show it once.
// The caller must have checked that d.Scopes are within the creating key's own.
// Errors: fault.ErrInvalid with fields, those of d.Maker.Once.Check.
func (r *Room) Create(ctx context.Context, d Draft) (k Key, secret string, err error) {
	if k, err = newKey(d, r.clock.Now()); err != nil {
		return Key{}, "", err
	}
	secret = r.secretOf(d.Maker, k)
	if k, err = r.create(ctx, k, secret, d); err != nil {
		return Key{}, "", err
	}
	return k, secret, nil
}

// CreateWithSecret makes a sandbox key whose secret the caller keeps, as the
// development server does. If a key with that secret exists, it is given unchanged.
// Error: fault.ErrInvalid with fields.
func (r *Room) CreateWithSecret(ctx context.Context, d Draft, secret string) (Key, error) {
	h, live, whole := read(secret)
	if !whole || live || d.Live {
		return Key{}, errNotSandbox
	}
	if k, found, err := r.byHash(ctx, h); found || err != nil {
		return k, err
	}
	k, err := newKey(d, r.clock.Now())
	if err != nil {
		return Key{}, err
	}
	k, err = r.create(ctx, k, secret, d)
	r.unknown.forget(h)
	return k, err
}

func (r *Room) create(ctx context.Context, k Key, secret string, d Draft) (Key, error) {
	k.Prefix = prefixOf(secret)
	once := d.Maker.Once
	err := r.db.Write(ctx, append(once.Locks(), event.Lock()), func(tx *db.Tx) error {
		if err := once.Check(tx); err != nil {
			return err
		}
		once.Finish(tx, record(tx, "api_key.created", &k, d.Origin, k.CreatedAt), k.CreatedAt)
		insert(tx, k, secret)
		return nil
	})
	return k, err
}

func insert(tx *db.Tx, k Key, secret string) {
	h, _, _ := read(secret)
	rows.Insert(tx, row{k, hex.EncodeToString(h[:])})
}

// record writes what happened to k into the log. It comes before k is stored, which keeps
// the number that it gives.
func record(tx *db.Tx, kind string, k *Key, origin event.Origin, now time.Time) (sequence int64) {
	k.Sequence = event.Append(tx, event.Fact{
		Merchant: k.Merchant, Live: k.Live, Type: kind, Object: string(k.ID), Origin: origin, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_ApiKey{ApiKey: View(*k)}},
	})
	return k.Sequence
}
