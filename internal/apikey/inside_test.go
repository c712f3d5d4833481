package apikey

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

var documented = regexp.MustCompile(`^fl_(sandbox|live)_[0-9a-hjkmnp-tv-z]{59}$`)

// Check characters computed by another program, with zlib's CRC-32.
const (
	bodySample    = "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghj0"
	sandboxSample = "fl_sandbox_" + bodySample + "2bht88z"
	liveSample    = "fl_live_" + bodySample + "1ssrdrx"
)

func TestSecretsHaveTheDocumentedForm(t *testing.T) {
	seen := map[string]bool{}
	for i := range 1000 {
		s := NewSecret(i%2 == 0)
		h, live, whole := read(s)
		if !documented.MatchString(s) || !whole || live != (i%2 == 0) || seen[s] || h != sha256.Sum256([]byte(s)) {
			t.Fatalf("secret %q: live %v, whole %v", s, live, whole)
		}
		seen[s] = true
	}
	for _, s := range []string{sandboxSample, liveSample} {
		if _, _, whole := read(s); !whole {
			t.Errorf("%s is not whole", s)
		}
	}
}

// Every character of the random part varies: no bits are lost on the way.
func TestSecretsAreRandomThroughout(t *testing.T) {
	var seen [randomChars]map[byte]bool
	for range 2000 {
		body := NewSecret(true)[len(modeLive):]
		for i := range seen {
			if seen[i] == nil {
				seen[i] = map[byte]bool{}
			}
			seen[i][body[i]] = true
		}
	}
	for i, chars := range seen {
		want := 32
		if i == randomChars-1 {
			want = 2 // the 256th bit
		}
		if len(chars) != want {
			t.Errorf("character %d takes %d values, want %d", i, len(chars), want)
		}
	}
}

func TestAMistypedSecretIsToldApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(NewSecret(rapid.Bool().Draw(t, "live")))
		i := rapid.IntRange(0, len(s)-2).Draw(t, "place")
		was := string(s)
		if rapid.Bool().Draw(t, "swapped") {
			s[i], s[i+1] = s[i+1], s[i]
		} else {
			s[i] = rapid.Byte().Draw(t, "character")
		}
		if _, _, whole := read(string(s)); whole && string(s) != was {
			t.Fatalf("%q passes for %q", s, was)
		}
		for _, other := range []string{was[:len(was)-1], was + "0", strings.ToUpper(was), " " + was} {
			if _, _, whole := read(other); whole {
				t.Fatalf("%q passes", other)
			}
		}
	})
}

func TestScopesAreAClosedSortedSet(t *testing.T) {
	if !slices.IsSorted(scopeNames) || len(scopeNames) > 32 {
		t.Fatal("the closed list is not in order, or does not fit")
	}
	if got := AllScopes().List(); !slices.Equal(got, scopeNames) {
		t.Errorf("all scopes are %v", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.SampledFrom(scopeNames)).Draw(t, "names")
		s, err := ParseScopes(names)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Compact(slices.Sorted(slices.Values(names)))
		if !slices.Equal(s.List(), want) || stored(s.String()) != s || !s.Within(AllScopes()) || AllScopes().Within(s) != (s == AllScopes()) {
			t.Fatalf("%v became %v", names, s)
		}
		for _, name := range scopeNames {
			one, _ := ParseScopes([]string{name})
			if s.Has(name) != slices.Contains(names, name) || one.Within(s) != s.Has(name) {
				t.Fatalf("%v: has %s is %v", names, name, s.Has(name))
			}
		}
	})
}

func TestAnUnknownScopeIsNamedByItsPlace(t *testing.T) {
	s, err := ParseScopes([]string{"payments:read", "payments:*", "keys:read", ""})
	f := fault.Of(err)
	if s != 0 || f.Kind != fault.Invalid || len(f.Fields) != 2 || f.Fields[0].Pointer != "/scopes/1" || f.Fields[1].Pointer != "/scopes/3" {
		t.Errorf("%v, %v", s, err)
	}
	if AllScopes().Has("payments:*") || AllScopes().Has("") || stored("gone:read keys:read").String() != "keys:read" {
		t.Error("a scope that is not in the list counts")
	}
}

func numberedHash(n int) (h hash) {
	binary.BigEndian.PutUint64(h[:], uint64(n))
	return h
}

func TestACacheIsBounded(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	c := newCache(100, 5*time.Second)
	for i := range 1000 {
		c.put(numberedHash(i), &entry{readAt: now}, c.mark())
		if c.get(numberedHash(i), now) == nil {
			t.Fatal("the newest answer is not there")
		}
	}
	if c.size() != 100 {
		t.Errorf("%d answers, at most 100 may be", c.size())
	}
	later := now.Add(5 * time.Second) // all are stale now: they go first
	for i := range 60 {
		c.put(numberedHash(2000+i), &entry{readAt: later}, c.mark())
	}
	fresh := 0
	for i := range 60 {
		if c.get(numberedHash(2000+i), later) != nil {
			fresh++
		}
	}
	if c.size() > 100 || fresh < 50 {
		t.Errorf("%d answers, %d of the 60 new ones", c.size(), fresh)
	}
}

func TestTheRoomsCachesAreBounded(t *testing.T) {
	r := New(nil, clock.System{})
	if r.known.sizeMax != 10_000 || r.known.freshFor != 5*time.Second || r.unknown.sizeMax != 10_000 || r.unknown.freshFor != time.Second {
		t.Errorf("caches of %d for %v and %d for %v", r.known.sizeMax, r.known.freshFor, r.unknown.sizeMax, r.unknown.freshFor)
	}
}

