package idempotency_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/idempotency"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func key(t testing.TB, text, content string) *idempotency.Key {
	t.Helper()
	k, err := idempotency.New("key_cafe", false, text, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// in runs fn as a flow does: after Check has let it through.
func in(t testing.TB, d *db.DB, k *idempotency.Key, fn func(tx *db.Tx)) error {
	t.Helper()
	return d.Write(t.Context(), k.Locks(), func(tx *db.Tx) error {
		if err := k.Check(tx); err != nil {
			return err
		}
		fn(tx)
		return nil
	})
}

// told is what a request with this key is answered, in a word, by Check and by Seen.
func told(t testing.TB, d *db.DB, k *idempotency.Key) string {
	t.Helper()
	checked, seen := word(in(t, d, k, func(*db.Tx) {})), word(k.Seen(t.Context(), d))
	if checked != seen {
		t.Errorf("Check says %s, Seen %s", checked, seen)
	}
	return checked
}

func word(err error) string {
	if err == nil {
		return "first time"
	}
	if r, ok := errors.AsType[*idempotency.Running](err); ok {
		return "running " + r.Object
	}
	if r, ok := errors.AsType[*idempotency.Replay](err); ok {
		if r.Refusal != nil {
			return "refused " + r.Refusal.Code
		}
		return fmt.Sprint("event ", r.Sequence)
	}
	return fault.Of(err).Code
}

func expect(t testing.TB, d *db.DB, k *idempotency.Key, want string) {
	t.Helper()
	if got := told(t, d, k); got != want {
		t.Errorf("the request is answered %q, want %q", got, want)
	}
}

func TestALifeOfAKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, other := key(t, "k", "pay 10"), key(t, "k", "pay 11")
		expect(t, d, k, "first time")
		expect(t, d, k, "first time") // looking stores nothing

		if err := in(t, d, k, func(tx *db.Tx) { k.Begin(tx, "att_1", start) }); err != nil {
			t.Fatal(err)
		}
		if retry := key(t, "k", "pay 10"); !k.Written() || retry.Written() {
			t.Errorf("written by its request: %t, by a retry: %t", k.Written(), retry.Written())
		}
		expect(t, d, k, "running att_1")
		expect(t, d, other, "idempotency_key_reused")

		later := idempotency.Stored(k.ID()) // as a job has it, which knows the record alone
		finish(t, d, later, func(tx *db.Tx) { later.Finish(tx, 42, start.Add(time.Hour)) })
		expect(t, d, k, "event 42")
		expect(t, d, other, "idempotency_key_reused")
		if err := in(t, d, k, func(*db.Tx) { t.Error("a retry got through to its effect") }); err == nil {
			t.Error("a retry was let through")
		}
	})
}

// finish writes without a check, as whoever ends a running request does.
func finish(t testing.TB, d *db.DB, k *idempotency.Key, fn func(tx *db.Tx)) {
	t.Helper()
	if err := d.Write(t.Context(), k.Locks(), func(tx *db.Tx) error { fn(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestARefusalIsRepeatedWordForWord(t *testing.T) {
	declined := fault.New(fault.Refused, "card_declined", "The card was declined: it is reported lost.")
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for i, f := range []*fault.Fault{
			declined.WithDecline("lost_card", "do_not_retry").WithObject("pay_1"),
			declined,
			fault.New(fault.RailFailed, "rail_refused", "No.").WithDecline("processing_error", "retry_later").WithObject("pay_2"),
		} {
			k := key(t, fmt.Sprint("k", i), "pay")
			if err := in(t, d, k, func(tx *db.Tx) { k.Refuse(tx, f, start) }); err != nil {
				t.Fatal(err)
			}
			r, ok := errors.AsType[*idempotency.Replay](in(t, d, k, func(*db.Tx) {}))
			if !ok || r.Refusal == nil || r.Sequence != 0 {
				t.Fatalf("a refused request is answered %+v", r)
			}
			got, want := r.Refusal, f
			if !reflect.DeepEqual([]any{got.Kind, got.Code, got.Detail, got.DeclineCode, got.Advice, got.Object},
				[]any{want.Kind, want.Code, want.Detail, want.DeclineCode, want.Advice, want.Object}) {
				t.Errorf("refused with %+v, repeated as %+v", want, got)
			}
		}
	})
}

// TestAWriteThatFailsStoresNothing: the corrected request may use the key.
func TestAWriteThatFailsStoresNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k, corrected := key(t, "k", "pay -1"), key(t, "k", "pay 1")
		err := d.Write(t.Context(), k.Locks(), func(tx *db.Tx) error {
			if err := k.Check(tx); err != nil {
				return err
			}
			k.Begin(tx, "pay_1", start)
			return fault.ErrInvalid
		})
		if !errors.Is(err, fault.ErrInvalid) {
			t.Fatal(err)
		}
		if k.Written() {
			t.Error("the key says that it was written by a write that was undone")
		}
		expect(t, d, corrected, "first time")
	})
}

