package event_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

var (
	now  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cafe = id.Derive[id.Merchant]("cafe")
	pub  = id.Derive[id.Merchant]("pub")
)

// fact is that something of that name happened to the merchant.
func fact(m id.Merchant, live bool, kind, name string) event.Fact {
	f := event.Fact{
		Merchant: m, Live: live, Type: kind, Object: name, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Payer{Payer: &florinv1.Payer{Id: name}}},
	}
	switch noun, _, _ := strings.Cut(kind, "."); noun {
	case "card":
		f.Data.Object = &florinv1.EventData_Card{Card: &florinv1.Card{Id: name}}
	case "payment":
		f.Data.Object = &florinv1.EventData_Payment{Payment: &florinv1.Payment{Id: name}}
	case "dispute":
		f.Data.Object = &florinv1.EventData_Dispute{Dispute: &florinv1.Dispute{Id: name}}
	}
	return f
}

func add(t testing.TB, d *db.DB, facts ...event.Fact) []int64 {
	t.Helper()
	var numbers []int64
	err := d.Write(context.Background(), []db.Lock{event.Lock()}, func(tx *db.Tx) error {
		numbers = nil
		for _, f := range facts {
			numbers = append(numbers, event.Append(tx, f))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return numbers
}

func TestAnEventIsReadAsItWasWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := fact(cafe, false, "payer.created", "payer_1")
		f.Origin = event.Origin{Request: "req_1", IdempotencyKey: "k"}
		number := add(t, d, f)[0]
		log := event.NewLog(d)
		e, err := log.At(t.Context(), number)
		if err != nil || number != 1 || e.Sequence != 1 || !id.Valid(e.ID) || e.Merchant != cafe || e.Type != f.Type ||
			e.Fact.Object != "payer_1" || e.Origin != f.Origin || !e.At.Equal(now) {
			t.Fatalf("event %d is %+v, %v", number, e, err)
		}
		if p, ok := e.Object().(*florinv1.Payer); !ok || p.Id != "payer_1" {
			t.Errorf("its object is %v", e.Object())
		}
		same, err := log.Get(t.Context(), cafe, false, e.ID)
		if err != nil || same.Sequence != 1 || same.Data.GetPayer().GetId() != "payer_1" {
			t.Errorf("by its id: %+v, %v", same, err)
		}
		for _, x := range []struct {
			m    id.Merchant
			live bool
			e    id.Event
		}{{pub, false, e.ID}, {cafe, true, e.ID}, {cafe, false, id.Derive[id.Event]("never")}, {cafe, false, ""}} {
			if _, err := log.Get(t.Context(), x.m, x.live, x.e); !errors.Is(err, fault.ErrNotFound) {
				t.Errorf("Get(%s, %t, %s) = %v, want not found", x.m, x.live, x.e, err)
			}
		}
		if _, err := log.At(t.Context(), 2); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("At(2) = %v, want not found", err)
		}
	})
}

// TestNumbersHaveNoGaps: many writers, on PostgreSQL through two nodes, some of whom
// change their mind; what is numbered is there, and in the order of the numbers.
func TestNumbersHaveNoGaps(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		nodes := []*db.DB{dbtest.Open(t, db.Config{URL: url})}
		if db.IsPostgres(url) {
			nodes = append(nodes, dbtest.Open(t, db.Config{URL: url}))
		}
		const writers = 200
		var wg sync.WaitGroup
		var mu sync.Mutex
		var numbers []int64
		for i := range writers {
			wg.Go(func() {
				d := nodes[i%len(nodes)]
				if i%10 == 3 {
					_ = d.Write(context.Background(), []db.Lock{event.Lock()}, func(tx *db.Tx) error {
						event.Append(tx, fact(cafe, false, "payer.created", "never"))
						return errors.New("changed its mind")
					})
				}
				got := add(t, d, fact(cafe, false, "payer.created", fmt.Sprint("a", i)), fact(cafe, false, "payer.created", fmt.Sprint("b", i)))
				mu.Lock()
				defer mu.Unlock()
				numbers = append(numbers, got...)
				if len(got) != 2 || got[1] != got[0]+1 {
					t.Errorf("one write got the numbers %v", got)
				}
			})
		}
		wg.Wait()
		slices.Sort(numbers)
		for i, n := range numbers {
			if n != int64(i+1) {
				t.Fatalf("the numbers run %d, then %d", i, n)
			}
		}
		n, finding, err := event.NewLog(nodes[0]).Verify(t.Context())
		if n != 2*writers || finding != "" || err != nil {
			t.Errorf("Verify = %d, %q, %v", n, finding, err)
		}
	})
}

