package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
)

// TestTheListAsItWas walks lists as of many events while others write, half of the time at
// one instant: each is exactly what the log says of then, and stays so.
func TestTheListAsItWas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h, log := newHouseOn(t, d), event.NewLog(d)
		var stop atomic.Bool
		var busy sync.WaitGroup
		for i := range 4 {
			busy.Go(func() { h.changeKeys(t, rand.New(rand.NewPCG(7, uint64(i))), &stop) })
		}
		first := map[int64]map[string]string{}
		random := rand.New(rand.NewPCG(1, 2))
		for range 25 {
			if random.IntN(2) == 0 {
				h.clock.move(time.Duration(random.IntN(3)) * time.Millisecond)
			}
			end, err := log.End(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			n := 1 + random.Int64N(end)
			want, got := h.keysTold(t, log, n), h.keysListed(t, n, 1+random.IntN(30))
			if !maps.Equal(got, want) {
				t.Fatalf("as of %d:\n%v, want\n%v", n, got, want)
			}
			first[n] = got
		}
		stop.Store(true)
		busy.Wait()
		for n, want := range first {
			if got := h.keysListed(t, n, 100); !maps.Equal(got, want) {
				t.Errorf("as of %d it is another list later:\n%v, first\n%v", n, got, want)
			}
		}
	})
}

// changeKeys makes, rotates and revokes keys.
func (h *house) changeKeys(t *testing.T, random *rand.Rand, stop *atomic.Bool) {
	var mine []id.APIKey
	for n := 0; n < 80 && !stop.Load(); n++ { // the walks get longer with each
		k, _, err := h.keys.Create(t.Context(), apikey.Draft{Merchant: cafe, Scopes: apikey.AllScopes(), Name: fmt.Sprint(random.Int())})
		if err != nil {
			t.Error(err)
			return
		}
		mine = append(mine, k.ID)
		some := mine[random.IntN(len(mine))] // it may have ended: that is refused, or changes nothing
		if random.IntN(2) == 0 {
			_, _, _ = h.keys.Rotate(t.Context(), apikey.Rotation{Merchant: cafe, Key: some, Overlap: time.Hour})
		} else {
			_, _ = h.keys.Revoke(t.Context(), cafe, false, some, event.Origin{})
		}
	}
}

// keysTold is what the events up to a number say of all keys.
func (h *house) keysTold(t *testing.T, log *event.Log, upTo int64) map[string]string {
	t.Helper()
	told := map[string]string{}
	for n := int64(1); n <= upTo; n++ {
		e, err := log.At(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		k, is := e.Object().(*florinv1.ApiKey)
		if !is { // the merchant's own beginning
			continue
		}
		told[k.Id] = fmt.Sprintln(n, k.Name, k.ReplacedBy, k.RevokedAt != nil)
	}
	return told
}

// keysListed walks the list as of a number.
func (h *house) keysListed(t *testing.T, n int64, limit int) map[string]string {
	t.Helper()
	listed := map[string]string{}
	for after := ""; ; {
		var page struct {
			Data []struct {
				ID         string `json:"id"`
				Sequence   int64  `json:"sequence"`
				Name       string `json:"name"`
				ReplacedBy string `json:"replaced_by"`
				RevokedAt  string `json:"revoked_at"`
			} `json:"data"`
			HasMore    bool   `json:"has_more"`
			NextCursor string `json:"next_cursor"`
		}
		a := h.ask("GET", fmt.Sprintf("/v1/api_keys?as_of=%d&limit=%d%s", n, limit, after), "")
		if err := json.Unmarshal([]byte(a.body), &page); err != nil || a.StatusCode != 200 {
			t.Fatalf("%d %s, %v", a.StatusCode, a.body, err)
		}
		for _, k := range page.Data {
			if listed[k.ID] != "" {
				t.Fatalf("as of %d: %s comes twice", n, k.ID)
			}
			listed[k.ID] = fmt.Sprintln(k.Sequence, k.Name, k.ReplacedBy, k.RevokedAt != "")
		}
		if !page.HasMore {
			return listed
		}
		after = "&starting_after=" + page.NextCursor
	}
}
