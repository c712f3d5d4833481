package browser

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A developer makes an endpoint, a payment happens, and its delivery is on the page with
// what the endpoint answered; "deliver again" delivers it again.
func TestWebhooksAreLookedAfter(t *testing.T) {
	heard := make(chan string, 100) // the ids of payments' events
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<h1>Thank you</h1><script>document.title = 'stolen'</script>\n"+strings.Repeat("A line without an end. ", 20))
		if strings.Contains(string(body), "payment.succeeded") {
			heard <- r.Header.Get("Webhook-Id")
		}
	}))
	defer shop.Close()
	hears := func() string {
		t.Helper()
		select {
		case event := <-heard:
			return event
		case <-time.After(patience):
			t.Fatal("nothing is delivered")
			return ""
		}
	}
	s := newSandbox(t, "--webhook-network", "127.0.0.0/8")
	b := newTab(t, 1280, 900)
	b.signUp(s.Issuer, "dev@example.com")
	s.florin("person", "appoint", "dev@example.com", "developer", "--merchant", s.Merchant)
	b.open(s.Issuer + "/me/webhooks")
	b.says("There are no endpoints.")
	b.write("#url", "https://10.0.0.1/hooks")
	b.click("main form button.primary")
	b.says("The address is not a public one.")
	b.shoot("refused")
	b.write("#url", shop.URL+"/hooks?of=the-shop-with-a-long-name")
	b.write("#description", "The till")
	b.click("main form button.primary")
	b.until("#secret")
	b.shoot("secret")
	if !strings.Contains(b.text(), "whsec_") || !strings.Contains(b.text(), "whpk_") {
		t.Errorf("no secret, or no public key:\n%s", b.text())
	}
	if status, p := call(t, "POST", s.URL+"/v1/payments", s.Key, map[string]any{"amount": 1000, "currency": "USD", "source": s.Wallet}); status >= 300 {
		t.Fatalf("no payment: %d %v", status, p)
	}
	first := hears()
	b.click("main p a")
	b.until("#deliveries")
	for began := time.Now(); !strings.Contains(b.text(), "payment.succeeded") || strings.Contains(b.text(), "on its way, "); time.Sleep(100 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("the delivery never shows:\n%s", b.text())
		}
		b.open(b.where())
	}
	page := b.where()
	b.shoot("endpoint")
	b.click(".lines li:first-child a")
	b.says("Deliver again")
	b.says("<h1>Thank you</h1><script>")
	b.click("details:last-of-type summary")
	b.shoot("delivery")
	one := b.where()
	b.click(`main form button.primary`)
	if again := hears(); again != first {
		t.Errorf("%s came again as %s", first, again)
	}
	for began := time.Now(); !strings.Contains(b.text(), "Attempt 2"); time.Sleep(100 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("the second attempt never shows:\n%s", b.text())
		}
		b.open(one)
	}
	phone := newTab(t, 390, 844)
	phone.do(chromedp.EmulateViewport(390, 844)) // Chromium's windows are never so narrow
	phone.signUp(s.Issuer, "owner@example.com")
	s.florin("person", "appoint", "owner@example.com", "developer", "--merchant", s.Merchant)
	for _, at := range []struct {
		name string
		tab  *tab
	}{{"wide", b}, {"phone", phone}} {
		for _, lang := range []string{"en", "zh-CN"} {
			for name, path := range map[string]string{"list": s.Issuer + "/me/webhooks?lang=", "endpoint": page + "&lang=", "delivery": one + "&lang="} {
				at.tab.open(path + lang)
				at.tab.until("main h1")
				at.tab.opens()
				if wide := at.tab.overflow(); wide {
					t.Errorf("%s on a %s in %s is wider than the screen", name, at.name, lang)
				}
				at.tab.shoot(strings.Join([]string{name, at.name, lang}, "-"))
			}
		}
	}
}
