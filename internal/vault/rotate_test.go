package vault

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
)

func TestRotationSealsEveryCardAnewAndEndsTheOldKey(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		for i := range resealMax + 20 {
			if _, err := v.Keep(ctx, Keeping{Owner: cafe, Number: number(t, pan), Expiry: card.Expiry{Month: 1 + i%12, Year: 2030 + i/12}}); err != nil {
				t.Fatal(err)
			}
		}
		live := keep(t, v, Owner{cafe.Merchant, true}, pan)
		gone := keep(t, v, cafe, "4242424242424242")
		if err := v.Delete(ctx, cafe, gone.ID, event.Origin{}); err != nil {
			t.Fatal(err)
		}
		old, before := v.keys(false), rows(t, d)
		if err := v.RotateData(ctx); err != nil {
			t.Fatal(err)
		}
		if v.keys(false).numbers.Len() != 1 {
			t.Error("the old key is still in the keyset")
		}
		for i, c := range rows(t, d) {
			if c.deleted() {
				continue
			}
			if bytes.Equal(c.sealed, before[i].sealed) || !pays(t, v, c) {
				t.Fatalf("card %d was not sealed anew, or does not open", i)
			}
			if _, err := old.open(c); err == nil {
				t.Fatal("the old key opens a new seal")
			}
			if _, err := v.keys(c.Live).open(before[i]); err == nil {
				t.Fatal("the new keys open an old seal: the old key is not gone")
			}
		}
		if keep(t, v, live.Owner, pan).ID != live.ID {
			t.Error("a rotation changed a token")
		}
	})
}

func TestAnInterruptedRotationGoesOn(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		c := keep(t, v, cafe, pan)
		if err := v.replaceKeys(ctx, "sandbox", addPrimary); err != nil {
			t.Fatal(err)
		}
		if !pays(t, v, c) {
			t.Fatal("an old seal does not open while the rotation runs")
		}
		version := v.keys(false).version
		if err := v.RotateData(ctx); err != nil {
			t.Fatal(err)
		}
		if k := v.keys(false); k.version != version+1 || k.numbers.Len() != 1 || !pays(t, v, c) {
			t.Errorf("version %d after %d, %d keys", k.version, version, k.numbers.Len())
		}
	})
}

func TestOtherNodesFollowARotation(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		other := openVault(t, d, v.wrapper)
		c := keep(t, other, cafe, pan)
		retired := other.keys(false)
		if err := v.RotateData(ctx); err != nil {
			t.Fatal(err)
		}
		fresh := keep(t, other, cafe, "4242424242424242")
		if _, err := retired.open(fresh); err == nil {
			t.Error("a retired key has sealed a card")
		}
		late := openVault(t, d, v.wrapper)
		late.sandbox.Store(retired)
		if !pays(t, late, c) || !pays(t, v, fresh) {
			t.Error("a node that missed the rotation cannot open cards")
		}
	})
}

func TestRotationBesideTheService(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		node := openVault(t, d, v.wrapper)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for j := range 25 {
					c, err := node.Keep(ctx, Keeping{Owner: Owner{cafe.Merchant, i%2 == 0}, Number: number(t, pan), Expiry: card.Expiry{Month: 1 + j%12, Year: 2030 + 3*i + j/12}})
					if err != nil || !pays(t, node, c) {
						t.Errorf("card %d of %d: %v", j, i, err)
						return
					}
				}
			})
		}
		for range 3 {
			if err := v.RotateData(ctx); err != nil {
				t.Error(err)
			}
		}
		wg.Wait()
		for _, c := range rows(t, d) {
			if !pays(t, v, c) {
				t.Fatal("a card was lost in a rotation")
			}
		}
	})
}

func TestACardThatDoesNotOpenStopsTheRotation(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		c := keep(t, v, cafe, pan)
		c.sealed = []byte("damaged")
		rewrite(t, d, c)
		if err := v.RotateData(ctx); !errors.Is(err, ErrSealed) {
			t.Errorf("rotated over a damaged card: %v", err)
		}
		if v.keys(false).numbers.Len() != 2 {
			t.Error("the old key was destroyed although a card still needs it")
		}
	})
}

func TestTheKeyEncryptionKeyCanBeReplaced(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		c, old, next := keep(t, v, cafe, pan), v.wrapper, newWrapper(t)
		if err := v.RotateKEK(ctx, next); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, config(d, old)); !errors.Is(err, ErrSealed) {
			t.Errorf("the old key-encryption key still opens the vault: %v", err)
		}
		if again := openVault(t, d, next); !pays(t, again, c) || keep(t, again, cafe, pan).ID != c.ID {
			t.Error("a card does not open under the new key-encryption key")
		}
		if err := v.RotateData(ctx); err != nil || !pays(t, v, c) {
			t.Errorf("data rotation after that: %v", err)
		}
		for _, m := range modes {
			if row, _, _ := v.storedKeys(ctx, m); row.keyName != next.Name() || next.Name() == old.Name() {
				t.Errorf("%s is wrapped by %s", m, row.keyName)
			}
		}
	})
}

func TestANodeWithTheOldKeyEncryptionKeyCannotUndoIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		stale := openVault(t, d, v.wrapper)
		was := stale.keys(false)
		if err := v.RotateKEK(ctx, newWrapper(t)); err != nil {
			t.Fatal(err)
		}
		if err := stale.RotateData(ctx); !errors.Is(err, ErrSealed) {
			t.Errorf("rotated with the old key: %v", err)
		}
		next, err := addPrimary(was)
		if err != nil {
			t.Fatal(err)
		}
		if err := stale.replace(ctx, was, next); !errors.Is(err, errStale) {
			t.Errorf("overwrote the new wrapping: %v", err)
		}
	})
}

func TestVersionsNeverRepeat(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		seen := map[string]bool{}
		for range 3 {
			k := v.keys(true)
			name := fmt.Sprint(k.version)
			if seen[name] {
				t.Errorf("version %s came twice", name)
			}
			seen[name] = true
			if err := v.RotateData(ctx); err != nil {
				t.Fatal(err)
			}
		}
	})
}
