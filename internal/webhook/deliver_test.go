package webhook

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
)

// TestADeliveryIsTheEvent: signed, of the merchant's own and of the types that were asked
// for, from when the endpoint was made.
func TestADeliveryIsTheEvent(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		o.happen(cafe, "payment.created", "before")
		s := o.shop(nil)
		e, secret := o.open(s.URL + "/hooks?a=b")
		o.happen(bakery, "payment.created", "theirs")
		o.happen(Owner{cafe.Merchant, true}, "payment.created", "live")
		o.happen(cafe, "payment.captured", "another")
		o.happen(cafe, "payment.created", "one")
		h := o.wait(s, 1)[0]
		if err := h.verify(secret.Text(), e.PublicKey); err != nil {
			t.Error(err)
		}
		var got struct {
			ID, Object, Type string
			Sequence         int64
			APIVersion       string `json:"api_version"`
			Related          struct{ ID, Type, URL string }
			Data             struct{ Payment struct{ ID string } }
		}
		if err := json.Unmarshal([]byte(h.body), &got); err != nil || got.Data.Payment.ID != "one" || got.ID != h.header.Get("Webhook-Id") ||
			got.Type != "payment.created" || got.Related.URL != "/v1/payments/one" || got.APIVersion != event.Version {
			t.Errorf("%v: %s", err, h.body)
		}
		at, err := strconv.ParseInt(h.header.Get("Webhook-Timestamp"), 10, 64)
		if err != nil || o.clock.Now().Sub(time.Unix(at, 0)) > time.Minute || h.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%v %v", err, h.header)
		}
		o.until("it is written down", func() bool { return o.delivery(e, "one").Status == Delivered })
		d, tried, err := o.GetDelivery(t.Context(), cafe, o.delivery(e, "one").ID)
		if err != nil || len(tried) != 1 || tried[0].StatusCode != 200 || !strings.Contains(tried[0].RequestHeaders, h.header.Get("Webhook-Signature")) {
			t.Errorf("%v %+v", err, tried)
		}
		if body, err := o.Payload(t.Context(), d, tried[0]); err != nil || body != h.body {
			t.Errorf("what is shown as sent is not what was sent: %v\n%s\n%s", err, body, h.body)
		}
		if s.objects() != "one" {
			t.Errorf("it got %s", s.objects())
		}
	})
}

// TestTheFormsOfAPayload: thin, as an older version had it, and what is too long.
func TestTheFormsOfAPayload(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		whole, thin, old := o.shop(nil), o.shop(nil), o.shop(nil)
		o.open(whole.URL)
		o.open(thin.URL, func(s *Settings) { s.Thin = true })
		o.open(old.URL, func(s *Settings) { s.Version = "2026-11-24" })
		o.happen(cafe, "payment.created", "small")
		o.happenWith(cafe, "payment.created", strings.Repeat("x", bodyMax), "large")
		o.wait(thin, 2)
		o.wait(old, 2)
		for _, h := range append(o.wait(whole, 2), thin.hooks()...) {
			if len(h.body) > bodyMax {
				t.Errorf("%d bytes", len(h.body))
			}
		}
		for _, h := range thin.hooks() {
			if !strings.Contains(h.body, `"data":null`) || h.object() == "" {
				t.Errorf("thin: %s", h.body)
			}
		}
		for _, h := range whole.hooks() {
			if holds := !strings.Contains(h.body, `"data":null`); holds != (h.object() == "small") {
				t.Errorf("whole: %s", h.body)
			}
		}
		for _, h := range old.hooks() {
			if !strings.Contains(h.body, `"api_version":"","related":null`) {
				t.Errorf("of 2026-11-24: %s", h.body)
			}
		}
	})
}

