package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

// TestListsAsOfWhileOthersPay walks the payments and refunds as of many events while
// others pay, capture and refund: each walk gives exactly what the events up to there
// say, and the same once all is quiet.
func TestListsAsOfWhileOthersPay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		c := s.caller().as(s.must(t, "key", "create", s.Merchant, "--rate", "0"))
		var stop atomic.Bool
		var busy sync.WaitGroup
		for range 4 {
			busy.Go(func() {
				for !stop.Load() {
					change(t, c)
				}
			})
		}
		walked := map[int64]map[string]string{}
		random := rand.New(rand.NewPCG(1, 2))
		for end := int64(0); end < 800; {
			var last struct{ Data []told }
			read(t, c, "/v1/events?limit=1", &last)
			end = last.Data[0].Sequence
			n := end
			if len(walked)%3 != 0 {
				n = 1 + random.Int64N(end)
			}
			walked[n] = asOf(t, c, n, 5+random.IntN(96))
		}
		stop.Store(true)
		busy.Wait()
		events := history(t, c)
		for n, got := range walked {
			want := map[string]string{}
			for _, e := range events {
				if key, object := e.about(); key != "" && e.Sequence <= n {
					want[key] = object
				}
			}
			if !maps.Equal(got, want) {
				t.Errorf("as of %d: %d objects, want %d, or they differ", n, len(got), len(want))
			}
			if again := asOf(t, c, n, 100); !maps.Equal(again, want) {
				t.Errorf("as of %d, once all is quiet: %d objects, want %d, or they differ", n, len(again), len(want))
			}
		}
		s.Stop(t)
		at.verified(t)
	})
}

// change makes a payment, captures it and gives part of it back.
func change(t *testing.T, c *caller) {
	send := func(path, body string) (key string) {
		a, err := c.do("POST", path, []byte(body))
		if err != nil || a.status != 200 {
			t.Errorf("%s: %d %s, %v", path, a.status, a.body, err)
		}
		return a.field("id")
	}
	key := send("/v1/payments", `{"amount":500,"currency":"USD","source":"tok_visa","capture":"manual"}`)
	send("/v1/payments/"+key+"/capture", "{}")
	send("/v1/refunds", `{"payment":"`+key+`","amount":50}`)
}

// told is an event about a payment or refund.
type told struct {
	Sequence int64 `json:"sequence"`
	Data     struct {
		Payment json.RawMessage `json:"payment"`
		Refund  json.RawMessage `json:"refund"`
	} `json:"data"`
}

// about is the object's id, "" for another noun's, and all of it.
func (e told) about() (key, object string) {
	text := e.Data.Payment
	if string(text) == "" || string(text) == "null" {
		text = e.Data.Refund
	}
	var o struct{ ID string }
	_ = json.Unmarshal(text, &o) // of another noun there is nothing
	return o.ID, string(text)
}

func read(t *testing.T, c *caller, path string, into any) {
	t.Helper()
	a := c.get(t, path).wants(t, 200)
	if err := json.Unmarshal(a.body, into); err != nil {
		t.Fatal(err)
	}
}

// walk reads a list page by page.
func walk[T any](t *testing.T, c *caller, path string) (all []T) {
	t.Helper()
	for after := ""; ; {
		var page struct {
			Data       []T
			HasMore    bool   `json:"has_more"`
			NextCursor string `json:"next_cursor"`
		}
		read(t, c, path+after, &page)
		if all = append(all, page.Data...); !page.HasMore {
			return all
		}
		after = "&starting_after=" + page.NextCursor
	}
}

// asOf is what lists say as of an event.
func asOf(t *testing.T, c *caller, n int64, limit int) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, list := range []string{"payments", "refunds"} {
		for _, text := range walk[json.RawMessage](t, c, fmt.Sprintf("/v1/%s?limit=%d&as_of=%d", list, limit, n)) {
			var o struct{ ID string }
			if err := json.Unmarshal(text, &o); err != nil || all[o.ID] != "" {
				t.Fatalf("as of %d: %s comes twice, %v", n, o.ID, err)
			}
			all[o.ID] = string(text)
		}
	}
	return all
}

// history is the log, oldest first.
func history(t *testing.T, c *caller) []told {
	t.Helper()
	list := walk[told](t, c, "/v1/events?limit=100")
	slices.Reverse(list)
	return list
}
