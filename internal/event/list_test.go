package event_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
)

const manyEvents = 50_000

// happened is the n-th fact: 20 ms after the one before, every third of the pub's, five
// to an object, a few of a type that is rare.
func happened(n int) event.Fact {
	whose, kind := cafe, "payment.succeeded"
	switch {
	case n%3 == 0:
		whose = pub
	case n%5000 == 1:
		kind = "dispute.opened"
	case n%200 == 2:
		kind = "payment.failed"
	case n%2 == 0:
		kind = "payment.created"
	}
	f := fact(whose, false, kind, fmt.Sprintf("pay_%d", n/5))
	f.At = now.Add(time.Duration(n) * 20 * time.Millisecond)
	return f
}

func eventFilters() map[string]event.Filter {
	middle := now.Add(manyEvents / 2 * 20 * time.Millisecond)
	return map[string]event.Filter{
		"none":            {},
		"rare type":       {Types: []string{"dispute.opened"}},
		"rare types":      {Types: []string{"dispute.opened", "payment.failed", "payout.sent"}},
		"frequent type":   {Types: []string{"payment.created"}},
		"mixed types":     {Types: []string{"payment.created", "dispute.opened"}},
		"no such type":    {Types: []string{"payout.sent"}},
		"object":          {Object: "pay_4000"},
		"another's":       {Object: "pay_none"},
		"object and type": {Object: "pay_4000", Types: []string{"payment.created"}},
		"from":            {From: middle},
		"to":              {To: middle},
		"a second":        {From: middle, To: middle.Add(time.Second)},
		"an instant":      {From: middle, To: middle},
		"old, rare":       {To: middle, Types: []string{"dispute.opened"}},
	}
}

func wanted(f event.Filter, x event.Fact) bool {
	return x.Merchant == cafe && (len(f.Types) == 0 || slices.Contains(f.Types, x.Type)) && (f.Object == "" || x.Object == f.Object) &&
		(f.From.IsZero() || !x.At.Before(f.From)) && (f.To.IsZero() || !x.At.After(f.To))
}

// TestEveryFilterOfEventsIsBoundedAndExact: among many events all pages of each list
// hold exactly what matches, newest first, and none reads more than its share.
func TestEveryFilterOfEventsIsBoundedAndExact(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		facts := make([]event.Fact, manyEvents)
		for n := range facts {
			facts[n] = happened(n)
		}
		for some := range slices.Chunk(facts, 10_000) {
			add(t, d, some...)
		}
		watched, seen := dbtest.Recorded(d)
		log := event.NewLog(watched)
		for name, f := range eventFilters() {
			var want []int64
			for n, x := range slices.Backward(facts) {
				if wanted(f, x) {
					want = append(want, int64(n+1))
				}
			}
			f.Page.Limit = 100
			var got []int64
			for pages := 0; ; pages++ {
				*seen = nil
				list, next, err := log.List(t.Context(), cafe, false, f)
				if err != nil {
					t.Fatal(err)
				}
				if pages < 2 {
					for _, q := range *seen {
						dbtest.Examined(t, d, q, db.ExaminedMax+1)
					}
				}
				for _, e := range list {
					got = append(got, e.Sequence)
				}
				if next == "" {
					break
				}
				f.Page.After = string(next)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d events, want %d", name, len(got), len(want))
			}
		}
	})
}

// TestInstantsNeverRunBackwardsAlongTheLog: what is written with an earlier clock has the
// instant of the event before it.
func TestInstantsNeverRunBackwardsAlongTheLog(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		early := fact(cafe, false, "payer.created", "b")
		early.At = now.Add(-time.Hour)
		add(t, d, fact(cafe, false, "payer.created", "a"))
		number := add(t, d, early)[0]
		e, err := event.NewLog(d).At(context.Background(), number)
		if err != nil || !e.At.Equal(now) || !id.Valid(e.ID) {
			t.Errorf("the later event is of %v, %v; want %v", e.At, err, now)
		}
		if _, finding, err := event.NewLog(d).Verify(t.Context()); finding != "" || err != nil {
			t.Errorf("verify: %s, %v", finding, err)
		}
	})
}