func TestOneCallerRenewsAnAnswer(t *testing.T) {
	read := time.Unix(1_900_000_000, 0)
	c, h := newCache(10, 5*time.Second), numberedHash(1)
	c.put(h, &entry{readAt: read}, c.mark())
	for _, age := range []time.Duration{0, 3999 * time.Millisecond} {
		if c.get(h, read.Add(age)) == nil {
			t.Errorf("nothing after %v", age)
		}
	}
	near := read.Add(4 * time.Second)
	if c.get(h, near) != nil || c.get(h, near) == nil || c.get(h, near) == nil {
		t.Error("not exactly one caller was sent to renew")
	}
	if c.get(h, read.Add(5*time.Second)) != nil || c.get(h, read.Add(-time.Microsecond)) != nil {
		t.Error("an answer outlived its time, or came before it")
	}
}

func TestAnAnswerFromBeforeAChangeIsNotKept(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	c, h := newCache(10, 5*time.Second), numberedHash(1)
	mark := c.mark()
	c.forget(h)
	if c.put(h, &entry{readAt: now}, mark); c.get(h, now) != nil {
		t.Error("an old answer was kept")
	}
	if c.put(h, &entry{readAt: now}, c.mark()); c.get(h, now) == nil {
		t.Error("a new answer was not kept")
	}
}

func TestIdleKeysLeaveTheLimiter(t *testing.T) {
	c := clock.NewManual()
	l := NewLimiter(c)
	size := func() (n int) {
		for i := range l.shards {
			n += len(l.shards[i].tat)
		}
		return n
	}
	call := func(from, to int) {
		for i := from; i < to; i++ {
			l.Allow(Share{Allowance: fmt.Sprintf("key_%d", i), RatePerSecond: 1, Burst: 1})
		}
	}
	call(0, 20_000)
	c.Move(time.Hour)
	call(20_000, 60_000)
	if n := size(); n > 41_000 {
		t.Errorf("%d keys are counted, 40000 are busy", n)
	}
}

func TestIdleUsesAreForgotten(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	u := newUses()
	u.of("key_busy", now).note(now)
	u.of("key_refused", now)
	if found := u.unflushed(now.Add(time.Second), 10); len(found) != 1 || found["key_busy"] != now.UnixMicro() || len(u.byKey) != 2 {
		t.Fatalf("found %v of %d", found, len(u.byKey))
	}
	u.flushed(map[id.APIKey]int64{"key_busy": now.UnixMicro()})
	if found := u.unflushed(now.Add(time.Minute), 10); len(found) != 0 || len(u.byKey) != 0 {
		t.Errorf("found %v, and %d are kept", found, len(u.byKey))
	}
}

func TestAFlushOfManyKeysStoresThemAll(t *testing.T) {
	r := New(dbtest.SQLite(t), clock.System{})
	k, _, err := r.Create(t.Context(), Draft{Merchant: "mer_1", Scopes: AllScopes()})
	if err != nil {
		t.Fatal(err)
	}
	now := r.clock.Now()
	for i := range 2*flushMax + 1 { // keys that are gone do no harm
		r.uses.of(id.Derive[id.APIKey](fmt.Sprint(i)), now).note(now)
	}
	r.uses.of(k.ID, now).note(now)
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := r.uses.unflushed(now, 10); len(left) != 0 {
		t.Errorf("%d keys are left", len(left))
	}
	if got, err := r.Get(t.Context(), "mer_1", false, k.ID); err != nil || !got.LastUsedAt.Equal(now) {
		t.Errorf("last used at %v, %v", got.LastUsedAt, err)
	}
}

// TestAKeyFromBeforeAllowancesHasItsOwn: their rows do not say.
func TestAKeyFromBeforeAllowancesHasItsOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := New(d, clock.System{})
		now, secret := r.clock.Now(), NewSecret(false)
		old := Key{ID: id.New[id.APIKey](now), Merchant: "mer_1", Prefix: prefixOf(secret), CreatedAt: now}
		if err := d.Write(t.Context(), nil, func(tx *db.Tx) error { insert(tx, old, secret); return nil }); err != nil {
			t.Fatal(err)
		}
		if k, err := r.Authenticate(t.Context(), secret); err != nil || k.Allowance != old.ID {
			t.Errorf("%+v, %v", k, err)
		}
		next, _, err := r.Rotate(t.Context(), Rotation{Merchant: "mer_1", Key: old.ID})
		if err != nil || next.Allowance != old.ID {
			t.Errorf("its successor draws on %q, %v", next.Allowance, err)
		}
	})
}

func TestRotationNeverProlongsAKey(t *testing.T) {
	now := time.Unix(1_900_000_000, 0)
	for _, overlap := range []time.Duration{0, time.Minute, time.Hour} {
		k := Key{ID: "key_1", ExpiresAt: now.Add(time.Minute)}
		old, _, err := k.rotated(Key{ID: "key_2"}, overlap, now)
		if want := now.Add(min(overlap, time.Minute)); err != nil || !old.ExpiresAt.Equal(want) {
			t.Errorf("with an overlap of %v it ends at %v, %v; want %v", overlap, old.ExpiresAt, err, want)
		}
	}
}
