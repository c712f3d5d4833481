package merchant_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/merchant"
)

// stillClock moves only when it is told to.
type stillClock struct {
	mu  sync.Mutex
	now time.Time
}

func newStillClock() *stillClock {
	return &stillClock{now: time.Date(2030, 1, 2, 3, 4, 5, 6000, time.UTC)}
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

func draft() merchant.Draft {
	return merchant.Draft{Name: "Café Florin", Country: "NL", CardFeeBps: 290, CardFeeFixedMinor: 30, WalletFeeBps: 50, AmountMaxMinor: 1_000_000}
}

func newRoom(t *testing.T) *merchant.Room { return merchant.New(dbtest.SQLite(t), newStillClock()) }

func create(t *testing.T, r *merchant.Room) merchant.Merchant {
	t.Helper()
	m, err := r.Create(t.Context(), draft())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func state(t *testing.T, r *merchant.Room, key id.Merchant) merchant.State {
	t.Helper()
	m, err := r.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return m.State
}

// told is what the log says of a merchant in one mode, newest first.
func told(t *testing.T, d *db.DB, key id.Merchant, live bool) string {
	t.Helper()
	list, _, err := event.NewLog(d).List(t.Context(), key, live, event.Filter{Page: db.Page{Limit: 10}, Object: string(key)})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		m := e.Data.GetMerchant()
		if m.GetId() != string(key) || m.GetLivemode() != live {
			t.Errorf("%s tells of %v", e.Type, m)
		}
		out = append(out, e.Type+" "+m.GetState())
	}
	return strings.Join(out, ", ")
}

func TestAMerchantIsWhatWasAskedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newStillClock()
		r := merchant.New(d, c)
		m := create(t, r)
		want := merchant.Merchant{
			ID: m.ID, CreatedAt: c.Now(), Name: "Café Florin", Country: "NL", State: merchant.Active,
			CardFeeBps: 290, CardFeeFixedMinor: 30, WalletFeeBps: 50, AmountMaxMinor: 1_000_000, Sequence: 1,
		}
		if m != want || !id.Valid(m.ID) {
			t.Errorf("made %+v", m)
		}
		if got, err := r.Get(t.Context(), m.ID); got != want || err != nil {
			t.Errorf("stored %+v, %v", got, err)
		}
		view := &florinv1.Merchant{
			Id: string(m.ID), Object: "merchant", Name: "Café Florin", Country: "NL", State: "active", CardFeeBps: 290, CardFeeFixed: 30,
			WalletFeeBps: 50, AmountMax: 1_000_000, CreatedAt: timestamppb.New(c.Now()), Livemode: true, Sequence: 2,
		}
		if got := merchant.View(m, true); !proto.Equal(got, view) {
			t.Errorf("shown as %v", got)
		}
	})
}

func TestAnUnknownMerchant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := merchant.New(d, newStillClock())
		for _, key := range []id.Merchant{id.Derive[id.Merchant]("none"), "", "mer_\x00\xff", "payer_1"} {
			_, gotten := r.Get(t.Context(), key)
			_, suspended := r.Suspend(t.Context(), key)
			_, resumed := r.Resume(t.Context(), key)
			for _, err := range []error{gotten, suspended, resumed} {
				if !errors.Is(err, fault.ErrNotFound) {
					t.Errorf("%q: %v", key, err)
				}
			}
		}
	})
}

func TestADevelopersOwnMerchant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r, key := merchant.New(d, newStillClock()), id.Derive[id.Merchant]("dev")
		m, err := r.CreateWithID(t.Context(), key, draft())
		if err != nil || m.ID != key {
			t.Fatalf("made %+v, %v", m, err)
		}
		if _, err := r.Suspend(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		other := draft()
		other.Name = "Another"
		again, err := r.CreateWithID(t.Context(), key, other)
		if m.State, m.Sequence = merchant.Suspended, 3; err != nil || again != m {
			t.Errorf("after a restart %+v, %v", again, err)
		}
		if _, err := r.CreateWithID(t.Context(), "mer_1", draft()); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("a bad id: %v", err)
		}
	})
}

func TestSuspensionIsAtOnceHereAndSoonElsewhere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newStillClock()
		here, elsewhere := merchant.New(d, c), merchant.New(d, c)
		m := create(t, here)
		if state(t, here, m.ID) != merchant.Active || state(t, elsewhere, m.ID) != merchant.Active {
			t.Fatal("not active")
		}
		c.move(time.Second)
		for range 2 { // the second time changes nothing
			if got, err := here.Suspend(t.Context(), m.ID); err != nil || got.State != merchant.Suspended {
				t.Fatalf("suspended: %+v, %v", got, err)
			}
		}
		if got := state(t, here, m.ID); got != merchant.Suspended {
			t.Errorf("here it is %s", got)
		}
		if got := state(t, elsewhere, m.ID); got != merchant.Active {
			t.Errorf("elsewhere it is %s: what was remembered is not used", got)
		}
		c.move(4 * time.Second)
		if got := state(t, elsewhere, m.ID); got != merchant.Suspended {
			t.Errorf("elsewhere it is %s after 5 seconds", got)
		}
		resumed, err := here.Resume(t.Context(), m.ID)
		m.Sequence = 5
		if err != nil || resumed != m || state(t, here, m.ID) != merchant.Active {
			t.Errorf("resumed: %+v, %v", resumed, err)
		}
		for _, live := range []bool{false, true} {
			if got := told(t, d, m.ID, live); got != "merchant.resumed active, merchant.suspended suspended, merchant.created active" {
				t.Errorf("told, live %t: %s", live, got)
			}
		}
	})
}

// Once Suspend has returned, no reader of the old row may put it back into memory.
func TestNoReaderBringsASuspendedMerchantBack(t *testing.T) {
	r := newRoom(t)
	for range 30 {
		m := create(t, r)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						_, _ = r.Get(t.Context(), m.ID)
					}
				}
			})
		}
		if _, err := r.Suspend(t.Context(), m.ID); err != nil {
			t.Error(err)
		}
		close(stop)
		wg.Wait()
		if got := state(t, r, m.ID); got != merchant.Suspended {
			t.Errorf("it is %s again", got)
		}
	}
}

func TestAKnownMerchantAllocatesNothing(t *testing.T) {
	r := newRoom(t)
	m := create(t, r)
	n := testing.AllocsPerRun(1000, func() {
		if _, err := r.Get(context.Background(), m.ID); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