// TestTheSchedule: three days of it, moved through. The same id each time, another
// timestamp; then the endpoint is disabled, and says so in the log.
func TestTheSchedule(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(500) })
		e, secret := o.open(s.URL)
		o.happen(cafe, "payment.created", "one")
		for n := 1; n <= TriesMax; n++ {
			o.wait(s, n)
			o.until("the attempt is written down", func() bool { return o.delivery(e, "one").Attempts == n })
			if n == TriesMax {
				break
			}
			d := o.delivery(e, "one")
			wait := d.DueAt.Sub(o.clock.Now())
			if low, high := after[n-1]-5*time.Second, time.Duration(float64(after[n-1])*(1+jitter)); wait < low || wait > high {
				t.Errorf("after %d tries the next is in %s, want about %s", n, wait, after[n-1])
			}
			o.clock.Move(wait + time.Millisecond)
		}
		all := s.hooks()
		for i, h := range all {
			if err := h.verify(secret.Text(), e.PublicKey); err != nil || h.header.Get("Webhook-Id") != all[0].header.Get("Webhook-Id") || h.body != all[0].body {
				t.Errorf("try %d: %v %v", i+1, err, h.header)
			}
			if i > 0 && h.header.Get("Webhook-Timestamp") == all[i-1].header.Get("Webhook-Timestamp") {
				t.Errorf("try %d has the timestamp of the one before", i+1)
			}
		}
		if lasted := all[TriesMax-1].at.Sub(all[0].at); lasted < 75*time.Hour {
			t.Errorf("it was tried for %s", lasted)
		}
		o.until("it is disabled", func() bool { return o.endpoint(e.ID).Status == Disabled })
		if at := o.endpoint(e.ID); at.DisabledReason != Exhausted || o.delivery(e, "one").Status != Failed {
			t.Errorf("%+v, %+v", at, o.delivery(e, "one"))
		}
		list, _, err := o.Events.List(t.Context(), cafe.Merchant, false, event.Filter{Page: db.Page{Limit: 10}, Types: []string{"webhook_endpoint.disabled"}})
		if err != nil || len(list) != 1 || list[0].Data.GetWebhookEndpoint().GetDisabledReason() != "exhausted" {
			t.Errorf("the log says %v, %v", list, err)
		}
	})
}

// TestOneBadEventDisablesNothing: what got through in between tells that the endpoint works.
func TestOneBadEventDisablesNothing(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(nil)
		s.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
			if s.hooks()[n-1].object() == "bad" {
				w.WriteHeader(500)
			}
		}
		e, _ := o.open(s.URL)
		o.happen(cafe, "payment.created", "bad")
		for n := 1; n < TriesMax; n++ {
			o.until("the attempt is written down", func() bool { return o.delivery(e, "bad").Attempts == n })
			good := fmt.Sprint("good", n)
			o.happen(cafe, "payment.created", good)
			o.until("another gets through", func() bool { return o.delivery(e, good).Status == Delivered })
			o.clock.Move(o.delivery(e, "bad").DueAt.Sub(o.clock.Now()) + time.Millisecond)
		}
		o.until("it is given up", func() bool { return o.delivery(e, "bad").Status == Failed })
		if at := o.endpoint(e.ID); at.Status != Enabled || at.FailingSince.IsZero() {
			t.Errorf("%+v", at)
		}
	})
}

// TestWhatAnAnswerMeans: only 2xx is success; 410 ends it; an endpoint that asks for time
// gets it.
func TestWhatAnAnswerMeans(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		for _, c := range []struct {
			status int
			header string
			code   string
			state  State
			least  time.Duration
		}{
			{status: 200, state: Delivered},
			{status: 299, state: Delivered},
			{status: 302, header: "Location: http://169.254.169.254/", code: "redirected", state: Pending, least: time.Second},
			{status: 404, code: "status_404", state: Pending, least: time.Second},
			{status: 429, header: "Retry-After: 3600", code: "status_429", state: Pending, least: 59 * time.Minute},
			{status: 503, header: "Retry-After: 99999999", code: "status_503", state: Pending, least: time.Second},
		} {
			s := o.shop(func(w http.ResponseWriter, _ *http.Request, _ int) {
				if name, value, ok := strings.Cut(c.header, ": "); ok {
					w.Header().Set(name, value)
				}
				w.WriteHeader(c.status)
			})
			e, _ := o.open(s.URL)
			o.happen(cafe, "payment.created", "one")
			o.until("it is written down", func() bool { return o.delivery(e, "one").Attempts == 1 })
			d, tried, err := o.GetDelivery(t.Context(), cafe, o.delivery(e, "one").ID)
			if err != nil || d.Status != c.state || tried[0].Error != c.code || tried[0].StatusCode != c.status || c.least > 0 && d.DueAt.Sub(o.clock.Now()) < c.least-time.Second {
				t.Errorf("%d: %v %+v %+v", c.status, err, d, tried)
			}
			if _, err := o.Delete(t.Context(), cafe, e.ID, event.Origin{}); err != nil {
				t.Fatal(err)
			}
		}
		s := o.shop(func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(410) })
		e, _ := o.open(s.URL)
		o.happen(cafe, "payment.created", "one")
		o.until("it is disabled", func() bool { return o.endpoint(e.ID).Status == Disabled })
		if at := o.endpoint(e.ID); at.DisabledReason != Gone {
			t.Errorf("%+v", at)
		}
	})
}

