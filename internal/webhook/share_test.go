package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db/dbtest"
)

// TestFiftyIsFifty: also when they are asked for at once.
func TestFiftyIsFifty(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), clock.NewManual())
	var all sync.WaitGroup
	var made atomic.Int64
	for range 150 {
		all.Go(func() {
			if _, _, err := o.Create(context.Background(), Draft{Owner: cafe, Settings: Settings{URL: "https://93.184.216.34/"}}); err == nil {
				made.Add(1)
			}
		})
	}
	all.Wait()
	if made.Load() > EndpointsMax {
		t.Errorf("%d endpoints of one merchant", made.Load())
	}
}

// TestOneMerchantHoldsUpNoOther: with endpoints that take their time and then answer.
func TestOneMerchantHoldsUpNoOther(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), clock.NewManual())
	o.Patience = 20 * time.Second
	c := o.NewCourier()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); c.Run(ctx) }()
	var inside atomic.Int64
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inside.Add(1)
		defer inside.Add(-1)
		select {
		case <-time.After(3500 * time.Millisecond): // and then 200: it never counts as failing
		case <-r.Context().Done():
		}
	}))
	defer slow.Close()
	defer slow.CloseClientConnections()
	quick := o.shop(nil)
	for range 20 {
		o.open(slow.URL, func(s *Settings) { s.Concurrency = 32 })
	}
	if _, _, err := o.Create(t.Context(), Draft{Owner: bakery, Settings: Settings{URL: quick.URL, Types: []string{"payment.created"}}}); err != nil {
		t.Fatal(err)
	}
	var list []string
	for i := range 64 {
		list = append(list, fmt.Sprint("o", i))
	}
	o.happen(cafe, "payment.created", list...)
	began := time.Now()
	for inside.Load() < 500 && time.Since(began) < 30*time.Second {
		time.Sleep(10 * time.Millisecond)
	}
	t.Logf("%d under way after %s", inside.Load(), time.Since(began))
	began = time.Now()
	o.happen(bakery, "payment.created", "bread")
	for len(quick.hooks()) == 0 && time.Since(began) < 40*time.Second {
		time.Sleep(10 * time.Millisecond)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("another merchant's delivery waited %s for one merchant's slow endpoints", took)
	}
	cancel()
	slow.CloseClientConnections()
	<-done
}

// TestTroubleGetsTime: what cannot be sent is not tried at full speed.
func TestTroubleGetsTime(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), clock.NewManual())
	e, _ := o.open("https://93.184.216.34/")
	_ = e
	o.happen(cafe, "payment.created", "one")
	var n atomic.Int64
	o.Sealer, o.Log = sealedVault{theSafe}, slog.New(counting{slog.DiscardHandler, &n})
	stop := o.deliver()
	time.Sleep(3 * time.Second)
	stop()
	if n.Load() > 30 {
		t.Errorf("%d attempts and log lines in 3 s for one delivery", n.Load())
	}
}

// TestARotationKeepsItsPromise: another within the overlap is refused.
func TestARotationKeepsItsPromise(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), clock.NewManual())
	shop := o.shop(nil)
	e, first := o.open(shop.URL)
	public := e.PublicKey
	until := o.clock.Now().Add(24 * time.Hour)
	if _, _, err := o.Rotate(t.Context(), Rotation{Owner: cafe, Endpoint: e.ID, Overlap: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.Rotate(t.Context(), Rotation{Owner: cafe, Endpoint: e.ID, Overlap: time.Minute}); err != nil {
		t.Logf("the second rotation is refused: %v", err)
		return
	}
	o.deliver()
	o.happen(cafe, "payment.created", "one")
	h := o.wait(shop, 1)[0]
	if err := h.verify(first.Text(), public); err != nil && o.clock.Now().Before(until) {
		t.Errorf("the first secret, promised until %s, does not sign: %v", until, err)
	}
}

// TestADescriptionIsShort: whichever door it comes through.
func TestADescriptionIsShort(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), clock.NewManual())
	_, _, err := o.Create(t.Context(), Draft{Owner: cafe, Settings: Settings{URL: "https://93.184.216.34/", Description: strings.Repeat("x", 500_000)}})
	if err == nil {
		t.Error("a description of 500 kB is kept, and copied into an event at each change")
	}
}

