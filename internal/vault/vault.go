package vault

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Config says where cards are kept and what opens them.
type Config struct {
	DB      *db.DB
	Clock   clock.Clock
	Wrapper Wrapper
	Log     *slog.Logger // nil: slog.Default()
}

// Vault is open: its keys are in memory. It is safe for concurrent use.
type Vault struct {
	db    *db.DB
	clock clock.Clock
	log   *slog.Logger

	mu      sync.Mutex // guards wrapper, and changes to the keys
	wrapper Wrapper
	live    atomic.Pointer[keys]
	sandbox atomic.Pointer[keys]
	secrets atomic.Pointer[keys]
}

// Open unwraps the keys of all modes, and makes them first if there are none.
// Nodes may do so at the same time: one wins and all use its keys.
// Error: ErrSealed.
func Open(ctx context.Context, c Config) (*Vault, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	v := &Vault{db: c.DB, clock: c.Clock, log: c.Log, wrapper: c.Wrapper}
	for _, m := range modes {
		if err := v.load(ctx, m); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Look reports whether there are keys, and whether they can be opened. It makes none.
// Error: ErrSealed.
func Look(ctx context.Context, c Config) (made bool, err error) {
	v := &Vault{db: c.DB, clock: c.Clock, log: c.Log, wrapper: c.Wrapper}
	for _, m := range modes {
		stored, found, err := v.storedKeys(ctx, m)
		if err == nil && found {
			made = true
			_, err = unwrap(ctx, v.wrapper, stored)
		}
		if err != nil {
			return made, ErrSealed.WithCause(err)
		}
	}
	return made, nil
}

// Ready reports why cards cannot be used, or nil: it follows a rotation of the keys, if
// the key-encryption key opens the new ones. Another key-encryption key alone is no
// reason: the keys in memory are still those that seal. Error: ErrSealed.
func (v *Vault) Ready(ctx context.Context) error {
	for _, m := range modes {
		stored, found, err := v.storedKeys(ctx, m)
		switch held := v.slot(m).Load().version; {
		case err != nil:
			return err
		case !found:
			return ErrSealed.WithCause(fmt.Errorf("vault: the %s keys are gone", m))
		case stored.version == held:
			continue
		default:
			if err := v.reload(ctx, m, held); err != nil {
				return err
			}
		}
	}
	return nil
}

// slot is where a mode's keys are.
func (v *Vault) slot(m mode) *atomic.Pointer[keys] {
	switch m {
	case modeOf(true):
		return &v.live
	case platform:
		return &v.secrets
	}
	return &v.sandbox
}

func (v *Vault) keys(live bool) *keys { return v.slot(modeOf(live)).Load() }

// load reads a mode's keys as they are now.
func (v *Vault) load(ctx context.Context, m mode) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	stored, found, err := v.storedKeys(ctx, m)
	if err == nil && !found {
		stored, err = v.create(ctx, m)
	}
	if err != nil {
		return ErrSealed.WithCause(err)
	}
	k, err := unwrap(ctx, v.wrapper, stored)
	if err != nil {
		return ErrSealed.WithCause(err)
	}
	v.slot(m).Store(k)
	return nil
}

// create stores a mode's first keys and gives what is stored, which another node
// may have made.
func (v *Vault) create(ctx context.Context, m mode) (storedKeys, error) {
	k, err := newKeys(m)
	if err != nil {
		return storedKeys{}, err
	}
	mine, err := v.stored(ctx, v.wrapper, k)
	if err != nil {
		return storedKeys{}, err
	}
	var winner storedKeys
	err = v.db.Write(ctx, []db.Lock{keysets.Lock(string(m))}, func(tx *db.Tx) error {
		var found bool
		if winner, found = keysets.Get(tx, string(m)); !found {
			winner = mine
			keysets.Insert(tx, mine)
		}
		return nil
	})
	return winner, err
}

// stored is the row that keeps k, wrapped by w.
func (v *Vault) stored(ctx context.Context, w Wrapper, k *keys) (storedKeys, error) {
	b, err := k.wrap(ctx, w)
	return storedKeys{k.mode, b, w.Name(), k.version, v.clock.Now()}, err
}

// Get reads a card. Error: fault.ErrNotFound, also for another owner's and for a
// deleted one.
func (v *Vault) Get(ctx context.Context, o Owner, token id.Card) (Card, error) {
	c, found, err := v.find(ctx, o, token)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return c, err
}

// Lock names a card as one that a write decides on.
func Lock(token id.Card) db.Lock { return cards.Lock(string(token)) }

// Locked is [Vault.Get] inside a write that has locked the card.
func Locked(tx *db.Tx, o Owner, token id.Card) (Card, bool) {
	c, found := cards.Get(tx, string(token))
	return c.of(o, found)
}

// Token is the token that a card has or would get.
func (v *Vault) Token(o Owner, n card.Number, e card.Expiry) id.Card {
	return v.keys(o.Live).token(o.Merchant, n, e)
}

// Fingerprint is a keyed digest of n: the same for the same number of one owner,
// and different for another owner. It never leaves the platform.
func (v *Vault) Fingerprint(o Owner, n card.Number) string {
	return v.keys(o.Live).fingerprint(o.Merchant, n)
}

// Pepper is a keyed digest of name, the same each time and in each process: for what
// must not be computed from the database alone.
func (v *Vault) Pepper(live bool, name string) []byte { return v.keys(live).keyed("pepper", name) }

// reload follows a rotation that this process has not seen.
func (v *Vault) reload(ctx context.Context, m mode, seen int64) error {
	if err := v.load(ctx, m); err != nil {
		return err
	}
	if now := v.slot(m).Load().version; now != seen {
		v.log.Info("the vault's keys have changed", "mode", string(m), "version", now)
	}
	return nil
}
