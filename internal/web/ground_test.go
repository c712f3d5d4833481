package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/webhook"
	"github.com/florinpay/florin/internal/wire"
)

// safe seals with a key of the test.
type safe struct{ cipher.AEAD }

func (s safe) Seal(plain, aad []byte) ([]byte, error)  { return s.AEAD.Seal(nil, nil, plain, aad), nil }
func (s safe) Open(sealed, aad []byte) ([]byte, error) { return s.AEAD.Open(nil, nil, sealed, aad) }

// ground is the pages on their real rooms, over HTTP.
type ground struct {
	t       testing.TB
	db      *db.DB
	hooks   *webhook.Room
	site    *Site
	url     string
	clock   *handClock
	persons *identity.Room
	oauth   *oauth.Server
	grants  *grant.Room
	cafe    id.Merchant
	client  oauth.Client
	secret  string
}

// handClock runs, and can be moved on.
type handClock struct {
	clock.System
	mu    sync.Mutex
	ahead time.Duration
}

func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.System.Now().Add(c.ahead)
}

func (c *handClock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}

var clientScopes = []string{"email", "profile", "payments:read", "payments:write", "wallets:read", "grants:read"}

func newGround(t testing.TB) *ground {
	t.Helper()
	d := dbtest.SQLite(t)
	g := &ground{t: t, db: d, clock: &handClock{}}
	server := httptest.NewUnstartedServer(nil)
	g.url = "http://localhost:" + server.Listener.Addr().String()[len("127.0.0.1:"):]
	block, err := aes.NewCipher([]byte(rand.Text()[:16]))
	g.must(err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	g.must(err)
	g.persons, err = identity.New(identity.Config{DB: d, Clock: g.clock, Sealer: safe{aead}, RPID: "localhost", Origins: []string{g.url}, Name: "Florin"})
	g.must(err)
	g.grants = grant.NewRoom(d, g.clock)
	g.oauth, err = oauth.Open(t.Context(), d, g.clock, safe{aead}, g.grants, oauth.Config{Issuer: g.url, Scopes: clientScopes, Log: slog.New(slog.DiscardHandler)})
	g.must(err)
	shapes := wire.ContractShapes()
	g.hooks = webhook.New(webhook.Config{
		DB: d, Clock: g.clock, Log: slog.New(slog.DiscardHandler), Events: event.NewLog(d), Sealer: safe{aead},
		Targets: webhook.Targets{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Encode:  func(e *florinv1.Event) []byte { return shapes.EncodeJSON(nil, e) },
	})
	shops := merchant.New(d, g.clock)
	m, err := shops.Create(t.Context(), merchant.Draft{Name: "Café <Noir>", Country: "NL"})
	g.must(err)
	g.cafe = m.ID
	g.client, g.secret, _, err = g.oauth.Register(t.Context(), oauth.Draft{
		Merchant: g.cafe, Name: "Books & Co", Auth: oauth.SecretBasic, Redirects: []string{"https://books.example/cb"}, LogoutRedirects: []string{"https://books.example/bye"},
		Grants: []string{oauth.CodeGrant, oauth.DeviceGrant}, Scopes: append([]string{"openid"}, clientScopes...), DetailTypes: []string{"payment"},
	})
	g.must(err)
	g.site, err = New(Config{Identity: g.persons, OAuth: g.oauth, Grants: g.grants, Merchants: shops, Webhooks: g.hooks, Clock: g.clock, Origin: g.url, Name: "Florin", Sandbox: true, Log: slog.New(slog.DiscardHandler)})
	g.must(err)
	protocol := g.oauth.Handler()
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/oauth/") && r.URL.Path != oauth.AuthorizePath && r.URL.Path != oauth.LogoutPath {
			protocol.ServeHTTP(w, r)
			return
		}
		g.site.ServeHTTP(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	return g
}

func (g *ground) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// visitor is somebody with a browser: it keeps cookies and follows no redirect by itself.
type visitor struct {
	g       *ground
	cookies map[string]string
	header  http.Header
}

func (g *ground) visitor() *visitor {
	return &visitor{g: g, cookies: map[string]string{}, header: http.Header{"User-Agent": {"Firefox <script>"}}}
}

// page is what came back.
type page struct {
	status int
	text   string
	to     string // where it leads
	header http.Header
}

func (b *visitor) get(path string) page { return b.send("GET", path, "", nil) }

// post sends a form.
func (b *visitor) post(path string, form url.Values) page {
	return b.send("POST", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

func (b *visitor) send(verb, path, kind string, body io.Reader) page {
	b.g.t.Helper()
	r, err := http.NewRequest(verb, b.g.url+path, body)
	b.g.must(err)
	for name, values := range b.header {
		r.Header[name] = values
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	a, err := http.DefaultTransport.RoundTrip(r)
	b.g.must(err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	b.g.must(err)
	for _, c := range a.Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
			continue
		}
		b.cookies[c.Name] = c.Value
	}
	return page{a.StatusCode, string(text), a.Header.Get("Location"), a.Header}
}

const phrase = "a phrase that nobody guesses"

// signUp makes a person by password.
func (b *visitor) signUp(login string) *visitor {
	b.g.t.Helper()
	p := b.post("/sign-up", url.Values{"login": {login}, "name": {"Ada"}, "password": {phrase}})
	b.wants(p, http.StatusSeeOther, "")
	return b
}

// becomes redeems a claim of a new payer, and gives it.
func (b *visitor) becomes() id.Payer {
	b.g.t.Helper()
	payer := id.New[id.Payer](b.g.clock.Now())
	code, _, err := b.g.persons.ClaimPayer(b.g.t.Context(), b.g.cafe, false, payer, "", identity.Browser{})
	b.g.must(err)
	b.wants(b.post("/me/payers", url.Values{"code": {code}}), http.StatusSeeOther, "")
	return payer
}

func (b *visitor) wants(p page, status int, has string) {
	b.g.t.Helper()
	if p.status != status || !strings.Contains(html.UnescapeString(p.text), has) {
		b.g.t.Fatalf("%d, want %d with %q:\n%s", p.status, status, has, p.text)
	}
}

// The verifier and the challenge of RFC 7636 appendix B.
const (
	pkceVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	pkceChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// asking is a good request of the client.
func (g *ground) asking(changes ...string) url.Values {
	in := url.Values{
		"client_id": {string(g.client.ID)}, "response_type": {"code"}, "redirect_uri": {"https://books.example/cb"}, "state": {"st"},
		"scope": {"openid payments:read payments:write"}, "code_challenge": {pkceChallenge}, "code_challenge_method": {"S256"},
		"authorization_details": {`[{"type":"payment","payee":"` + string(g.cafe) + `","currency":"USD","amount":5000,"interval":"R12/2027-01-01T00:00:00Z/P1M"}]`},
	}
	for i := 0; i < len(changes); i += 2 {
		if in.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			in.Del(changes[i])
		}
	}
	return in
}

// asks opens a request and gives the consent page.
func (b *visitor) asks(changes ...string) page {
	b.g.t.Helper()
	p := b.get("/oauth/authorize?" + b.g.asking(changes...).Encode())
	b.wants(p, http.StatusSeeOther, "")
	return b.get(p.to)
}

// tokens exchanges the code of an address.
func (g *ground) tokens(to string) map[string]any {
	g.t.Helper()
	u, err := url.Parse(to)
	g.must(err)
	return g.call("/oauth/token", url.Values{"grant_type": {oauth.CodeGrant}, "code": {u.Query().Get("code")}, "redirect_uri": {"https://books.example/cb"}, "code_verifier": {pkceVerifier}})
}

func (g *ground) call(path string, form url.Values) (out map[string]any) {
	g.t.Helper()
	r, err := http.NewRequest("POST", g.url+path, strings.NewReader(form.Encode()))
	g.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(string(g.client.ID), g.secret)
	a, err := http.DefaultClient.Do(r)
	g.must(err)
	defer a.Body.Close()
	g.must(json.NewDecoder(a.Body).Decode(&out))
	return out
}

// works reports whether a door takes a token.
func (g *ground) works(token string) bool {
	r := httptest.NewRequest("GET", g.url+"/v1/payments", nil)
	_, err := g.oauth.Verifier().Check(g.t.Context(), r, token, "Bearer")
	return err == nil
}

// given are the grants of whoever has a login.
func (g *ground) given(login string) []grant.Grant {
	g.t.Helper()
	p, err := g.persons.Named(g.t.Context(), login)
	g.must(err)
	list, err := g.grants.OfPerson(g.t.Context(), p.ID)
	g.must(err)
	return list
}
