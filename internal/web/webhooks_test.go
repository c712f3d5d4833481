package web

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/webhook"
)

// employs gives a visitor a role at a merchant, "" for the platform, and a fresh proof.
func (g *ground) employs(login string, m id.Merchant, role identity.Role) *visitor {
	g.t.Helper()
	b := g.visitor().signUp(login)
	person, err := g.persons.Named(g.t.Context(), login)
	g.must(err)
	secret := b.enrolls()
	g.must(g.persons.Appoint(g.t.Context(), person.ID, m, role, identity.Browser{}))
	g.clock.move(6 * time.Second) // sessions are remembered for five
	b.wants(b.proves(secret, "/me"), 303, "")
	return b
}

// opens makes an endpoint of the cafe's.
func (g *ground) opens(live bool, address string) hook {
	g.t.Helper()
	e, _, err := g.hooks.Create(g.t.Context(), webhook.Draft{Owner: webhook.Owner{Merchant: g.cafe, Live: live}, Settings: webhook.Settings{URL: address, Types: []string{"payment.*", "webhook_endpoint.*"}}})
	g.must(err)
	return hook{e}
}

// happens writes events of the cafe's down.
func (g *ground) happens(count int) {
	g.t.Helper()
	g.must(g.db.Write(g.t.Context(), []db.Lock{event.Lock()}, func(tx *db.Tx) error {
		for i := range count {
			event.Append(tx, event.Fact{
				Merchant: g.cafe, Type: "payment.created", Object: fmt.Sprint("pay_", i), At: g.clock.Now(),
				Data: &florinv1.EventData{Object: &florinv1.EventData_Payment{Payment: &florinv1.Payment{Description: "Tea for <two>"}}},
			})
		}
		return nil
	}))
}

// delivers lets a courier work until the test ends.
func (g *ground) delivers() {
	ctx, cancel := context.WithCancel(context.Background())
	done, courier := make(chan struct{}), g.hooks.NewCourier()
	go func() { defer close(done); courier.Run(ctx) }()
	g.t.Cleanup(func() { cancel(); <-done })
}

// until waits for what a page says.
func (b *visitor) until(path, says string) page {
	b.g.t.Helper()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		p := b.get(path)
		if p.status == 200 && strings.Contains(html.UnescapeString(p.text), says) {
			return p
		}
		if time.Since(began) > 20*time.Second {
			b.g.t.Fatalf("%s never says %q: %d\n%s", path, says, p.status, p.text)
		}
	}
}

// first is the address of the newest delivery that a page shows.
func (b *visitor) first(p page) string {
	b.g.t.Helper()
	m := regexp.MustCompile(`<li><a href="(/me/webhooks/[^"]+/deliveries/[^"]+)"`).FindStringSubmatch(p.text)
	if m == nil {
		b.g.t.Fatalf("no delivery:\n%s", p.text)
	}
	return html.UnescapeString(m[1])
}

