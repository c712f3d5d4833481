package event_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
)

// deafClock never wakes anybody by time: what comes, comes by the bell.
type deafClock struct{ clock.System }

func (deafClock) Sleep(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

// follow starts a follower and gives what it got; the channel closes with it.
func follow(t *testing.T, d *db.DB, c clock.Clock, f event.Interest, after int64) <-chan event.Event {
	got := make(chan event.Event)
	done := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer close(done)
		err := event.NewLog(d).Follow(ctx, c, f, after, event.Reader{Take: func(e event.Event) error {
			select {
			case got <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the follower ended with %v", err)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return got
}

func take(t *testing.T, from <-chan event.Event, n int) string {
	t.Helper()
	var out []string
	for range n {
		select {
		case e := <-from:
			if carried, is := e.Object().(interface{ GetId() string }); !is || carried.GetId() != e.Fact.Object {
				t.Errorf("event %d came without its data", e.Sequence)
			}
			out = append(out, e.Fact.Object)
		case <-time.After(20 * time.Second):
			t.Fatalf("only %v came", out)
		}
	}
	return strings.Join(out, " ")
}

// TestAFollowerHearsItsOwn: first what was there, then what happens, of its merchant,
// mode and types only, woken by the commit itself.
func TestAFollowerHearsItsOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		add(t, d, fact(cafe, false, "payer.created", "a"), fact(pub, false, "payer.created", "theirs"), fact(cafe, true, "payer.created", "live"))
		add(t, d, fact(cafe, false, "card.created", "b"), fact(cafe, false, "payer.created", "c"))
		all := follow(t, d, deafClock{}, event.Interest{Merchant: cafe}, 0)
		some := follow(t, d, deafClock{}, event.Interest{Merchant: cafe, Types: []string{"card.created", "card.deleted"}}, 0)
		end, err := event.NewLog(d).End(t.Context())
		if err != nil || end != 5 {
			t.Fatalf("the log ends at %d, %v", end, err)
		}
		late := follow(t, d, deafClock{}, event.Interest{Merchant: cafe}, end)
		if got := take(t, all, 3); got != "a b c" {
			t.Errorf("all: %s", got)
		}
		if got := take(t, some, 1); got != "b" {
			t.Errorf("some: %s", got)
		}
		add(t, d, fact(pub, false, "card.created", "theirs"), fact(cafe, false, "payer.created", "d"))
		if got := take(t, all, 1); got != "d" {
			t.Errorf("all, later: %s", got)
		}
		add(t, d, fact(cafe, false, "card.created", "e"))
		if got := take(t, some, 1); got != "e" {
			t.Errorf("some, later: %s", got)
		}
		if got := take(t, late, 2); got != "d e" {
			t.Errorf("from the end: %s", got)
		}
	})
}

// TestAFollowerMissesNothing: many writers, two nodes, several pages.
func TestAFollowerMissesNothing(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		nodes := []*db.DB{dbtest.Open(t, db.Config{URL: url})}
		if db.IsPostgres(url) {
			nodes = append(nodes, dbtest.Open(t, db.Config{URL: url}))
		}
		const writers, each = 20, 30
		got := follow(t, nodes[0], clock.System{}, event.Interest{Merchant: cafe}, 0)
		var work sync.WaitGroup
		for w := range writers {
			work.Go(func() {
				for i := range each {
					add(t, nodes[w%len(nodes)], fact(pub, false, "payer.created", "theirs"), fact(cafe, false, "payer.created", fmt.Sprint(w, "-", i)))
				}
			})
		}
		var last int64
		seen := map[string]bool{}
		for range writers * each {
			e := <-got
			if e.Sequence <= last || seen[e.Fact.Object] {
				t.Fatalf("event %d (%s) came after %d", e.Sequence, e.Fact.Object, last)
			}
			last, seen[e.Fact.Object] = e.Sequence, true
		}
		work.Wait()
	})
}

func TestAFollowerEndsWithItsReader(t *testing.T) {
	d := dbtest.SQLite(t)
	add(t, d, fact(cafe, false, "payer.created", "a"), fact(cafe, false, "payer.created", "b"))
	full := errors.New("no more room")
	n := 0
	err := event.NewLog(d).Follow(t.Context(), deafClock{}, event.Interest{Merchant: cafe}, 0, event.Reader{Take: func(event.Event) error {
		n++
		return full
	}})
	if !errors.Is(err, full) || n != 1 {
		t.Errorf("after %d events: %v", n, err)
	}
}
