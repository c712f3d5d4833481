package fault

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	crashes     = 12 // FLORIN_CRASHES asks for more
	crashLife   = 400 * time.Millisecond
	hourOfClock = 3600 // seconds that the receiver is down for, by the sandbox's clock
	mailWithin  = 2 * time.Minute
)

// receiver is a merchant's server that is down until it is opened.
type receiver struct {
	t       testing.TB
	address string
	secret  []byte

	mu       sync.Mutex
	first    []arrival // each event's first
	seen     map[string]int
	unsigned int
}

type arrival struct {
	ID       string `json:"id"`
	Sequence int64  `json:"sequence"`
	Related  struct {
		ID string `json:"id"`
	} `json:"related"`
}

func newReceiver(t testing.TB) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // nobody listens there until it is opened
	return &receiver{t: t, address: l.Addr().String(), seen: map[string]int{}}
}

func (r *receiver) open() {
	r.t.Helper()
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(r.take)}
	go func() { _ = s.Serve(l) }()
	r.t.Cleanup(func() { _ = s.Close() })
}

func (r *receiver) take(_ http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return
	}
	mac := hmac.New(sha256.New, r.secret)
	fmt.Fprintf(mac, "%s.%s.%s", q.Header.Get("webhook-id"), q.Header.Get("webhook-timestamp"), body)
	signature := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	var a arrival
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(strings.Fields(q.Header.Get("webhook-signature")), signature) || json.Unmarshal(body, &a) != nil || a.ID != q.Header.Get("webhook-id") {
		r.unsigned++
		return
	}
	if r.seen[a.ID]++; r.seen[a.ID] == 1 {
		r.first = append(r.first, a)
	}
}

// has reports whether all of the events have come.
func (r *receiver) has(events []arrival) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range events {
		if r.seen[e.ID] == 0 {
			return false
		}
	}
	return true
}

// endpoint lets the receiver get every event, of each object in order.
func (r *receiver) endpoint(c *api) {
	r.t.Helper()
	a, err := c.post("/v1/webhook_endpoints", "hook", map[string]any{"url": "http://" + r.address + "/hooks", "ordered": true})
	var e struct{ Secret string }
	if err != nil || a.status != 200 || json.Unmarshal(a.body, &e) != nil {
		r.t.Fatalf("%v %s", err, a)
	}
	if r.secret, err = base64.StdEncoding.DecodeString(strings.TrimPrefix(e.Secret, "whsec_")); err != nil {
		r.t.Fatal(err)
	}
}

// eventsAfter are all events with a higher number, oldest first.
func (c *api) eventsAfter(t testing.TB, after int64) (all []arrival) {
	t.Helper()
	for cursor := ""; ; {
		var page struct {
			Data []arrival
			Next string `json:"next_cursor"`
		}
		if err := c.get("/v1/events?limit=100"+cursor, &page); err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Data {
			if e.Sequence <= after {
				page.Next = ""
				break
			}
			all = append(all, e)
		}
		if page.Next == "" {
			slices.Reverse(all)
			return all
		}
		cursor = "&starting_after=" + page.Next
	}
}

func (c *api) moveClock(t testing.TB, seconds int) {
	t.Helper()
	if a, err := c.post("/v1/sandbox/clock/move", "", map[string]any{"seconds": seconds}); err != nil || a.status != 200 {
		t.Fatalf("%v %s", err, a)
	}
}

// TestDeliveriesSurviveCrashes: a receiver is down for an hour of the sandbox's clock,
// while the server is killed again and again amid payments and deliveries. In the end
// every event that was committed has come, signed, and of each object in order.
func TestDeliveriesSurviveCrashes(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		p.flags = []string{"--webhook-network", "127.0.0.0/8"}
		r, n := newReceiver(t), numberFrom(t, "FLORIN_CRASHES", crashes)
		s := start(t, p)
		r.endpoint(s.api)
		made := s.api.eventsAfter(t, 0)
		began := made[len(made)-1].Sequence - 1 // an endpoint hears of itself first
		draw, start0 := chance(t), time.Now()
		for i := range n {
			stop := make(chan struct{})
			var payers sync.WaitGroup
			for source := range 3 {
				payers.Go(func() {
					for k := 0; ; k++ {
						select {
						case <-stop:
							return
						default:
							from := s.world.Wallet
							if source == 0 { // a card payment is more than one event
								from = "tok_visa"
							}
							_, _ = s.api.pay(fmt.Sprintf("crash-%d-%d-%d", i, source, k), from, 7)
							time.Sleep(3 * time.Millisecond)
						}
					}
				})
			}
			time.Sleep(crashLife / 4)
			s.api.moveClock(t, max(1, hourOfClock/n))
			time.Sleep(time.Duration(draw.Int64N(int64(crashLife))))
			s.kill()
			close(stop)
			payers.Wait()
			s = start(t, p)
		}
		t.Logf("%d crashes took %s", n, time.Since(start0).Round(time.Second))
		r.open()
		all := s.api.eventsAfter(t, began)
		eventually(t, mailWithin, "every event is delivered", func() bool {
			if r.has(all) {
				return true
			}
			time.Sleep(300 * time.Millisecond)
			s.api.moveClock(t, 600)
			return false
		})
		r.judge(t, all)
		p.verify(t)
	})
}

// judge holds what came against what the log has.
func (r *receiver) judge(t *testing.T, all []arrival) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	end := all[len(all)-1].Sequence
	came := slices.DeleteFunc(slices.Clone(r.first), func(a arrival) bool { return a.Sequence > end }) // what moving the clock made happen
	if r.unsigned > 0 || len(came) != len(all) {
		t.Errorf("%d events came of %d, %d deliveries were not signed", len(came), len(all), r.unsigned)
	}
	last, times := map[string]int64{}, 0
	for _, a := range r.first {
		if times += r.seen[a.ID]; a.Sequence < last[a.Related.ID] {
			t.Errorf("event %d about %s came after %d", a.Sequence, a.Related.ID, last[a.Related.ID])
		}
		last[a.Related.ID] = a.Sequence
	}
	t.Logf("%d events about %d objects came in %d deliveries", len(all), len(last), times)
}
