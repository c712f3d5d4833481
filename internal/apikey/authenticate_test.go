package apikey_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
)

func TestARefusalTellsMoreOnlyToTheHolder(t *testing.T) {
	c := newStillClock()
	r := apikey.New(dbtest.SQLite(t), c)
	k, expired := create(t, r, draft())
	if _, _, err := r.Rotate(t.Context(), rotation(k.ID, time.Second)); err != nil {
		t.Fatal(err)
	}
	k, revoked := create(t, r, draft())
	if _, err := r.Revoke(t.Context(), cafe, false, k.ID, origin); err != nil {
		t.Fatal(err)
	}
	c.move(time.Second)
	for secret, word := range map[string]string{
		expired:                              "has expired",
		revoked:                              "was revoked",
		apikey.NewSecret(false):              "unknown, expired or revoked",
		apikey.NewSecret(true):               "unknown, expired or revoked",
		expired[:len(expired)-1]:             "not whole",
		"":                                   "not whole",
		strings.Repeat("fl_sandbox_", 1_000): "not whole",
		"fl_live_" + expired[len("fl_sandbox_"):]: "not whole",
	} {
		_, err := r.Authenticate(t.Context(), secret)
		if f := fault.Of(err); !errors.Is(err, fault.ErrBadCredentials) || f.Code != fault.ErrBadCredentials.Code || !strings.Contains(f.Detail, word) {
			t.Errorf("%s: %v", word, err)
		}
		if secret != "" && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the refusal repeats the secret", word)
		}
	}
}

func TestAnUnknownKeyIsRememberedForASecond(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newStillClock()
		here, elsewhere := apikey.New(d, c), apikey.New(d, c)
		secret := apikey.NewSecret(false)
		if works(t, here, secret) {
			t.Fatal("a key that is not there works")
		}
		if _, err := elsewhere.CreateWithSecret(t.Context(), draft(), secret); err != nil {
			t.Fatal(err)
		}
		if works(t, here, secret) {
			t.Error("the database was asked again at once")
		}
		c.move(time.Second)
		if !works(t, here, secret) {
			t.Error("the key does not work after a second")
		}
	})
}

func TestADevelopersOwnSecret(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := apikey.New(d, newStillClock())
		secret := apikey.NewSecret(false)
		works(t, r, secret) // now it is remembered as unknown
		k, err := r.CreateWithSecret(t.Context(), draft(), secret)
		if err != nil || !works(t, r, secret) {
			t.Fatalf("made %+v, %v", k, err)
		}
		other := draft()
		other.Name = "another"
		if again, err := r.CreateWithSecret(t.Context(), other, secret); err != nil || again != k {
			t.Errorf("after a restart %+v, %v", again, err)
		}
		live := draft()
		live.Live = true
		for name, refused := range map[string]func() (apikey.Key, error){
			"live secret":   func() (apikey.Key, error) { return r.CreateWithSecret(t.Context(), draft(), apikey.NewSecret(true)) },
			"live key":      func() (apikey.Key, error) { return r.CreateWithSecret(t.Context(), live, apikey.NewSecret(false)) },
			"broken secret": func() (apikey.Key, error) { return r.CreateWithSecret(t.Context(), draft(), "fl_sandbox_hunter2") },
		} {
			if _, err := refused(); err == nil || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestLastUseIsStoredInOneWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newStillClock()
		r := apikey.New(d, c)
		a, secretA := create(t, r, draft())
		b, secretB := create(t, r, draft())
		unused, _ := create(t, r, draft())
		works(t, r, secretA)
		works(t, r, secretB)
		c.move(3 * time.Second)
		works(t, r, secretA)
		if got := get(t, r, a); !got.LastUsedAt.IsZero() {
			t.Errorf("a use was stored by the call itself: %v", got.LastUsedAt)
		}
		if err := r.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if at := get(t, r, a).LastUsedAt; !at.Equal(c.Now()) {
			t.Errorf("used at %v, stored %v", c.Now(), at)
		}
		if at := get(t, r, b).LastUsedAt; !at.Equal(c.Now().Add(-3 * time.Second)) {
			t.Errorf("the other key was used at %v", at)
		}
		if at := get(t, r, unused).LastUsedAt; !at.IsZero() {
			t.Errorf("the unused key was used at %v", at)
		}
		// Another node saw a later use: an earlier one does not undo it.
		ahead := newStillClock()
		ahead.move(time.Hour)
		elsewhere := apikey.New(d, ahead)
		works(t, elsewhere, secretA)
		c.move(2 * time.Second)
		works(t, r, secretA)
		if elsewhere.Flush(t.Context()) != nil || r.Flush(t.Context()) != nil {
			t.Fatal("flush failed")
		}
		if at := get(t, r, a).LastUsedAt; !at.Equal(ahead.Now()) {
			t.Errorf("the last use is %v, want %v", at, ahead.Now())
		}
	})
}

func TestARunningRoomFlushesEveryMinuteAndAtTheEnd(t *testing.T) {
	c := clock.NewManual()
	r := apikey.New(dbtest.SQLite(t), c)
	k, secret := create(t, r, draft())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	works(t, r, secret)
	deadline := time.Now().Add(20 * time.Second)
	for get(t, r, k).LastUsedAt.IsZero() {
		if time.Now().After(deadline) {
			t.Fatal("not flushed after minutes")
		}
		c.Move(time.Minute)
		time.Sleep(time.Millisecond)
	}
	first := get(t, r, k).LastUsedAt
	c.Move(2 * time.Second)
	works(t, r, secret)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if last := get(t, r, k).LastUsedAt; !last.After(first) {
		t.Errorf("the last use is still %v", last)
	}
}

func TestAnAcceptedCallAllocatesNothing(t *testing.T) {
	c := newStillClock()
	r, l := apikey.New(dbtest.SQLite(t), c), apikey.NewLimiter(c)
	_, secret := create(t, r, draft())
	n := testing.AllocsPerRun(1000, func() {
		k, err := r.Authenticate(context.Background(), secret)
		if err != nil {
			t.Fatal(err)
		}
		l.Allow(k.Share())
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	r := apikey.New(dbtest.Open(b, db.Config{URL: dbtest.SQLiteURL(b)}), clock.System{})
	_, secret, err := r.Create(b.Context(), draft())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Authenticate(b.Context(), secret); err != nil {
			b.Fatal(err)
		}
	}
}