// TestADeadEndpointDelaysNoOther: others get theirs while it hangs, and one that hangs is
// called by one attempt at a time.
func TestADeadEndpointDelaysNoOther(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		hang := make(chan struct{})
		defer close(hang)
		dead := o.shop(func(_ http.ResponseWriter, r *http.Request, _ int) {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		})
		live := o.shop(nil)
		o.open(dead.URL)
		e, _ := o.open(live.URL)
		began := time.Now()
		for i := range 40 {
			o.happen(cafe, "payment.created", fmt.Sprint("p", i))
		}
		o.wait(live, 40)
		if took := time.Since(began); took > 1900*time.Millisecond {
			t.Errorf("beside a dead endpoint it took %s", took)
		}
		if n := len(dead.hooks()); n > concurrencyDefault {
			t.Errorf("%d at once at the dead one", n)
		}
		if at := o.endpoint(e.ID); !at.FailingSince.IsZero() {
			t.Error("the other one's failing is laid on this one")
		}
	})
}

// TestOrderOfEachObject: of one object nothing overtakes what failed; other objects go on.
func TestOrderOfEachObject(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(nil)
		s.answer = func(w http.ResponseWriter, _ *http.Request, n int) {
			if h := s.hooks()[n-1]; h.object() == "a" && n < 6 {
				w.WriteHeader(500)
			}
		}
		e, _ := o.open(s.URL, func(s *Settings) { s.Ordered, s.Types = true, nil })
		o.wait(s, 1) // its own creation
		for _, kind := range []string{"payment.created", "payment.authorized", "payment.succeeded"} {
			o.happen(cafe, kind, "a")
			o.happen(cafe, kind, "b")
		}
		o.wait(s, 5)
		list := func() (of map[string][]string) {
			of = map[string][]string{}
			for _, h := range s.hooks() {
				var e struct{ Type string }
				_ = json.Unmarshal([]byte(h.body), &e)
				of[h.object()] = append(of[h.object()], strings.TrimPrefix(e.Type, "payment."))
			}
			return of
		}
		if seen := list(); strings.Join(seen["b"], " ") != "created authorized succeeded" || strings.Join(seen["a"], " ") != "created" {
			t.Errorf("%v", seen)
		}
		for range 40 {
			if len(list()["a"]) >= 5 {
				break
			}
			time.Sleep(50 * time.Millisecond)
			o.clock.Move(6 * time.Minute)
		}
		o.until("all of them come", func() bool { return o.delivery(e, "a").Status == Delivered && len(list()["a"]) >= 4 })
		a := list()["a"]
		if got := strings.Join(a[len(a)-3:], " "); got != "created authorized succeeded" {
			t.Errorf("%v", a)
		}
	})
}

// TestBothSecretsSign during a rotation, and one afterwards.
func TestBothSecretsSign(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(nil)
		e, first := o.open(s.URL)
		fresh, second, err := o.Rotate(t.Context(), Rotation{Owner: cafe, Endpoint: e.ID, Overlap: time.Hour})
		if err != nil || second.Text() == first.Text() || fresh.PublicKey == e.PublicKey {
			t.Fatal(err)
		}
		o.happen(cafe, "payment.created", "one")
		h := o.wait(s, 1)[0]
		if err := h.verify(first.Text(), e.PublicKey); err != nil {
			t.Errorf("the old one: %v", err)
		}
		if err := h.verify(second.Text(), fresh.PublicKey); err != nil {
			t.Errorf("the new one: %v", err)
		}
		o.clock.Move(time.Hour)
		o.happen(cafe, "payment.created", "two")
		h = o.wait(s, 2)[1]
		if err := h.verify(first.Text(), e.PublicKey); err == nil {
			t.Error("the old one signs after its time")
		}
		if err := h.verify(second.Text(), fresh.PublicKey); err != nil {
			t.Error(err)
		}
	})
}