// TestWhoMayDoWhatWithWebhooks asks for every act in every role, live: who may look sees
// no form of what they may not, and who may do nothing learns nothing.
func TestWhoMayDoWhatWithWebhooks(t *testing.T) {
	g := newGround(t)
	g.delivers()
	for i, role := range append(identity.Roles, "") {
		h := g.opens(i%2 == 0, "https://shop.example/hooks")
		var b *visitor
		login := cmp.Or(string(role), "nobody") + "@example.com"
		switch role {
		case "":
			b = g.visitor().signUp(login)
		case identity.Operator:
			b = g.employs(login, "", role)
		default:
			b = g.employs(login, g.cafe, role)
		}
		who, err := g.persons.Named(t.Context(), login)
		g.must(err)
		look, repeat, manage := 404, 404, 404
		if role != "" {
			look, repeat, manage = 200, 403, 403
		}
		if role == identity.Owner || role == identity.Admin || role == identity.Developer {
			repeat, manage = 303, 303
		}
		o := webhook.Owner{Merchant: g.cafe, Live: h.Live}
		var list []webhook.Delivery
		for began := time.Now(); len(list) == 0 && time.Since(began) < 20*time.Second; time.Sleep(10 * time.Millisecond) {
			var err error
			list, _, err = g.hooks.Deliveries(t.Context(), o, webhook.Filter{Page: webhook.Page{Limit: 1}, Endpoint: h.ID})
			g.must(err)
		}
		one := h.To("/deliveries/" + string(list[0].ID))
		page := b.get(h.To(""))
		for what, got := range map[string]int{
			"list": b.get("/me/webhooks?merchant=" + string(g.cafe)).status, "endpoint": page.status, "delivery": b.get(one).status,
		} {
			if got != look {
				t.Errorf("%s looks at the %s: %d, want %d", role, what, got, look)
			}
		}
		if shown := strings.Contains(page.text, "/rotate"); shown != (manage == 303) {
			t.Errorf("%s is shown the forms of a change: %t", role, shown)
		}
		if shown := strings.Contains(page.text, "/again"); shown != (repeat == 303) {
			t.Errorf("%s is shown the form to deliver again: %t", role, shown)
		}
		post := func(what, path string, want int, form url.Values) {
			t.Helper()
			if p := b.post(path, form); p.status != want && (want != 303 || p.status != 200 || what != "rotate" && what != "create") || strings.HasPrefix(p.to, "/step-up") {
				t.Errorf("%s does %s: %d %s, want %d", role, what, p.status, p.to, want)
			}
		}
		settings := url.Values{"merchant": {string(g.cafe)}, "url": {"https://shop.example/new"}}
		post("redeliver", strings.Replace(one, "?", "/again?", 1), repeat, nil)
		post("span", h.To("/again"), repeat, url.Values{"from": {"2020-01-01T00:00"}})
		post("change", h.To("/change"), manage, settings)
		post("turn", h.To("/turn"), manage, url.Values{"status": {"disabled"}})
		post("rotate", h.To("/rotate"), manage, url.Values{"overlap_seconds": {"0"}})
		post("create", "/me/webhooks", manage, settings)
		post("delete", h.To("/delete"), manage, url.Values{"sure": {"1"}})
		if _, err := g.hooks.Get(t.Context(), o, h.ID); (err != nil) != (manage == 303) {
			t.Errorf("%s: after all of it the endpoint is %v", role, err)
		}
		var trail []string
		records, _, err := g.persons.RecordsAt(t.Context(), g.cafe, identity.Page{Limit: 100})
		g.must(err)
		for _, r := range records {
			if kind, ours := strings.CutPrefix(r.Kind, "webhook_endpoint."); ours && r.Actor == who.ID {
				trail = append(trail, kind)
			}
		}
		if want := map[int]string{303: "deleted created rotated disabled changed"}[manage]; strings.Join(trail, " ") != want {
			t.Errorf("%s: the audit trail has %q, want %q", role, trail, want)
		}
	}
}

// TestAnotherMerchantsEndpointIsNotThere under whatever merchant or mode it is asked for,
// and a proof that is old is asked for anew and leads back.
func TestAnotherMerchantsEndpointIsNotThere(t *testing.T) {
	g := newGround(t)
	bakery := id.New[id.Merchant](g.clock.Now())
	h := g.opens(false, "https://shop.example/hooks")
	dev := g.employs("dev@example.com", bakery, identity.Developer)
	theirs := hook{h.Endpoint}
	theirs.Merchant = bakery
	live := hook{theirs.Endpoint}
	live.Live = true
	for _, path := range []string{h.To(""), theirs.To(""), live.To(""), "/me/webhooks/we_x?merchant=" + string(bakery), "/me/webhooks/" + string(h.ID), "/me/webhooks?merchant=" + string(g.cafe)} {
		dev.wants(dev.get(path), 404, english.refusals["not_found"])
	}
	for _, below := range []string{"/change", "/turn", "/rotate", "/delete", "/again", "/deliveries/dlv_x/again"} {
		form := url.Values{"sure": {"1"}, "url": {"https://shop.example/"}, "overlap_seconds": {"0"}, "from": {"2020-01-01T00:00"}}
		dev.wants(dev.post(h.To(below), form), 404, "")
		dev.wants(dev.post(theirs.To(below), form), 404, "")
	}
	own := g.employs("own@example.com", g.cafe, identity.Developer)
	g.clock.move(6 * time.Minute)
	own.wants(own.get(h.To("")), 200, english.plain["webhook_proof"])
	p := own.post(h.To("/rotate"), url.Values{"overlap_seconds": {"0"}})
	if want := "/step-up?to=" + url.QueryEscape(h.To("")); p.status != 303 || p.to != want {
		t.Errorf("%d %s, want %s", p.status, p.to, want)
	}
	own.wants(own.post(h.To("/again"), url.Values{"from": {"2020-01-01T00:00"}}), 303, "")
}

