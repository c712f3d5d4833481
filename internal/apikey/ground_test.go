package apikey_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// stillClock moves only when it is told to, to the nanosecond.
type stillClock struct {
	mu  sync.Mutex
	now time.Time
}

func newStillClock() *stillClock {
	return &stillClock{now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func (c *stillClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stillClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *stillClock) Sleep(ctx context.Context, _ time.Duration) error {
	<-ctx.Done()
	return ctx.Err()
}

var (
	cafe   = id.Derive[id.Merchant]("cafe")
	bakery = id.Derive[id.Merchant]("bakery")
	origin = event.Origin{Request: id.Derive[id.Request]("one"), IdempotencyKey: "once"}
)

func draft() apikey.Draft {
	return apikey.Draft{Merchant: cafe, Name: "till", Scopes: apikey.AllScopes(), RatePerSecond: 50, Burst: 100, Origin: origin}
}

func rotation(key id.APIKey, overlap time.Duration) apikey.Rotation {
	return apikey.Rotation{Merchant: cafe, Key: key, Overlap: overlap, Origin: origin}
}

func create(t *testing.T, r *apikey.Room, d apikey.Draft) (apikey.Key, string) {
	t.Helper()
	k, secret, err := r.Create(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return k, secret
}

// works reports whether the secret is accepted; anything but that or a plain
// refusal fails the test.
func works(t *testing.T, r *apikey.Room, secret string) bool {
	t.Helper()
	k, err := r.Authenticate(t.Context(), secret)
	if err == nil {
		return k.ID != ""
	}
	if f := fault.Of(err); f.Kind != fault.Unauthenticated || f.Code != "credentials_invalid" || k != (apikey.Key{}) {
		t.Fatalf("refused with %v and key %+v", err, k)
	}
	return false
}

func get(t *testing.T, r *apikey.Room, k apikey.Key) apikey.Key {
	t.Helper()
	got, err := r.Get(t.Context(), k.Merchant, k.Live, k.ID)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// told is the types of the merchant's events, oldest first, and their objects.
func told(t *testing.T, d *db.DB, live bool) (types []string, events []event.Event) {
	t.Helper()
	list, _, err := event.NewLog(d).List(t.Context(), cafe, live, event.Filter{Page: db.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	for i := len(list) - 1; i >= 0; i-- {
		types, events = append(types, list[i].Type), append(events, list[i])
	}
	return types, events
}