// TestKeysBelongToTheirCallerAndMode: nobody meets another's key.
func TestKeysBelongToTheirCallerAndMode(t *testing.T) {
	d := dbtest.SQLite(t)
	k := key(t, "k", "pay")
	if err := in(t, d, k, func(tx *db.Tx) { k.Finish(tx, 1, start) }); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		caller string
		live   bool
		text   string
	}{
		{"key_pub", false, "k"}, {"key_cafe", true, "k"}, {"key_cafe", false, "K"}, {"key_cafe", false, "k "},
		{"key_cafe|false", false, "k"},
	} {
		other, err := idempotency.New(x.caller, x.live, x.text, []byte("pay"))
		if err != nil {
			t.Fatal(err)
		}
		expect(t, d, other, "first time")
	}
	expect(t, d, k, "event 1")
}

func TestOnlyPrintableKeysUpTo255(t *testing.T) {
	for text, want := range map[string]string{
		"": "idempotency_key_invalid", strings.Repeat("a", 256): "idempotency_key_invalid", "a\n": "idempotency_key_invalid",
		"a\x00": "idempotency_key_invalid", "é": "idempotency_key_invalid", "\x7f": "idempotency_key_invalid",
		strings.Repeat("a", 255): "", "\x20~": "", "8e03978e-40d5-43dd-bc93-6894a57f9324": "",
	} {
		_, err := idempotency.New("c", false, text, []byte("x"))
		if err == nil && want != "" || err != nil && fault.Of(err).Code != want {
			t.Errorf("New(%q) = %v", text, err)
		}
	}
}

// TestARequestWithoutAKey: everything may be called, nothing is kept.
func TestARequestWithoutAKey(t *testing.T) {
	d := dbtest.SQLite(t)
	none := idempotency.Stored("")
	if none != nil || none.ID() != "" || len(none.Locks()) != 0 || none.Seen(t.Context(), d) != nil {
		t.Fatal("no key is not nothing")
	}
	for range 2 {
		if err := in(t, d, none, func(tx *db.Tx) {
			none.Begin(tx, "pay_1", start)
			none.Finish(tx, 1, start)
			none.Refuse(tx, fault.ErrNotFound, start)
		}); err != nil {
			t.Error(err)
		}
	}
	if n := count(t, d); n != 0 {
		t.Errorf("%d records", n)
	}
}

func count(t testing.TB, d *db.DB) (n int64) {
	t.Helper()
	if err := d.Query(t.Context(), "select count(*) from idempotency", func(r db.Row) error { n = r.Int(0); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestKeysAreForgottenAfter30Days, the oldest first and some at a time; a request that
// ends after that leaves no half record behind.
func TestKeysAreForgottenAfter30Days(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var keys []*idempotency.Key
		for i := range 5 {
			k := key(t, fmt.Sprint("k", i), "pay")
			keys = append(keys, k)
			if err := in(t, d, k, func(tx *db.Tx) { k.Begin(tx, "pay", start.Add(time.Duration(i)*time.Hour)) }); err != nil {
				t.Fatal(err)
			}
		}
		finish(t, d, keys[0], func(tx *db.Tx) { keys[0].Finish(tx, 7, start.Add(29*24*time.Hour)) }) // counts from its beginning
		for _, x := range []struct {
			after time.Duration
			limit int
			swept int
			left  int64
		}{
			{30 * 24 * time.Hour, 10, 0, 5}, // to the instant it is still known
			{30*24*time.Hour + time.Microsecond, 10, 1, 4},
			{40 * 24 * time.Hour, 2, 2, 2},
			{40 * 24 * time.Hour, 2, 2, 0},
			{40 * 24 * time.Hour, 2, 0, 0},
		} {
			n, err := idempotency.Sweep(t.Context(), d, start.Add(x.after), x.limit)
			if n != x.swept || err != nil || count(t, d) != x.left {
				t.Errorf("swept %d, %v, %d left; want %d and %d", n, err, count(t, d), x.swept, x.left)
			}
		}
		expect(t, d, keys[0], "first time")
		late := idempotency.Stored(keys[4].ID())
		finish(t, d, late, func(tx *db.Tx) { late.Finish(tx, 9, start) })
		if n := count(t, d); n != 0 {
			t.Errorf("finishing a forgotten request left %d records", n)
		}
	})
}

// TestOneOfManyGetsThrough: of a hundred requests with one key at once one has an
// effect, and all others are told of it.
func TestOneOfManyGetsThrough(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		nodes := []*db.DB{dbtest.Open(t, db.Config{URL: url})}
		if db.IsPostgres(url) {
			nodes = append(nodes, dbtest.Open(t, db.Config{URL: url}))
		}
		var wg sync.WaitGroup
		answers := make(chan string, 100)
		for i := range 100 {
			wg.Go(func() {
				k := key(t, "k", "pay")
				answers <- word(in(t, nodes[i%len(nodes)], k, func(tx *db.Tx) { k.Finish(tx, int64(i+1), start) }))
			})
		}
		wg.Wait()
		close(answers)
		tally := map[string]int{}
		for a := range answers {
			tally[a]++
		}
		if len(tally) != 2 || tally["first time"] != 1 {
			t.Errorf("a hundred requests were answered %v", tally)
		}
	})
}
