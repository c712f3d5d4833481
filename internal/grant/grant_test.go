package grant_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
)

// TestAGrantKnowsItsLastEvent, which tells all that its answer does; and a list until an
// instant has nothing that was given later.
func TestAGrantKnowsItsLastEvent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		room, cafe := grant.NewRoom(d, clock.System{}), id.Derive[id.Merchant]("cafe")
		every, err := grant.ParseInterval("R12/2026-01-01T00:00:00Z/P1M")
		if err != nil {
			t.Fatal(err)
		}
		give := func() id.Grant {
			g, err := grant.New(grant.Draft{
				Merchant: cafe, Person: "per_1", Payer: "payer_1", Client: "cli_1", Scopes: []string{"payments:read"}, For: time.Hour,
				Limits: []grant.Limit{{Payee: cafe, Currency: "USD", Max: 500, Interval: every}},
			}, clock.System{}.Now())
			if err != nil {
				t.Fatal(err)
			}
			err = d.Write(t.Context(), g.CreateLocks(), func(tx *db.Tx) error { grant.Create(tx, g, event.Origin{}, g.CreatedAt); return nil })
			if err != nil {
				t.Fatal(err)
			}
			return g.ID
		}
		first := give()
		at := clock.System{}.Now()
		for range 2 {
			time.Sleep(2 * time.Millisecond)
			give()
		}
		stands := func(g grant.Grant, sequence int64) {
			t.Helper()
			e, err := event.NewLog(d).At(t.Context(), sequence)
			if err != nil || g.Sequence != sequence || len(g.Limits) != 1 || !proto.Equal(e.Object(), grant.View(g, clock.System{}.Now())) {
				t.Errorf("the grant %+v, and event %d holds %v, %v", g, sequence, e.Object().(*florinv1.Grant), err)
			}
		}
		g, err := room.Get(t.Context(), cafe, false, first)
		if err != nil {
			t.Fatal(err)
		}
		stands(g, 1)
		if g, err = room.Revoke(t.Context(), cafe, false, first, grant.Ending{By: grant.ByMerchant}); err != nil {
			t.Fatal(err)
		}
		stands(g, 4)
		if g, err = room.Get(t.Context(), cafe, false, first); err != nil {
			t.Fatal(err)
		}
		stands(g, 4)
		list, next, err := room.List(t.Context(), cafe, false, grant.Filter{Page: db.Page{Limit: 10}, To: at})
		if err != nil || next != "" || len(list) != 1 || list[0].ID != first {
			t.Errorf("until then: %v, %q, %v", list, next, err)
		}
	})
}
