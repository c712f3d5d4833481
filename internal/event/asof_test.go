package event_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
)

// named is fact with the payer's name as it is then.
func named(key, name string) event.Fact {
	f := fact(cafe, false, "payer.created", key)
	f.Data.GetPayer().Name = name
	return f
}

// TestWhatWas: at each number, objects are what the last event up to there says.
func TestWhatWas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		log, random := event.NewLog(d), rand.New(rand.NewPCG(1, 2))
		var keys []string
		for i := range 20 { // more than the shortest statement takes
			keys = append(keys, fmt.Sprint("p_", i))
		}
		was := []map[string]string{{}} // by number: the names of all
		for i := range 120 {
			key, name := keys[random.IntN(len(keys))], fmt.Sprint("name ", i)
			n := add(t, d, named(key, name))[0]
			now := map[string]string{key: fmt.Sprint(name, " ", n)}
			for k, v := range was[n-1] {
				if k != key {
					now[k] = v
				}
			}
			was = append(was, now)
		}
		for n, want := range was {
			got := map[string]string{}
			were, err := log.AsOf(t.Context(), int64(n), append(keys, "p_never"))
			if err != nil {
				t.Fatal(err)
			}
			for key, m := range were {
				got[key] = fmt.Sprint(m.(*florinv1.Payer).Name, " ", m.(*florinv1.Payer).Sequence)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("as of %d: %v, want %v", n, got, want)
			}
		}
		if were, err := log.AsOf(t.Context(), 1, nil); len(were) != 0 || err != nil {
			t.Errorf("of nothing: %v, %v", were, err)
		}
	})
}

// TestWhatWasIsFoundByIndex: a page costs the same however long the log is.
func TestWhatWasIsFoundByIndex(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var facts []event.Fact
		for i := range 4000 {
			facts = append(facts, named(fmt.Sprint("p_", i%400), "x"))
		}
		add(t, d, facts...)
		watched, seen := dbtest.Recorded(d)
		var keys []string
		for i := range 100 {
			keys = append(keys, fmt.Sprint("p_", i))
		}
		were, err := event.NewLog(watched).AsOf(t.Context(), 3000, keys)
		if err != nil || len(were) != 100 || len(*seen) != 1 {
			t.Fatalf("%d objects by %d queries, %v", len(were), len(*seen), err)
		}
		explain, column := "explain ", 0
		if d.Engine() == "sqlite" {
			explain, column = "explain query plan ", 3
		}
		var plan []string
		err = d.Query(t.Context(), explain+(*seen)[0].SQL, func(r db.Row) error { plan = append(plan, r.Text(column)); return nil }, (*seen)[0].Args...)
		if err != nil {
			t.Fatal(err)
		}
		whole := strings.Join(plan, "\n")
		// PostgreSQL may read a log as short as this one whole to fetch what it has found.
		if regexp.MustCompile(`Seq Scan on event e|SCAN e(vent)?\b`).MatchString(whole) || !strings.Contains(whole, "event_object") {
			t.Errorf("the plan:\n%s", whole)
		}
	})
}
