package vault

import (
	"bytes"
	"context"
	"errors"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// resealMax is how many cards share one commit of a rotation.
const resealMax = 100

// RotateData gives each mode a new key for numbers, seals every card anew in
// small commits beside the running service, and then destroys the old key. After
// an interruption, call it again: it goes on with the rotation that was begun. The
// platform's old keys stay, to open what they sealed: see [Secrets].
// Errors: ErrSealed, faults of storage.
func (v *Vault) RotateData(ctx context.Context) error {
	for _, m := range modes {
		rotate := v.rotate
		if m == platform {
			rotate = func(ctx context.Context, m mode) error { return v.replaceKeys(ctx, m, drawPrimary) }
		}
		if err := rotate(ctx, m); err != nil {
			return err
		}
		v.log.Info("the vault's key for numbers has been rotated", "mode", string(m), "version", v.slot(m).Load().version)
	}
	return nil
}

func (v *Vault) rotate(ctx context.Context, m mode) error {
	if err := v.replaceKeys(ctx, m, addPrimary); err != nil {
		return err
	}
	for {
		count, err := v.reseal(ctx, m)
		if errors.Is(err, errStale) {
			err = v.load(ctx, m)
		}
		if err != nil {
			return err
		}
		if count == 0 { // a whole pass found none, and none can come: see current
			return v.replaceKeys(ctx, m, keepPrimary)
		}
	}
}

// addPrimary draws a new key that seals from now on, unless an interrupted
// rotation has left one.
func addPrimary(k *keys) (*keys, error) {
	if k.numbers.Len() > 1 {
		return k, nil
	}
	return drawPrimary(k)
}

// drawPrimary draws a new key that seals from now on.
func drawPrimary(k *keys) (*keys, error) {
	return k.change(func(m *keyset.Manager) error {
		added, err := m.Add(aead.AES256GCMKeyTemplate())
		if err != nil {
			return err
		}
		return m.SetPrimary(added)
	})
}

// keepPrimary destroys every key but the one that seals.
func keepPrimary(k *keys) (*keys, error) {
	if k.numbers.Len() == 1 {
		return k, nil
	}
	return k.change(func(m *keyset.Manager) error {
		var errs []error
		for i := range k.numbers.Len() {
			e, err := k.numbers.Entry(i)
			if err == nil && !e.IsPrimary() {
				err = m.Delete(e.KeyID())
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

// replaceKeys stores what fn makes of a mode's keys as they are now.
func (v *Vault) replaceKeys(ctx context.Context, m mode, fn func(*keys) (*keys, error)) error {
	for range staleTriesMax {
		if err := v.load(ctx, m); err != nil {
			return err
		}
		was := v.slot(m).Load()
		next, err := fn(was)
		if err != nil {
			return ErrSealed.WithCause(err)
		}
		if next == was {
			return nil
		}
		if err = v.replace(ctx, was, next); err == nil {
			return v.load(ctx, m)
		}
		if !errors.Is(err, errStale) {
			return err
		}
	}
	return fault.ErrUnavailable.WithCause(errStale)
}

func (v *Vault) replace(ctx context.Context, was, next *keys) error {
	v.mu.Lock()
	row, err := v.stored(ctx, v.wrapper, next)
	v.mu.Unlock()
	if err != nil {
		return ErrSealed.WithCause(err)
	}
	return v.db.Write(ctx, []db.Lock{keysets.Lock(string(was.mode))}, func(tx *db.Tx) error {
		return exchange(tx, was, row)
	})
}

// exchange replaces the row that was came from, if it still stands: a change of
// the key-encryption key shows in it too.
func exchange(tx *db.Tx, was *keys, row storedKeys) error {
	if stored, found := keysets.Get(tx, string(was.mode)); !found || !bytes.Equal(stored.wrapped, was.wrapped) {
		return errStale
	}
	keysets.Update(tx, row)
	return nil
}

// reseal seals every card of a mode that an older version sealed and returns how
// many it found. Error: errStale if the keys changed meanwhile.
func (v *Vault) reseal(ctx context.Context, m mode) (count int, err error) {
	k := v.slot(m).Load()
	for after := id.Card(""); ; {
		old, err := v.sealedBefore(ctx, m, k.version, after, resealMax)
		if err != nil || len(old) == 0 {
			return count, err
		}
		if err := v.resealBatch(ctx, k, old); err != nil {
			return count, err
		}
		count, after = count+len(old), old[len(old)-1].ID
	}
}

func (v *Vault) resealBatch(ctx context.Context, k *keys, old []Card) error {
	fresh := make([]Card, len(old))
	locks := []db.Lock{keysets.Lock(string(k.mode))}
	for i, c := range old {
		number, err := k.open(c)
		if err != nil {
			return ErrSealed.With("Card %s does not open, so its key cannot be destroyed. Restore its row from a backup or delete the card.", c.ID).WithCause(err)
		}
		fresh[i], err = k.seal(c, number)
		number.Wipe()
		if err != nil {
			return err
		}
		locks = append(locks, cards.Lock(string(c.ID)))
	}
	return v.db.Write(ctx, locks, func(tx *db.Tx) error {
		if err := current(tx, k); err != nil {
			return err
		}
		for i, c := range fresh {
			now, found := cards.Get(tx, string(c.ID))
			if found && bytes.Equal(now.sealed, old[i].sealed) { // not deleted meanwhile
				cards.Update(tx, c)
			}
		}
		return nil
	})
}

// RotateKEK wraps the keys of all modes with another key-encryption key, in one
// commit. Other nodes keep working and need the new key when they restart or when
// RotateData runs. Errors: ErrSealed, faults of storage.
func (v *Vault) RotateKEK(ctx context.Context, next Wrapper) error {
	for _, m := range modes {
		if err := v.load(ctx, m); err != nil {
			return err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var rows []storedKeys
	var locks []db.Lock
	for _, m := range modes {
		row, err := v.stored(ctx, next, v.slot(m).Load())
		if err != nil {
			return ErrSealed.WithCause(err)
		}
		rows, locks = append(rows, row), append(locks, keysets.Lock(string(m)))
	}
	err := v.db.Write(ctx, locks, func(tx *db.Tx) error {
		for _, row := range rows {
			if err := exchange(tx, v.slot(row.mode).Load(), row); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, errStale) {
		return fault.ErrUnavailable.With("The vault's keys are being rotated. Run the command again when that is done.").WithCause(err)
	}
	if err == nil {
		v.wrapper = next
		v.log.Info("the vault's keys have been wrapped anew", "key", next.Name())
	}
	return err
}
