package apikey_test

import (
	"errors"
	"reflect"
	"sync"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
)

func TestRotationOverlaps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newStillClock()
		r := apikey.New(d, c)
		old, oldSecret := create(t, r, draft())
		works(t, r, oldSecret) // now it is remembered without an end
		next, nextSecret, err := r.Rotate(t.Context(), rotation(old.ID, time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if next.ID == old.ID || next.Name != old.Name || next.Scopes != old.Scopes || next.RatePerSecond != old.RatePerSecond || next.Burst != old.Burst || !next.ExpiresAt.IsZero() {
			t.Errorf("the successor is %+v", next)
		}
		if got := get(t, r, next); got != next {
			t.Errorf("stored %+v, made %+v", got, next)
		}
		if got := get(t, r, old); got.ReplacedBy != next.ID || !got.ExpiresAt.Equal(c.Now().Add(time.Hour)) {
			t.Errorf("the old key is %+v", got)
		}
		if !works(t, r, oldSecret) || !works(t, r, nextSecret) {
			t.Error("they do not both work")
		}
		if _, _, err := r.Rotate(t.Context(), rotation(old.ID, 0)); !errors.Is(err, apikey.ErrRotated) {
			t.Errorf("rotated twice: %v", err)
		}
		c.move(time.Hour - time.Microsecond)
		if !works(t, r, oldSecret) {
			t.Error("the overlap is too short")
		}
		c.move(time.Microsecond) // also what is remembered ends to the microsecond
		if works(t, r, oldSecret) || !works(t, r, nextSecret) {
			t.Error("after the overlap the old key works or the new one does not")
		}
		if _, _, err := r.Rotate(t.Context(), rotation(old.ID, 0)); !errors.Is(err, apikey.ErrEnded) {
			t.Errorf("an expired key was rotated: %v", err)
		}
		types, events := told(t, d, false)
		if !reflect.DeepEqual(types, []string{"api_key.created", "api_key.created", "api_key.rotated"}) {
			t.Errorf("told %v", types)
		}
		if v := events[2].Object().(*florinv1.ApiKey); v.GetId() != string(old.ID) || v.GetReplacedBy() != string(next.ID) || v.GetExpiresAt() == nil {
			t.Errorf("rotated tells %v", v)
		}
	})
}

func TestAnOverlapHasLimits(t *testing.T) {
	c := newStillClock()
	r := apikey.New(dbtest.SQLite(t), c)
	first, _ := create(t, r, draft())
	for _, overlap := range []time.Duration{-time.Second, apikey.OverlapMax + time.Second} {
		if _, _, err := r.Rotate(t.Context(), rotation(first.ID, overlap)); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("an overlap of %v: %v", overlap, err)
		}
	}
	_, secret, err := r.Rotate(t.Context(), rotation(first.ID, 0))
	if err != nil || !works(t, r, secret) {
		t.Fatalf("rotate at once: %v", err)
	}
	if got := get(t, r, first); !got.ExpiresAt.Equal(c.Now()) {
		t.Errorf("without an overlap the old key ends at %v, now is %v", got.ExpiresAt, c.Now())
	}
}

func TestOfManyRotationsOneWins(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := apikey.New(d, newStillClock())
		k, _ := create(t, r, draft())
		var mu sync.Mutex
		var secrets []string
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, secret, err := r.Rotate(t.Context(), rotation(k.ID, time.Hour))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					secrets = append(secrets, secret)
				} else if !errors.Is(err, apikey.ErrRotated) || secret != "" {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		list, _, err := r.List(t.Context(), cafe, false, apikey.Page{Limit: 100})
		if len(secrets) != 1 || len(list) != 2 || err != nil || !works(t, r, secrets[0]) {
			t.Errorf("%d successors told, %d keys stored, %v", len(secrets), len(list), err)
		}
	})
}

func TestRevocationIsAtOnceHereAndSoonElsewhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newStillClock()
		here, elsewhere := apikey.New(d, c), apikey.New(d, c)
		k, secret := create(t, here, draft())
		if !works(t, here, secret) || !works(t, elsewhere, secret) {
			t.Fatal("the key does not work")
		}
		c.move(time.Second)
		revoked, err := here.Revoke(t.Context(), cafe, false, k.ID, origin)
		if err != nil || !revoked.RevokedAt.Equal(c.Now()) || get(t, here, k) != revoked {
			t.Fatalf("revoked %+v, %v", revoked, err)
		}
		if works(t, here, secret) {
			t.Error("it works where it was revoked")
		}
		if !works(t, elsewhere, secret) {
			t.Error("what was remembered is not used")
		}
		c.move(4 * time.Second)
		if works(t, elsewhere, secret) {
			t.Error("it works after 5 seconds elsewhere")
		}
		c.move(time.Hour)
		again, err := here.Revoke(t.Context(), cafe, false, k.ID, origin)
		if err != nil || again != revoked {
			t.Errorf("revoked again %+v, %v", again, err)
		}
		if types, _ := told(t, d, false); !reflect.DeepEqual(types, []string{"api_key.created", "api_key.revoked"}) {
			t.Errorf("told %v", types)
		}
		if _, _, err := here.Rotate(t.Context(), rotation(k.ID, time.Hour)); !errors.Is(err, apikey.ErrEnded) {
			t.Errorf("a revoked key was rotated: %v", err)
		}
	})
}

// Readers and the revocation run side by side: once Revoke has returned, no
// reader of the old row may put it back into memory.
func TestNoReaderBringsARevokedKeyBack(t *testing.T) {
	c := newStillClock()
	r := apikey.New(dbtest.SQLite(t), c)
	for range 30 {
		k, secret := create(t, r, draft())
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						_, _ = r.Authenticate(t.Context(), secret)
					}
				}
			})
		}
		if _, err := r.Revoke(t.Context(), cafe, false, k.ID, origin); err != nil {
			t.Error(err)
		}
		if works(t, r, secret) {
			t.Error("a revoked key works")
		}
		close(stop)
		wg.Wait()
		if works(t, r, secret) {
			t.Error("a revoked key works again")
		}
	}
}
