package webhook

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
)

// TestTheOtherNodeRests: a node that does not hold a busy endpoint's line does not write all the time.
func TestTheOtherNodeRests(t *testing.T) {
	url := dbtest.PostgresURL(t)
	c := clock.NewManual()
	var commits atomic.Int64
	one := newOffice(t, dbtest.Open(t, db.Config{URL: url}), c)
	other := newOffice(t, dbtest.Open(t, db.Config{URL: url, Observe: func(db.Commit) { commits.Add(1) }}), c)
	hang := make(chan struct{})
	s := one.shop(func(_ http.ResponseWriter, r *http.Request, n int) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	one.Patience = 20 * time.Second
	one.deliver()
	one.open(s.URL)
	one.happen(cafe, "payment.created", "p0")
	one.wait(s, 1) // one holds the line
	other.deliver()
	for i := range 20 { // sorted by either
		other.happen(cafe, "payment.created", fmt.Sprint("q", i))
		time.Sleep(50 * time.Millisecond)
	}
	before := commits.Load()
	time.Sleep(2 * time.Second)
	if n := commits.Load() - before; n > 20 {
		t.Errorf("the node that does not hold the line has written %d times in two seconds in which nothing happened", n)
	}
	close(hang)
}

// TestASpanOfOneInstant: more events of one instant than one call takes.
func TestASpanOfOneInstant(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(nil)
		start := o.clock.Now()
		var many []string
		for i := range redeliverMax + 100 {
			many = append(many, fmt.Sprint("m", i))
		}
		at := o.clock.Now()
		o.happenAt(at, many...)
		e, _ := o.open(s.URL)
		after, calls := int64(0), 0
		for {
			_, next, err := o.RedeliverSpan(t.Context(), Span{Owner: cafe, Endpoint: e.ID, From: start, To: at, After: after, DeliveredToo: true})
			if err != nil {
				t.Fatal(err)
			}
			if calls++; calls > 5 {
				t.Fatalf("no end: after %d calls it is to go on after %d, as before", calls, next)
			}
			if after = next; next == 0 {
				break
			}
		}
		o.wait(s, len(many))
	})
}

// TestASuccessBesideAFailure: whichever began first, it says that the endpoint works.
func TestASuccessBesideAFailure(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(nil)
		s.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
			if s.hooks()[n-1].object() == "bad" {
				w.WriteHeader(500)
				return
			}
			time.Sleep(400 * time.Millisecond)
		}
		e, _ := o.open(s.URL)
		o.happen(cafe, "payment.created", "bad", "good")
		o.until("the bad one failed", func() bool { return o.delivery(e, "bad").Attempts == 1 })
		o.until("the good one got through", func() bool { return o.delivery(e, "good").Status == Delivered })
		if at := o.endpoint(e.ID); !at.FailingSince.IsZero() {
			t.Errorf("failing since %s, though the last attempt got through", at.FailingSince)
		}
		// And so it is disabled although something got through after the bad one was tried first.
		for n := 2; n <= TriesMax; n++ {
			o.clock.Move(o.delivery(e, "bad").DueAt.Sub(o.clock.Now()) + time.Millisecond)
			o.until("the attempt is written down", func() bool { return o.delivery(e, "bad").Attempts == n })
		}
		if at := o.endpoint(e.ID); at.Status != Enabled {
			t.Errorf("it is %s (%s)", at.Status, at.DisabledReason)
		}
	})
}

// TestTheOldAddressIsGone: what it answers says nothing of the new one.
func TestTheOldAddressIsGone(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		let := make(chan struct{})
		old := o.shop(func(w http.ResponseWriter, _ *http.Request, _ int) { <-let; w.WriteHeader(410) })
		fresh := o.shop(nil)
		e, _ := o.open(old.URL)
		o.happen(cafe, "payment.created", "one")
		o.wait(old, 1)
		url := fresh.URL
		if _, err := o.Change(t.Context(), cafe, e.ID, Change{URL: &url}, event.Origin{}); err != nil {
			t.Fatal(err)
		}
		close(let)
		o.until("it is written down", func() bool { return o.delivery(e, "one").Attempts >= 1 })
		time.Sleep(50 * time.Millisecond)
		if at := o.endpoint(e.ID); at.Status != Enabled {
			t.Errorf("the endpoint at its new address is %s, %s", at.Status, at.DisabledReason)
		}
	})
}