// counting counts what is logged.
type counting struct {
	slog.Handler
	n *atomic.Int64
}

func (c counting) Enabled(context.Context, slog.Level) bool { return true }

func (c counting) Handle(context.Context, slog.Record) error {
	c.n.Add(1)
	return nil
}

// sealedVault opens nothing.
type sealedVault struct{ safe }

func (sealedVault) Open([]byte, []byte) ([]byte, error) { return nil, errors.New("vault is sealed") }

// TestAnEventThatBreaksUs is tried again like any other, and holds up no other.
func TestAnEventThatBreaksUs(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), clock.NewManual())
	s, inner := o.shop(nil), o.Encode
	o.Encode = func(e *florinv1.Event) []byte {
		if e.Related.GetId() == "poison" {
			panic("an encoder that does not know this event")
		}
		return inner(e)
	}
	e, _ := o.open(s.URL)
	o.deliver()
	o.happen(cafe, "payment.created", "poison", "good")
	o.until("the other one comes", func() bool { return o.delivery(e, "good").Status == Delivered })
	o.until("it is written down", func() bool { return o.delivery(e, "poison").Attempts == 1 })
	if _, tried, err := o.GetDelivery(t.Context(), cafe, o.delivery(e, "poison").ID); err != nil || tried[0].Error != "internal" {
		t.Errorf("%v %+v", err, tried)
	}
}

// TestPlainIsPlainInCapitals: no delivery goes to the Internet unencrypted, however its URL
// is spelled.
func TestPlainIsPlainInCapitals(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), clock.NewManual())
	e, _ := o.open("https://shop.example/")
	e.URL = "HTTP://93.184.216.34:8443/"
	o.happen(cafe, "payment.created", "one")
	end, err := o.Events.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a, _, err := o.NewCourier().attempt(t.Context(), e, Delivery{Sequence: end}); err != nil || a.Error != "address_refused" {
		t.Errorf("%+v %v", a, err)
	}
}

// TestASweepLeavesNothing of deliveries that took few attempts, as most do.
func TestASweepLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(func(w http.ResponseWriter, _ *http.Request, n int) {
			if n == 1 {
				w.WriteHeader(500)
			}
		})
		e, _ := o.open(s.URL)
		o.happen(cafe, "payment.created", "one", "two")
		o.wait(s, 2)
		o.clock.Move(time.Minute)
		o.until("both are delivered", func() bool {
			return o.delivery(e, "one").Status == Delivered && o.delivery(e, "two").Status == Delivered
		})
		o.clock.Move(keptFor + time.Hour)
		if n, err := o.Sweep(t.Context(), 100); n != 2 || err != nil {
			t.Errorf("%d %v", n, err)
		}
		if left, err := attempts.Select(t.Context(), o.DB, "where true"); err != nil || len(left) != 0 {
			t.Errorf("%v: %d attempts are left", err, len(left))
		}
	})
}

// TestAttemptsArePlacesInARing: the last fifty are there, however many there were.
func TestAttemptsArePlacesInARing(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(nil)
		e, _ := o.open(s.URL)
		o.happen(cafe, "payment.created", "one")
		const n = attemptsKept + 7
		for i := 1; ; i++ {
			o.until("it is written down", func() bool { return o.delivery(e, "one").Attempts == i })
			if i == n {
				break
			}
			if _, err := o.Redeliver(t.Context(), cafe, o.delivery(e, "one").ID); err != nil {
				t.Fatal(err)
			}
			o.clock.Move(lookEvery) // so that it is looked for at once
		}
		_, tried, err := o.GetDelivery(t.Context(), cafe, o.delivery(e, "one").ID)
		if err != nil || len(tried) != attemptsKept || tried[0].Number != n || tried[attemptsKept-1].Number != n-attemptsKept+1 {
			t.Errorf("%v: %d, from %d", err, len(tried), tried[0].Number)
		}
		o.clock.Move(keptFor + time.Hour)
		for {
			n, err := o.Sweep(t.Context(), 100)
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
		if left, err := attempts.Select(t.Context(), o.DB, "where true"); err != nil || len(left) != 0 {
			t.Errorf("%v: %d attempts are left", err, len(left))
		}
	})
}
