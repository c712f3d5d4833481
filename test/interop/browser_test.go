//go:build interop

package interop

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// proxy stands between a browser and the world. It forwards what goes to one
// origin, and notes everything else.
type proxy struct {
	origin string // "127.0.0.1:8080"
	mu     sync.Mutex
	seen   []string // URLs of the origin
	leaked []string
}

// pictures names a folder for what the browser shows.
const pictures = "FLORIN_KEEP_SCREENSHOTS"

// browsersOwn are hosts that Chromium asks whatever page is open. The policy of our
// pages forbids them, too, and the console would say so.
var browsersOwn = []string{"www.google.com", "update.googleapis.com", "clients2.google.com", "accounts.google.com", "optimizationguide-pa.googleapis.com",
	"safebrowsing.googleapis.com", "content-autofill.googleapis.com", "android.clients.google.com", "edgedl.me.gvt1.com", "redirector.gvt1.com"}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodConnect || r.URL.Host != p.origin {
		if !slices.Contains(browsersOwn, r.URL.Hostname()) {
			p.leaked = append(p.leaked, r.Method+" "+r.URL.String())
		}
		w.WriteHeader(http.StatusForbidden)
		return
	}
	p.seen = append(p.seen, r.URL.Path)
	r.RequestURI = ""
	a, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer a.Body.Close()
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.StatusCode)
	_, _ = io.Copy(w, a.Body)
}

// visit lets headless Chromium open a URL with all its traffic through p, until the
// page has been quiet for a while of its own time; it gives the page as it then is,
// and what its console said.
func (p *proxy) visit(t *testing.T, url string) (page, console string) {
	t.Helper()
	front := httptest.NewServer(p)
	defer front.Close()
	dir := t.TempDir()
	args := []string{
		"--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions", "--disable-sync", "--disable-default-apps",
		"--disable-background-networking", "--disable-component-update", "--disable-domain-reliability", "--disable-dev-shm-usage",
		"--user-data-dir=" + dir, "--proxy-server=" + front.URL, "--proxy-bypass-list=<-loopback>",
		"--enable-logging=stderr", "--window-size=1400,1100", "--virtual-time-budget=15000",
	}
	shot := filepath.Join(dir, "page.png")
	if folder := os.Getenv(pictures); folder != "" {
		shot = filepath.Join(folder, t.Name()+".png")
	}
	out, err := run(t, patience, dir, []string{"HOME=" + dir}, "chromium", append(args, "--screenshot="+shot, "--dump-dom", url)...)
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, out)
	}
	for line := range strings.Lines(out) {
		if strings.Contains(line, ":CONSOLE") {
			console += line
		}
	}
	return out, console
}

// TestReferenceInABrowser: the reference is drawn from this server alone, under its
// Content-Security-Policy.
func TestReferenceInABrowser(t *testing.T) {
	s := dev(t)
	p := &proxy{origin: s.Address()}
	page, console := p.visit(t, s.URL+"/docs/api#tag/payment/POST/v1/payments")
	for _, drawn := range []string{"Takes money from a card or a wallet", "Idempotency-Key", "Two coffees and a cake", "minor units"} {
		if !strings.Contains(page, drawn) {
			t.Errorf("the page does not show %q", drawn)
		}
	}
	if len(p.leaked) > 0 {
		t.Errorf("requests leave the server: %q", p.leaked)
	}
	if !strings.Contains(strings.Join(p.seen, " "), "/openapi.json") {
		t.Errorf("the browser asked for %q only", p.seen)
	}
	if strings.Contains(console, "Content Security Policy") || strings.Contains(console, "Error") {
		t.Errorf("the console says:\n%s", console)
	}
	if os.Getenv(pictures) != "" {
		p.visit(t, s.URL+"/docs/api") // the picture of a page that has scrolled is white
	}
}

// TestFrontInABrowser: the front needs nothing but itself and its style.
func TestFrontInABrowser(t *testing.T) {
	s := dev(t)
	p := &proxy{origin: s.Address()}
	page, console := p.visit(t, s.URL+"/")
	if !strings.Contains(page, "API reference") || len(p.leaked) > 0 || strings.Contains(console, "Content Security Policy") {
		t.Errorf("leaked %q, console %s, page %s", p.leaked, console, page)
	}
}

// TestTheProxySeesLeaks: a page that asks another server is found out.
func TestTheProxySeesLeaks(t *testing.T) {
	leaky := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<img src="http://elsewhere.example/pixel"><script src="https://elsewhere.example/x.js"></script>`)
	}))
	defer leaky.Close()
	p := &proxy{origin: strings.TrimPrefix(leaky.URL, "http://")}
	p.visit(t, leaky.URL)
	if len(p.leaked) < 2 {
		t.Errorf("only %q of two leaks were seen", p.leaked)
	}
}
