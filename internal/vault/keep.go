package vault

import (
	"context"
	"errors"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
)

// Keeping is a card to be kept, and the request that brought it.
type Keeping struct {
	Owner
	Number card.Number // the caller wipes it
	Expiry card.Expiry // may be past: that is for the issuer to say
	Once   *idempotency.Key
	Origin event.Origin
}

// errStale: another process has rotated the keys since this one read them.
var errStale = errors.New("vault: the keys have been rotated")

// staleTriesMax is how often in a row a call follows rotations by others.
const staleTriesMax = 5

// Keep keeps a card and gives its token. The same number and expiry of the same
// owner is the same card, whoever asks first; a new one is stored with its event
// card.created in one commit.
// Errors: those of Once.Check, ErrSealed, faults of storage.
func (v *Vault) Keep(ctx context.Context, k Keeping) (Card, error) {
	token := v.Token(k.Owner, k.Number, k.Expiry)
	if k.Once == nil { // nothing to record if it is there, so no commit
		if c, found, err := v.find(ctx, k.Owner, token); err != nil || found {
			return c, err
		}
	}
	for range staleTriesMax {
		keys := v.keys(k.Live)
		c, err := v.keep(ctx, k, token, keys)
		if !errors.Is(err, errStale) {
			return c, err
		}
		if err := v.reload(ctx, keys.mode, keys.version); err != nil {
			return Card{}, err
		}
	}
	return Card{}, fault.ErrUnavailable.WithCause(errStale)
}

func (v *Vault) keep(ctx context.Context, k Keeping, token id.Card, keys *keys) (kept Card, err error) {
	fresh, err := keys.seal(Card{
		ID: token, Owner: k.Owner, Fingerprint: keys.fingerprint(k.Merchant, k.Number),
		Brand: k.Number.Brand(), Last4: k.Number.Last4(), Expiry: k.Expiry, CreatedAt: v.clock.Now(),
	}, k.Number)
	if err != nil {
		return Card{}, err
	}
	locks := append(k.Once.Locks(), cards.Lock(string(token)), keysets.Lock(string(keys.mode)), event.Lock())
	err = v.db.Write(ctx, locks, func(tx *db.Tx) error {
		if err := k.Once.Check(tx); err != nil {
			return err
		}
		var found bool
		if kept, found = cards.Get(tx, string(token)); !found || kept.deleted() {
			if err := current(tx, keys); err != nil {
				return err
			}
			kept = fresh
			kept.sequence = event.Append(tx, fresh.fact("card.created", k.Origin, fresh.CreatedAt))
			put(tx, kept, found)
		}
		k.Once.Finish(tx, kept.sequence, fresh.CreatedAt)
		return nil
	})
	return kept, err
}

// current checks that keys are still the ones to seal with. The lock on their
// row keeps it so until the commit.
func current(tx *db.Tx, k *keys) error {
	if stored, found := keysets.Get(tx, string(k.mode)); !found || stored.version != k.version {
		return errStale
	}
	return nil
}

func put(tx *db.Tx, c Card, replaces bool) {
	if replaces {
		cards.Update(tx, c)
	} else {
		cards.Insert(tx, c)
	}
}