// TestADeletedEndpointsDeliveriesAreForgotten: as everything else is.
func TestADeletedEndpointsDeliveriesAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(500) })
		e, _ := o.open(s.URL)
		o.happen(cafe, "payment.created", "one")
		o.until("it is written down", func() bool { return o.delivery(e, "one").Attempts == 1 })
		if _, err := o.Delete(t.Context(), cafe, e.ID, event.Origin{}); err != nil {
			t.Fatal(err)
		}
		o.clock.Move(400 * 24 * time.Hour)
		if _, err := o.Sweep(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		if d := o.delivery(e, "one"); d.ID != "" {
			t.Errorf("a year later it is still %s", d.Status)
		}
	})
}

// TestWhatHasJustEndedIsKept: for thirty days, however old its event.
func TestWhatHasJustEndedIsKept(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		start := o.clock.Now()
		o.happen(cafe, "payment.created", "one")
		o.clock.Move(keptFor + time.Hour)
		s := o.shop(nil)
		e, _ := o.open(s.URL)
		if _, _, err := o.RedeliverSpan(t.Context(), Span{Owner: cafe, Endpoint: e.ID, From: start}); err != nil {
			t.Fatal(err)
		}
		o.until("it is written down", func() bool { return o.delivery(e, "one").Status == Delivered })
		if _, err := o.Sweep(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		if d := o.delivery(e, "one"); d.ID == "" {
			t.Error("what ended a moment ago is forgotten")
		}
	})
}

// TestWhatHappensWhileDisabled: is not delivered afterwards, whoever else listens.
func TestWhatHappensWhileDisabled(t *testing.T) {
	for _, others := range []bool{false, true} {
		t.Run(fmt.Sprintf("others=%v", others), func(t *testing.T) {
			each(t, func(t *testing.T, o *office) {
				s := o.shop(nil)
				if others {
					if _, _, err := o.Create(t.Context(), Draft{Owner: bakery, Settings: Settings{URL: o.shop(nil).URL}}); err != nil {
						t.Fatal(err)
					}
				}
				e, _ := o.open(s.URL)
				o.happen(cafe, "payment.created", "one")
				o.wait(s, 1)
				off, on := false, true
				if _, err := o.Change(t.Context(), cafe, e.ID, Change{Enabled: &off}, event.Origin{}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(1500 * time.Millisecond)
				o.happen(cafe, "payment.created", "meanwhile")
				time.Sleep(1500 * time.Millisecond)
				if _, err := o.Change(t.Context(), cafe, e.ID, Change{Enabled: &on}, event.Origin{}); err != nil {
					t.Fatal(err)
				}
				o.happen(cafe, "payment.created", "after")
				o.until("after comes", func() bool { return o.delivery(e, "after").Status == Delivered })
				time.Sleep(1500 * time.Millisecond)
				want := "one after" // as with others; the contract says "gets nothing until it is enabled"
				if got := s.objects(); got != want {
					t.Errorf("others=%v: it got %q, want %q", others, got, want)
				}
			})
		})
	}
}

// TestWhatWasLookedAtIsNotLookedAtAgain: by the rules of later, also after a restart.
func TestWhatWasLookedAtIsNotLookedAtAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		o := newOffice(t, d, clock.NewManual())
		stop := o.deliver()
		s := o.shop(nil)
		e, _ := o.open(s.URL, func(s *Settings) { s.Types = []string{"payment.failed"} })
		o.happen(cafe, "payment.created", "unwanted1", "unwanted2")
		looked := func() bool {
			n, err := o.sorted(t.Context())
			end, failed := o.Events.End(t.Context())
			return err == nil && failed == nil && n >= end
		}
		o.until("they are looked at: nobody wants them", looked)
		types := []string{"payment.created"}
		if _, err := o.Change(t.Context(), cafe, e.ID, Change{Types: &types}, event.Origin{}); err != nil {
			t.Fatal(err)
		}
		o.until("the change is looked at", looked)
		stop() // and begins again
		o.deliver()
		o.happen(cafe, "payment.created", "wanted")
		o.until("it comes", func() bool { return o.delivery(e, "wanted").Status == Delivered })
		time.Sleep(300 * time.Millisecond)
		if got := s.objects(); got != "wanted" {
			t.Errorf("it got %q", got)
		}
	})
}

// happenAt makes events of one instant.
func (o *office) happenAt(at time.Time, objects ...string) {
	o.t.Helper()
	err := o.DB.Write(o.t.Context(), []db.Lock{event.Lock()}, func(tx *db.Tx) error {
		for _, object := range objects {
			event.Append(tx, event.Fact{
				Merchant: cafe.Merchant, Type: "payment.created", Object: object, At: at, Data: &florinv1.EventData{Object: &florinv1.EventData_Payment{Payment: &florinv1.Payment{Id: object}}},
			})
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
}
