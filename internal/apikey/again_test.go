package apikey_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/idempotency"
)

func pepper(live bool, name string) []byte { return fmt.Append(nil, "pepper", live, name) }

func onceOf(t *testing.T, text string) *idempotency.Key {
	t.Helper()
	k, err := idempotency.New(string(cafe), false, text, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

var whole = regexp.MustCompile(`^fl_sandbox_[0-9a-hjkmnp-tv-z]{59}$`)

// TestARetryGetsTheSameSecret: neither creation nor rotation happens twice, and the lost
// answer's secret is shown again, for a day, to the key that asked.
func TestARetryGetsTheSameSecret(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newStillClock()
		r := apikey.New(d, c).WithPepper(pepper)
		_, asks := create(t, r, draft())
		_, other := create(t, r, draft())
		makes := func(text string) apikey.Draft {
			return apikey.Draft{Merchant: cafe, Scopes: apikey.AllScopes(), Maker: apikey.Maker{Secret: asks, Once: onceOf(t, text)}, Origin: origin}
		}
		first, firstSecret := create(t, r, makes("made"))
		turn := rotation(first.ID, time.Hour)
		turn.Maker = apikey.Maker{Secret: asks, Once: onceOf(t, "turned")}
		second, secondSecret, err := r.Rotate(t.Context(), turn)
		if err != nil || firstSecret == secondSecret || !whole.MatchString(firstSecret) || !whole.MatchString(secondSecret) || !works(t, r, firstSecret) || !works(t, r, secondSecret) {
			t.Fatalf("made %q and %q, %v", firstSecret, secondSecret, err)
		}
		if drawn, drawnSecret := create(t, r, makes("drawn")); drawn.ID == first.ID || drawnSecret == firstSecret {
			t.Error("two requests made one key")
		}
		for range 2 {
			turn.Maker.Once = onceOf(t, "turned")
			_, _, created := r.Create(t.Context(), makes("made"))
			_, _, rotated := r.Rotate(t.Context(), turn)
			for _, err := range []error{created, rotated} {
				if _, isReplay := errors.AsType[*idempotency.Replay](err); !isReplay {
					t.Errorf("a retry: %v", err)
				}
			}
		}
		for _, x := range []struct {
			after  time.Duration
			key    apikey.Key
			maker  string
			room   *apikey.Room
			secret string
		}{
			{0, first, asks, r, firstSecret}, {0, second, asks, r, secondSecret},
			{0, first, asks, apikey.New(d, c).WithPepper(pepper), firstSecret}, // another node
			{0, first, other, r, ""}, {0, first, firstSecret, r, ""}, {0, first, "", r, ""},
			{0, first, asks, apikey.New(d, c), ""},
			{0, first, asks, apikey.New(d, c).WithPepper(func(bool, string) []byte { return nil }), ""}, // another vault
			{apikey.ShownFor - time.Microsecond, first, asks, r, firstSecret},
			{time.Microsecond, first, asks, r, ""}, {0, second, asks, r, ""},
		} {
			c.move(x.after)
			got, err := x.room.Again(t.Context(), cafe, false, x.key.ID, x.maker)
			if got != x.secret || x.secret == "" && !errors.Is(err, apikey.ErrNotShown) || x.secret != "" && err != nil {
				t.Errorf("again %q, %v; want %q", got, err, x.secret)
			}
		}
		if _, err := r.Again(t.Context(), bakery, false, first.ID, asks); !errors.Is(err, apikey.ErrNotShown) {
			t.Errorf("to another merchant: %v", err)
		}
	})
}

// TestADrawnSecretIsNotShownAgain: without an idempotency key there is no retry to show it to.
func TestADrawnSecretIsNotShownAgain(t *testing.T) {
	r := apikey.New(dbtest.SQLite(t), newStillClock()).WithPepper(pepper)
	_, asks := create(t, r, draft())
	d := draft()
	d.Maker.Secret = asks
	k, _ := create(t, r, d)
	if got, err := r.Again(t.Context(), cafe, false, k.ID, asks); got != "" || !errors.Is(err, apikey.ErrNotShown) {
		t.Errorf("%q, %v", got, err)
	}
}
