package apikey_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

func TestAKeyIsWhatWasAskedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newStillClock()
		r := apikey.New(d, c)
		for _, live := range []bool{false, true} {
			want := draft()
			want.Live = live
			k, secret := create(t, r, want)
			if !strings.HasPrefix(secret, k.Prefix) || len(k.Prefix) >= len(secret)-40 {
				t.Errorf("prefix %q of a secret of %d characters", k.Prefix, len(secret))
			}
			if k.Merchant != cafe || k.Live != live || k.Name != "till" || k.Scopes != apikey.AllScopes() || k.RatePerSecond != 50 || k.Burst != 100 || !k.CreatedAt.Equal(c.Now()) {
				t.Errorf("made %+v", k)
			}
			if got := get(t, r, k); got != k {
				t.Errorf("stored %+v, made %+v", got, k)
			}
			if got, err := r.Authenticate(t.Context(), secret); err != nil || got != k {
				t.Errorf("authenticated as %+v, %v", got, err)
			}
			types, events := told(t, d, live)
			if !reflect.DeepEqual(types, []string{"api_key.created"}) || events[0].Origin != origin || events[0].Fact.Object != string(k.ID) {
				t.Errorf("told %+v", events)
			}
		}
	})
}

func TestBadDraftsAreRefusedPlaceByPlace(t *testing.T) {
	r := apikey.New(dbtest.SQLite(t), newStillClock())
	for pointer, spoil := range map[string]func(*apikey.Draft){
		"/name":            func(d *apikey.Draft) { d.Name = strings.Repeat("é", apikey.NameMax+1) },
		"/name#nul":        func(d *apikey.Draft) { d.Name = "a\x00b" },
		"/name#utf8":       func(d *apikey.Draft) { d.Name = "a\xffb" },
		"/scopes":          func(d *apikey.Draft) { d.Scopes = 0 },
		"/rate_per_second": func(d *apikey.Draft) { d.RatePerSecond = -1 },
		"/burst":           func(d *apikey.Draft) { d.Burst = apikey.BurstMax + 1 },
	} {
		d := draft()
		spoil(&d)
		_, secret, err := r.Create(t.Context(), d)
		f := fault.Of(err)
		pointer, _, _ = strings.Cut(pointer, "#")
		if !errors.Is(err, fault.ErrInvalid) || len(f.Fields) != 1 || f.Fields[0].Pointer != pointer || secret != "" {
			t.Errorf("%s: %v", pointer, err)
		}
	}
	d := draft()
	d.Burst, d.Name = 0, strings.Repeat("é", apikey.NameMax)
	if k, _ := create(t, r, d); k.Burst != k.RatePerSecond {
		t.Errorf("burst is %d", k.Burst)
	}
	d.RatePerSecond, d.Burst = 0, 7
	if k, _ := create(t, r, d); k.Burst != 0 {
		t.Errorf("an unlimited key has burst %d", k.Burst)
	}
}

func TestAnothersKeyDoesNotExist(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := apikey.New(d, newStillClock())
		k, secret := create(t, r, draft())
		for name, c := range map[string]struct {
			merchant id.Merchant
			live     bool
			key      id.APIKey
		}{
			"another merchant": {bakery, false, k.ID},
			"another mode":     {cafe, true, k.ID},
			"another id":       {cafe, false, id.Derive[id.APIKey]("none")},
			"odd bytes":        {cafe, false, "key_\x00\xff"},
			"nothing":          {cafe, false, ""},
		} {
			_, gotten := r.Get(t.Context(), c.merchant, c.live, c.key)
			_, _, rotated := r.Rotate(t.Context(), apikey.Rotation{Merchant: c.merchant, Live: c.live, Key: c.key, Overlap: time.Hour, Origin: origin})
			_, revoked := r.Revoke(t.Context(), c.merchant, c.live, c.key, origin)
			for _, err := range []error{gotten, rotated, revoked} {
				if !errors.Is(err, fault.ErrNotFound) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if !works(t, r, secret) {
			t.Error("somebody else ended the key")
		}
	})
}

func TestListsRunBothWays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := apikey.New(d, newStillClock())
		var ids []id.APIKey // newest first
		for range 5 {
			k, _ := create(t, r, draft())
			ids = append([]id.APIKey{k.ID}, ids...)
		}
		foreign := draft()
		foreign.Merchant = bakery
		other, _ := create(t, r, foreign)
		for name, c := range map[string]struct {
			page apikey.Page
			want []id.APIKey
			more bool
		}{
			"first":        {apikey.Page{Limit: 2}, ids[:2], true},
			"all":          {apikey.Page{Limit: 5}, ids, false},
			"after":        {apikey.Page{Limit: 2, After: ids[1]}, ids[2:4], true},
			"last":         {apikey.Page{Limit: 2, After: ids[2]}, ids[3:], false},
			"past the end": {apikey.Page{Limit: 2, After: ids[4]}, nil, false},
			"before":       {apikey.Page{Limit: 2, Before: ids[3]}, ids[1:3], true},
			"to the start": {apikey.Page{Limit: 2, Before: ids[2]}, ids[:2], false},
		} {
			list, more, err := r.List(t.Context(), cafe, false, c.page)
			var got []id.APIKey
			for _, k := range list {
				got = append(got, k.ID)
			}
			if err != nil || more != c.more || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: %v, %v, %v; want %v, %v", name, got, more, err, c.want, c.more)
			}
		}
		if _, _, err := r.List(t.Context(), cafe, false, apikey.Page{Limit: 2, After: other.ID}); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("a foreign cursor gave %v", err)
		}
	})
}

// The secret is looked for in everything that SQLite wrote. That its hash and
// prefix are found shows that the search can find.
func TestASecretIsKeptNowhere(t *testing.T) {
	url := dbtest.SQLiteURL(t)
	d, err := db.Open(t.Context(), db.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	r := apikey.New(d, newStillClock())
	k, first := create(t, r, draft())
	_, second, err := r.Rotate(t.Context(), rotation(k.ID, time.Hour))
	if err != nil || !works(t, r, first) || !works(t, r, second) || r.Flush(t.Context()) != nil {
		t.Fatal("the keys do not work")
	}
	_, events := told(t, d, false)
	for _, e := range events {
		if e.Object().(*florinv1.ApiKey).GetSecret() != "" {
			t.Errorf("%s tells the secret", e.Type)
		}
	}
	search := func(when string) {
		files, _ := filepath.Glob(url + "*")
		var all strings.Builder
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(data)
		}
		for _, secret := range []string{first, second} {
			prefix := secret[:len("fl_sandbox_")+8]
			if strings.Contains(all.String(), secret[len(prefix):len(prefix)+16]) || strings.Contains(all.String(), secret) {
				t.Errorf("%s: the secret is in the database", when)
			}
			if !strings.Contains(all.String(), prefix) {
				t.Errorf("%s: not even the prefix is in the database", when)
			}
		}
	}
	search("open")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	search("closed")
}

func TestAClosedDatabaseMakesNoKey(t *testing.T) {
	d, err := db.Open(t.Context(), db.Config{URL: dbtest.SQLiteURL(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	k, secret, err := apikey.New(d, newStillClock()).Create(t.Context(), draft())
	if k != (apikey.Key{}) || secret != "" || !errors.Is(err, db.ErrClosed) {
		t.Errorf("gave %+v, a secret of %d characters, %v", k, len(secret), err)
	}
}