// TestNobodyOvertakes: whoever reads the log while it grows never sees a number before
// the ones in front of it, so a reader that remembers the last one misses nothing.
func TestNobodyOvertakes(t *testing.T) {
	url := dbtest.PostgresURL(t)
	nodes := []*db.DB{dbtest.Open(t, db.Config{URL: url}), dbtest.Open(t, db.Config{URL: url})}
	var wg sync.WaitGroup
	done := make(chan struct{})
	for i := range 8 {
		wg.Go(func() {
			for range 25 {
				add(t, nodes[i%2], fact(cafe, false, "payer.created", "x"))
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	for seen, running := int64(0), true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		var numbers []int64
		err := nodes[0].Query(t.Context(), "select sequence from event where sequence > $1 order by sequence", func(r db.Row) error {
			numbers = append(numbers, r.Int(0))
			return nil
		}, seen)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range numbers {
			if n != seen+1 {
				t.Fatalf("event %d was there before event %d", n, seen+1)
			}
			seen = n
		}
	}
}

// names are the objects of a page and whether more follow.
func names(t testing.TB, d *db.DB, m id.Merchant, live bool, f event.Filter) string {
	t.Helper()
	list, next, err := event.NewLog(d).List(t.Context(), m, live, f)
	if err != nil {
		return fault.Of(err).Code
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Fact.Object)
	}
	if next != "" {
		out = append(out, "…")
	}
	return strings.Join(out, " ")
}

func TestListsRunBothWays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ids := map[string]id.Event{}
		for i := range 7 {
			kind := "payer.created"
			if i%2 == 1 {
				kind = "card.created"
			}
			name := string(rune('a' + i))
			n := add(t, d, fact(cafe, false, kind, name), fact(pub, false, kind, "pub-"+name), fact(cafe, true, kind, "live-"+name))[0]
			e, err := event.NewLog(d).At(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			ids[name] = e.ID
		}
		for _, x := range []struct {
			page event.Filter
			want string
		}{
			{event.Filter{Page: db.Page{Limit: 10}}, "g f e d c b a"},
			{event.Filter{Page: db.Page{Limit: 7}}, "g f e d c b a"},
			{event.Filter{Page: db.Page{Limit: 3}}, "g f e …"},
			{event.Filter{Page: db.Page{Limit: 3, After: string(ids["e"])}}, "d c b …"},
			{event.Filter{Page: db.Page{Limit: 3, After: string(ids["d"])}}, "c b a"},
			{event.Filter{Page: db.Page{Limit: 3, After: string(ids["a"])}}, ""},
			{event.Filter{Page: db.Page{Limit: 3, Before: string(ids["c"])}}, "f e d …"},
			{event.Filter{Page: db.Page{Limit: 3, Before: string(ids["d"])}}, "g f e"},
			{event.Filter{Page: db.Page{Limit: 3, Before: string(ids["g"])}}, ""},
			{event.Filter{Page: db.Page{Limit: 2}, Types: []string{"card.created"}}, "f d …"},
			{event.Filter{Page: db.Page{Limit: 2, After: string(ids["d"])}, Types: []string{"card.created"}}, "b"},
			{event.Filter{Page: db.Page{Limit: 2, Before: string(ids["a"])}, Types: []string{"card.created"}}, "d b …"},
			{event.Filter{Page: db.Page{Limit: 2, Before: string(ids["c"])}, Types: []string{"card.created"}}, "f d"},
			{event.Filter{Page: db.Page{Limit: 2}, Types: []string{"card.deleted"}}, ""},
			{event.Filter{Page: db.Page{Limit: 2, After: string(id.Derive[id.Event]("never"))}}, "not_found"},
		} {
			if got := names(t, d, cafe, false, x.page); got != x.want {
				t.Errorf("%+v gives %q, want %q", x.page, got, x.want)
			}
		}
		if got := names(t, d, pub, false, event.Filter{Page: db.Page{Limit: 2}}); got != "pub-g pub-f …" {
			t.Errorf("the pub sees %q", got)
		}
		if got := names(t, d, pub, false, event.Filter{Page: db.Page{Limit: 2, After: string(ids["c"])}}); got != "not_found" {
			t.Errorf("from another's event the pub sees %q", got)
		}
		if got := names(t, d, cafe, true, event.Filter{Page: db.Page{Limit: 2}}); got != "live-g live-f …" {
			t.Errorf("live: %q", got)
		}
	})
}