// TestAgain: one delivery, and all of a span of time, those too from before the endpoint.
func TestAgain(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		start := o.clock.Now()
		o.happen(cafe, "payment.created", "before")
		s := o.shop(nil)
		e, _ := o.open(s.URL)
		o.happen(cafe, "payment.created", "one")
		o.until("it is written down", func() bool { return o.delivery(e, "one").Status == Delivered })
		first := o.delivery(e, "one")
		if _, err := o.Redeliver(t.Context(), cafe, first.ID); err != nil {
			t.Fatal(err)
		}
		o.wait(s, 2)
		if s.objects() != "one one" {
			t.Errorf("it got %s", s.objects())
		}
		o.until("it is written down", func() bool { return o.delivery(e, "one").Attempts == 2 })
		n, next, err := o.RedeliverSpan(t.Context(), Span{Owner: cafe, Endpoint: e.ID, From: start})
		if err != nil || n != 1 || next != 0 {
			t.Errorf("what was not delivered: %d %d %v", n, next, err)
		}
		o.wait(s, 3)
		o.until("it is written down", func() bool { return o.delivery(e, "before").Status == Delivered })
		n, _, err = o.RedeliverSpan(t.Context(), Span{Owner: cafe, Endpoint: e.ID, From: start, DeliveredToo: true})
		if err != nil || n != 2 {
			t.Errorf("all of it: %d %v", n, err)
		}
		o.wait(s, 5)
		var many []string
		for i := range redeliverMax + 100 {
			many = append(many, fmt.Sprint("m", i))
		}
		from := o.clock.Now()
		o.clock.Move(time.Second)
		for _, object := range many {
			o.clock.Move(time.Microsecond)
			o.happen(cafe, "payment.created", object)
		}
		o.wait(s, 5+len(many))
		total := 0
		for more := true; more; more = next != 0 {
			n, next, err = o.RedeliverSpan(t.Context(), Span{Owner: cafe, Endpoint: e.ID, From: from, After: next, DeliveredToo: true})
			if err != nil || n == 0 {
				t.Fatalf("%d %v", n, err)
			}
			total += n
		}
		if total != len(many) {
			t.Errorf("%d of %d are on their way again", total, len(many))
		}
		off := false
		if _, err := o.Change(t.Context(), cafe, e.ID, Change{Enabled: &off}, event.Origin{}); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Redeliver(t.Context(), cafe, first.ID); err == nil || !strings.Contains(err.Error(), "disabled") {
			t.Errorf("to a disabled endpoint: %v", err)
		}
		if _, err := o.Redeliver(t.Context(), bakery, first.ID); err == nil {
			t.Error("another merchant sends it again")
		}
	})
}

// TestTwoNodes: each event is delivered, mostly once, and what a node leaves is taken up.
func TestTwoNodes(t *testing.T) {
	url := dbtest.PostgresURL(t)
	c := clock.NewManual()
	one, other := newOffice(t, dbtest.Open(t, db.Config{URL: url}), c), newOffice(t, dbtest.Open(t, db.Config{URL: url}), c)
	stop := one.deliver()
	other.deliver()
	s := one.shop(nil)
	e, _ := one.open(s.URL)
	const n = 300
	for i := range n {
		[]*office{one, other}[i%2].happen(cafe, "payment.created", fmt.Sprint("p", i))
		if i == n/2 {
			stop()
		}
	}
	one.wait(s, n)
	one.until("all are written down", func() bool {
		list, _, err := one.Deliveries(t.Context(), cafe, Filter{Page: db.Page{Limit: 100}, Endpoint: e.ID, Status: Pending})
		return err == nil && len(list) == 0
	})
	seen := map[string]int{}
	for _, h := range s.hooks() {
		seen[h.object()]++
	}
	if len(seen) != n || len(s.hooks()) > n+concurrencyDefault {
		t.Errorf("%d events in %d deliveries", len(seen), len(s.hooks()))
	}
}

// TestOldDeliveriesAreForgotten, and what is still on its way is not.
func TestOldDeliveriesAreForgotten(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		s := o.shop(nil)
		e, _ := o.open(s.URL)
		o.happen(cafe, "payment.created", "one")
		o.until("it is written down", func() bool { return o.delivery(e, "one").Status == Delivered })
		if n, err := o.Sweep(t.Context(), 100); n != 0 || err != nil {
			t.Errorf("%d %v", n, err)
		}
		o.clock.Move(keptFor + time.Hour)
		if n, err := o.Sweep(t.Context(), 100); n != 1 || err != nil {
			t.Errorf("%d %v", n, err)
		}
		if d := o.delivery(e, "one"); d.ID != "" {
			t.Errorf("%+v", d)
		}
	})
}