// TestAnEndpointFromBirthToEnd on its page: the secret is shown once, what is wrong is said
// beside its field, and nothing from another site does anything.
func TestAnEndpointFromBirthToEnd(t *testing.T) {
	g := newGround(t)
	dev := g.employs("dev@example.com", g.cafe, identity.Developer)
	form := url.Values{"merchant": {string(g.cafe)}, "url": {"ftp://shop.example"}, "description": {"Till <1>"}, "types": {"payment.created nonsense worse"}, "live": {"1"}}
	p := dev.post("/me/webhooks", form)
	for _, has := range []string{"https://", `value="Till <1>"`, "<code>nonsense</code> <code>worse</code>", `href="#types"`, `id="wrong-types"`} {
		dev.wants(p, 400, has)
	}
	form.Set("url", "https://shop.example/hooks")
	form.Set("types", "payment.created refund.created")
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		dev.header.Set(name, value)
		dev.wants(dev.post("/me/webhooks", form), 403, "another site")
		dev.header.Del(name)
	}
	p = dev.post("/me/webhooks", form)
	dev.wants(p, 200, "shown once")
	secret := regexp.MustCompile(`whsec_[\w+/=]+`).FindString(html.UnescapeString(p.text))
	path := html.UnescapeString(regexp.MustCompile(`/me/webhooks/we_[^"]+`).FindString(p.text))
	if secret == "" || !strings.Contains(p.text, "whpk_") || !strings.Contains(path, "live=1") {
		t.Fatalf("%q %q:\n%s", secret, path, p.text)
	}
	below := func(what string) string { return strings.Replace(path, "?", what+"?", 1) }
	for _, page := range []page{dev.get("/me/webhooks"), dev.get(path)} {
		dev.wants(page, 200, "enabled, live")
		dev.wants(page, 200, "Till <1>")
		if strings.Contains(html.UnescapeString(page.text), secret) {
			t.Error("the secret is shown again")
		}
	}
	dev.wants(dev.post(below("/change"), url.Values{"url": {"http://10.0.0.1/"}}), 400, `aria-invalid="true"`)
	dev.wants(dev.post(below("/change"), url.Values{"url": {"https://shop.example/new"}, "thin": {"1"}, "ordered": {"1"}}), 303, "")
	dev.wants(dev.get(path), 200, "thin, in order")
	dev.wants(dev.get("/me/webhooks"), 200, "all types")
	dev.wants(dev.post(below("/rotate"), url.Values{"overlap_seconds": {"x"}}), 400, `id="wrong-overlap_seconds"`)
	p = dev.post(below("/rotate"), url.Values{"overlap_seconds": {"3600"}})
	if dev.wants(p, 200, "secret before, too, until"); strings.Contains(html.UnescapeString(p.text), secret) || !strings.Contains(p.text, "whsec_") {
		t.Errorf("the secret is the old one:\n%s", p.text)
	}
	dev.wants(dev.get(path), 200, "secret before, too, until")
	dev.wants(dev.post(below("/turn"), url.Values{"status": {"disabled"}}), 303, "")
	dev.wants(dev.get(path), 200, "disabled by your merchant, live")
	dev.wants(dev.post(below("/again"), url.Values{"from": {"2020-01-01T00:00"}}), 409, "is disabled. Enable it first.")
	dev.wants(dev.post(below("/turn"), url.Values{"status": {"enabled"}}), 303, "")
	dev.wants(dev.post(below("/delete"), nil), 400, "Tick that you are sure")
	dev.wants(dev.post(below("/delete"), url.Values{"sure": {"1"}}), 303, "")
	dev.wants(dev.get(path), 404, "")
	dev.wants(dev.get("/me/webhooks"), 200, english.plain["webhooks_none"])
}

// TestWhatAStrangerAnswersIsText: a script in the answer is shown and never run, in both
// languages; the event goes again when it is asked to.
func TestWhatAStrangerAnswersIsText(t *testing.T) {
	g := newGround(t)
	heard := make(chan string, 100)
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Said", `"><script>alert(2)</script>`)
		w.WriteHeader(500)
		fmt.Fprint(w, "</pre><script>alert(1)</script>"+strings.Repeat("long ", 10_000))
		heard <- r.Header.Get("Webhook-Id")
	}))
	defer shop.Close()
	h := g.opens(false, shop.URL)
	g.delivers()
	dev := g.employs("dev@example.com", g.cafe, identity.Developer)
	one := dev.first(dev.until(h.To(""), "attempts: 1"))
	for lang, says := range map[string]string{"en": "The endpoint did not answer with 2xx.", "zh-CN": chinese.failures["status"]} {
		p := dev.get(one + "&lang=" + lang)
		dev.wants(p, 200, says)
		dev.wants(p, 200, "</pre><script>alert(1)</script>long")
		dev.wants(p, 200, `X-Said: "><script>alert(2)</script>`)
		dev.wants(p, 200, "Webhook-Signature: v1,")
		dev.wants(p, 200, `"type":"webhook_endpoint.created"`)
		if strings.Contains(p.text, "<script") || len(p.text) > 20_000 {
			t.Errorf("%d bytes:\n%s", len(p.text), p.text)
		}
	}
	dev.get("/me?lang=en")
	first := <-heard
	dev.wants(dev.until(h.To(""), "Every attempt has failed since"), 200, "on its way")
	dev.wants(dev.post(strings.Replace(one, "?", "/again?", 1), nil), 303, "")
	if again := <-heard; again != first {
		t.Errorf("%s came again as %s", first, again)
	}
	dev.until(one, "Attempt 2")
	dev.wants(dev.post(strings.Replace(one, "dlv_", "dlv_x", 1), nil), 404, "")
	other := g.opens(false, shop.URL+"/other")
	dev.wants(dev.get(strings.Replace(one, string(h.ID), string(other.ID), 1)), 404, "")
	dev.wants(dev.post(h.To("/turn"), url.Values{"status": {"disabled"}}), 303, "")
	dev.wants(dev.get(one), 200, english.plain["delivery_waits"])
	dev.wants(dev.post(strings.Replace(one, "?", "/again?", 1), nil), 409, "Enable it first.")
	dev.wants(dev.post(h.To("/delete"), url.Values{"sure": {"1"}}), 303, "")
	dev.wants(dev.get(one), 200, english.plain["webhook_deleted"])
}

// TestDeliveriesByThePage: older and newer lead through all of them once, and a span of
// time goes again.
func TestDeliveriesByThePage(t *testing.T) {
	g := newGround(t)
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer shop.Close()
	h := g.opens(false, shop.URL)
	g.happens(2*deliveriesShown + 3)
	g.delivers()
	dev := g.employs("dev@example.com", g.cafe, identity.Developer)
	link := func(p page, rel string) string {
		if m := regexp.MustCompile(`<a href="([^"]+)" rel="` + rel + `"`).FindStringSubmatch(p.text); m != nil {
			return html.UnescapeString(m[1])
		}
		return ""
	}
	for began := time.Now(); link(dev.get(h.To("")+"&status=pending"), "next")+link(dev.get(h.To("")+"&status=delivered"), "next") == "" && time.Since(began) < 20*time.Second; {
		time.Sleep(20 * time.Millisecond)
	}
	for began := time.Now(); !strings.Contains(dev.get(h.To("")+"&status=pending").text, english.plain["deliveries_none"]); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("not all was delivered")
		}
	}
	row := regexp.MustCompile(`/deliveries/(dlv_\w+)`)
	seen, path, sizes := map[string]bool{}, h.To("")+"&status=delivered", ""
	var last string
	for path != "" {
		p := dev.get(path)
		dev.wants(p, 200, "")
		list := row.FindAllStringSubmatch(p.text, -1)
		for _, m := range list {
			if seen[m[1]] || last != "" && m[1] > last {
				t.Errorf("%s is twice, or out of order", m[1])
			}
			seen[m[1]], last = true, m[1]
		}
		sizes += fmt.Sprint(len(list), " ")
		back := link(p, "prev")
		if path = link(p, "next"); path == "" && back != "" {
			if n := len(row.FindAllString(dev.get(back).text, -1)); n != deliveriesShown {
				t.Errorf("%d on the page before the last", n)
			}
		}
	}
	if sizes != "25 25 4 " { // with the endpoint's own beginning
		t.Errorf("pages of %s", sizes)
	}
	dev.wants(dev.get(h.To("")+"&status=failed"), 200, english.plain["deliveries_none"])
	dev.wants(dev.get(h.To("")+"&after=dlv_x"), 404, "")
	again := strings.Replace(h.To(""), "?", "/again?", 1)
	for from, to := range map[string]string{"": "", "yesterday": "", "2026-01-31T13:45": "later", "2026-01-31T13:46": "2026-01-31T13:44"} {
		dev.wants(dev.post(again, url.Values{"from": {from}, "to": {to}}), 400, `aria-invalid="true"`)
	}
	now := g.clock.Now().UTC()
	span := url.Values{"from": {now.Add(-time.Hour).Format(minuteLayout)}, "to": {now.Format(minuteLayout)}}
	p := dev.post(again, span)
	dev.wants(p, 303, "")
	dev.wants(dev.get(p.to), 200, "Events on their way again: 0.")
	span.Set("delivered_too", "1")
	p = dev.post(again, span)
	dev.wants(p, 303, "")
	dev.wants(dev.get(p.to), 200, "Events on their way again: 54.")
}
