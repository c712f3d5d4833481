package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/api"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/vault"
)

// town is a running server with two merchants. The first has two payers; each has allowed
// a client something.
type town struct {
	t       *testing.T
	place   place
	kek     vault.Wrapper
	server  *server
	house   *house
	door    *api.Server
	client  oauth.Client
	secret  string
	cafe    id.Merchant
	callers map[string]string // credentials by who they are
	objects map[string]string // ids by what they are
	grants  map[string]id.Grant
}

// The callers, those who own the objects last: they may end them.
var townsfolk = []string{"nobody", "other merchant", "live key", "other payer", "payer", "client", "merchant"}

func newTown(t *testing.T, database string) *town { return newTownAt(t, database, issuerSource{}) }

func newTownAt(t *testing.T, database string, issuer issuerSource) *town {
	t.Helper()
	place := place{Data: t.TempDir()}
	if db.IsPostgres(database) {
		place.Database = database
	}
	kek := kekOf(t)
	h, err := openHouse(t.Context(), houseConfig{place: place, kek: kek, log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), h, doors{listen: "127.0.0.1:0", ops: "127.0.0.1:0", local: true, issuer: issuer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.stop() })
	w := &town{t: t, place: place, kek: kek, server: s, house: h, door: h.door(api.Config{}), callers: map[string]string{}, objects: map[string]string{}, grants: map[string]id.Grant{}}
	w.cafe = w.merchant("Café")
	shop := w.merchant("Shop")
	w.callers["merchant"], w.callers["other merchant"], w.callers["live key"] = w.key(w.cafe, false), w.key(shop, false), w.key(w.cafe, true)
	w.client, w.secret, _, err = h.oauth.Register(t.Context(), oauth.Draft{
		Merchant: w.cafe, Name: "Till", Auth: oauth.SecretBasic, Redirects: []string{"https://till.example/cb"}, DetailTypes: []string{"payment"},
		Grants: []string{oauth.CodeGrant, oauth.OwnGrant}, Scopes: clientScopes(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.callers["client"] = w.token(url.Values{"grant_type": {oauth.OwnGrant}})
	for _, name := range []string{"payer", "other payer"} {
		payer := w.make("payers", `{"name":"`+name+`"}`)
		wallet := w.make("wallets", `{"payer":"`+payer+`","currency":"USD"}`)
		w.ask("merchant", "POST", "/v1/wallets/"+wallet+"/top_up", `{"amount":100000,"source":"tok_visa"}`)
		w.callers[name] = w.allowed(name, id.Payer(payer))
		w.objects[name], w.objects[name+"'s wallet"] = payer, wallet
	}
	return w
}

func (w *town) merchant(name string) id.Merchant {
	m, err := w.house.merchants.Create(w.t.Context(), merchant.Draft{Name: name, Country: "NL"})
	if err != nil {
		w.t.Fatal(err)
	}
	return m.ID
}

func (w *town) key(m id.Merchant, live bool) string {
	_, secret, err := w.house.keys.Create(w.t.Context(), apikey.Draft{Merchant: m, Live: live, Scopes: apikey.AllScopes()})
	if err != nil {
		w.t.Fatal(err)
	}
	return secret
}

// token is what the token endpoint gives.
func (w *town) token(form url.Values) string {
	w.t.Helper()
	r, _ := http.NewRequestWithContext(w.t.Context(), "POST", w.server.url+"/oauth/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(string(w.client.ID), w.secret)
	status, text := send(w.t, r)
	var out struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil || out.Access == "" {
		w.t.Fatalf("no token: %d %s", status, text)
	}
	return out.Access
}

// The verifier and the challenge of RFC 7636 appendix B.
const (
	pkceVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	pkceChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// allowed walks a payer through consent to everything, and gives the client's token.
func (w *town) allowed(name string, payer id.Payer) string {
	w.t.Helper()
	person, in, err := w.house.persons.SignUp(w.t.Context(), identity.Draft{Login: strings.ReplaceAll(name, " ", ".") + "@example.com", Name: name, Locale: identity.English, Password: "a long pass phrase of mine"}, identity.Browser{})
	if err != nil {
		w.t.Fatal(err)
	}
	code, _, err := w.house.persons.ClaimPayer(w.t.Context(), w.cafe, false, payer, "", identity.Browser{})
	if err == nil {
		_, err = w.house.persons.RedeemClaim(w.t.Context(), in.Session, code, identity.Browser{})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	token := w.consents(oauth.Decision{Person: string(person.ID), Payer: payer}, fmt.Sprintf(`[{"type":"payment","payee":%q,"currency":"USD","amount":1000}]`, w.cafe))
	list, err := w.house.grants.OfPerson(w.t.Context(), person.ID)
	if err != nil || len(list) != 1 {
		w.t.Fatal(list, err)
	}
	w.grants[name] = list[0].ID
	return token
}

// consents allows the client everything, for whom d says, and gives its token.
func (w *town) consents(d oauth.Decision, details string) string {
	w.t.Helper()
	asking := url.Values{
		"client_id": {string(w.client.ID)}, "response_type": {"code"}, "redirect_uri": {w.client.Redirects[0]}, "scope": {strings.Join(w.client.Scopes, " ")},
		"code_challenge": {pkceChallenge}, "code_challenge_method": {"S256"}, "authorization_details": {details},
	}
	asked, err := w.house.oauth.Open(w.t.Context(), asking.Encode())
	if err != nil {
		w.t.Fatal(err)
	}
	d.AuthTime, d.ACR, d.Scopes, d.Details = machine.Now(), string(identity.ByPassword), asked.Scopes, asked.Details
	to, err := w.house.oauth.Decide(w.t.Context(), asked, d)
	if err != nil {
		w.t.Fatal(err)
	}
	back, err := url.Parse(to)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.token(url.Values{"grant_type": {oauth.CodeGrant}, "code": {back.Query().Get("code")}, "redirect_uri": asking["redirect_uri"], "code_verifier": {pkceVerifier}})
}

func send(t *testing.T, r *http.Request) (status int, text string) {
	t.Helper()
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(body)
}

// ask calls the API as somebody.
func (w *town) ask(who, verb, path, body string) (status int, text string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), verb, w.server.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if key := w.callers[who]; key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	if verb == "POST" {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", newKey())
	}
	if strings.HasSuffix(path, "/stream") { // has no end: its status says all
		ctx, cancel := context.WithCancel(w.t.Context())
		defer cancel()
		a, err := http.DefaultClient.Do(r.WithContext(ctx))
		if err != nil {
			w.t.Fatal(err)
		}
		return a.StatusCode, ""
	}
	return send(w.t, r)
}

// make creates an object as the merchant.
func (w *town) make(noun, body string) string { return w.makeAs("merchant", noun, body) }

func (w *town) makeAs(who, noun, body string) string {
	w.t.Helper()
	status, text := w.ask(who, "POST", "/v1/"+noun, body)
	var o struct{ ID string }
	if err := json.Unmarshal([]byte(text), &o); err != nil || o.ID == "" {
		w.t.Fatalf("no %s: %d %s", noun, status, text)
	}
	return o.ID
}

// TestOwners lets each caller call each route for each object: what it gets stands in a
// golden table. Whoever has nothing to do with an object gets what a made-up one gives.
func TestOwners(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, database string) {
		w := newTown(t, database)
		w.furnish()
		var out bytes.Buffer
		fmt.Fprintf(&out, "%-42s %s\n", "# one object of the merchant's, or the payer's, as called by:", strings.Join(townsfolk, ", "))
		routes := w.door.Routes()
		slices.SortStableFunc(routes, func(a, b api.Route) int { // what ends an object comes last
			return cmp.Compare(ends(a), ends(b))
		})
		for _, r := range routes {
			statuses := make([]string, len(townsfolk))
			for i, who := range townsfolk {
				status, text := w.ask(who, r.Verb, w.path(r), w.body(r))
				statuses[i] = fmt.Sprint(status)
				w.judge(who, r, status, text)
			}
			fmt.Fprintf(&out, "%-6s %-34s %s\n", r.Verb, r.URL, strings.Join(statuses, " "))
		}
		compare(t, "testdata/owners.golden", out.Bytes())
		status, text := w.ask("payer", "GET", "/v1/wallets?payer="+w.objects["other payer"], "")
		if status != 200 || !strings.Contains(text, `"data":[]`) {
			t.Errorf("a payer's list of another's wallets: %d %s", status, text)
		}
	})
}

// furnish makes one object of each kind. What payers have is the first payer's.
func (w *town) furnish() {
	w.t.Helper()
	wallet := w.objects["payer's wallet"]
	w.objects["payments"] = w.makeAs("payer", "payments", `{"amount":10,"currency":"USD","source":"`+wallet+`"}`)
	held := w.make("payments", `{"amount":500,"currency":"USD","source":"tok_visa"}`)
	w.objects["refunds"] = w.make("refunds", `{"payment":"`+held+`","amount":1}`)
	w.objects["cards"] = w.make("cards", `{"card_number":"4242424242424242","expiry_date":"12/99"}`)
	w.objects["api_keys"] = w.make("api_keys", `{"name":"till","scopes":["payments:read"]}`)
	w.objects["payers"], w.objects["wallets"], w.objects["grants"], w.objects["merchants"] = w.objects["payer"], wallet, string(w.grants["payer"]), string(w.cafe)
	w.objects["disputes"], w.objects["quotes"] = string(id.New[id.Dispute](machine.Now())), string(id.New[id.Quote](machine.Now()))
	var it struct {
		Account string
		Data    []struct{ ID string }
	}
	w.objects["webhook_endpoints"] = w.make("webhook_endpoints", `{"url":"https://hooks.shop.example/"}`)
	w.objects["webhook_deliveries"] = w.delivered()
	for _, step := range []struct{ noun, path string }{{"", "/v1/wallets/" + wallet}, {"events", "/v1/events?limit=1"}, {"transfers", "/v1/transfers?limit=1&account="}} {
		if strings.HasSuffix(step.path, "=") {
			step.path += it.Account
		}
		_, text := w.ask("merchant", "GET", step.path, "")
		if err := json.Unmarshal([]byte(text), &it); err != nil || it.Account == "" || step.noun != "" && len(it.Data) == 0 {
			w.t.Fatal(text)
		}
		if step.noun != "" {
			w.objects[step.noun] = it.Data[0].ID
		}
	}
	w.objects["accounts"] = it.Account
}

// delivered is the first delivery: an endpoint hears of itself.
func (w *town) delivered() string {
	w.t.Helper()
	for began := time.Now(); time.Since(began) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		var list struct{ Data []struct{ ID string } }
		if _, text := w.ask("merchant", "GET", "/v1/webhook_deliveries?limit=1", ""); json.Unmarshal([]byte(text), &list) == nil && len(list.Data) == 1 {
			return list.Data[0].ID
		}
	}
	w.t.Fatal("nothing is delivered")
	return ""
}

var idOf = regexp.MustCompile(`\{id\}`)

func (w *town) path(r api.Route) string {
	noun := strings.Split(strings.TrimPrefix(r.URL, "/v1/"), "/")[0]
	if r.URL == "/v1/transfers" {
		return r.URL + "?account=" + w.objects["accounts"]
	}
	if noun == "statements" { // long before anybody paid, and final
		return strings.ReplaceAll(r.URL, "{date}", "2020-01-31") + "?currency=USD"
	}
	return idOf.ReplaceAllString(r.URL, w.objects[noun])
}

// body is a request that the owner could send.
func (w *town) body(r api.Route) string {
	wallet := w.objects["payer's wallet"]
	bodies := map[string]string{
		"/payments": `{"amount":1,"currency":"USD","source":"` + wallet + `"}`, "/v1/payments": `{"amount":1,"currency":"USD","source":"` + wallet + `"}`,
		"/v1/refunds": `{"payment":"` + w.objects["payments"] + `","amount":1}`, "/v1/wallets": `{"payer":"` + w.objects["payer"] + `","currency":"EUR"}`,
		"/v1/api_keys": `{"name":"k","scopes":["payments:read"]}`, "/v1/cards": `{"card_number":"4242424242424242","expiry_date":"12/98"}`,
		"/v1/wallets/{id}/send": `{"to":"` + w.objects["other payer's wallet"] + `","amount":1}`, "/v1/wallets/{id}/top_up": `{"amount":1,"source":"tok_visa"}`,
		"/v1/quotes": `{"amount":1,"currency":"USD","settlement_currency":"EUR"}`, "/v1/payments/{id}/confirm": `{"authentication":"passed"}`, "/v1/disputes/{id}/contest": `{"evidence":"a receipt"}`,
		"/v1/webhook_endpoints": `{"url":"https://hooks.shop.example/"}`, "/v1/webhook_endpoints/{id}/redeliver": `{"created_from":"2026-01-01T00:00:00Z"}`,
		"/v1/sandbox/clock/move": `{"seconds":1}`,
	}
	if r.Verb != "POST" {
		return ""
	}
	if b, there := bodies[r.URL]; there {
		return b
	}
	return `{}`
}

// judge holds what must be true whatever the table says.
func (w *town) judge(who string, r api.Route, status int, text string) {
	w.t.Helper()
	named := strings.Contains(r.URL, "{id}")
	stranger := who == "other merchant" || who == "live key"
	own := who == "live key" && (r.URL == "/v1/merchants/{id}" || r.URL == "/v1/merchants/{id}/balance") // a merchant is one in both modes
	switch {
	case status >= 500 && status != http.StatusServiceUnavailable:
		w.t.Errorf("%s %s as %s: %d %s", r.Verb, r.URL, who, status, text)
	case who == "nobody" && status != 401:
		w.t.Errorf("%s %s without a credential: %d", r.Verb, r.URL, status)
	case named && stranger && !own && status != 404:
		w.t.Errorf("%s %s of another's as %s: %d %s", r.Verb, r.URL, who, status, text)
	case strings.Contains(who, "payer") && !r.ByGrant && status != 403:
		w.t.Errorf("%s %s by a payer's grant: %d %s", r.Verb, r.URL, status, text)
	case who == "other payer" && r.ByGrant && named && status != 404:
		w.t.Errorf("%s %s of another payer: %d %s", r.Verb, r.URL, status, text)
	}
	if stranger && !own || who == "other payer" {
		for _, what := range []string{"payer", "payer's wallet", "payments", "cards", "refunds", "accounts", "transfers", "grants", "webhook_endpoints", "webhook_deliveries"} {
			if strings.Contains(text, w.objects[what]) && !strings.Contains(w.path(r)+w.body(r), w.objects[what]) {
				w.t.Errorf("%s %s shows the %s to the %s", r.Verb, r.URL, what, who)
			}
		}
	}
}

// ends is 1 for a route that ends what others are about.
func ends(r api.Route) int {
	return strings.Count(r.Verb+r.URL, "DELETE") + strings.Count(r.URL, "/revoke")
}

func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if os.Getenv("FLORIN_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s differs (%v); if the change is meant, run make golden\n%s", file, err, got)
	}
}

// A payer's grant pays up to what it allows and no further, and stops when it is revoked.
func TestAGrantPaysWhatItAllows(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, database string) {
		w := newTown(t, database)
		pay := func(who, whose string, amount int) (int, string) {
			return w.ask(who, "POST", "/v1/payments", fmt.Sprintf(`{"amount":%d,"currency":"USD","source":%q}`, amount, w.objects[whose+"'s wallet"]))
		}
		for _, x := range []struct {
			whose  string
			amount int
			status int
			has    string
		}{
			{"payer", 400, 200, "succeeded"}, {"payer", 601, 402, "grant_limit_reached"}, {"payer", 600, 200, "succeeded"},
			{"payer", 1, 402, "grant_limit_reached"}, {"other payer", 1, 400, "source_not_payers"},
		} {
			if status, text := pay("payer", x.whose, x.amount); status != x.status || !strings.Contains(text, x.has) {
				t.Errorf("%d of the %s: %d %s", x.amount, x.whose, status, text)
			}
		}
		if status, text := w.ask("payer", "GET", "/v1/grants/"+string(w.grants["payer"]), ""); status != 200 || !strings.Contains(text, `"spent":1000`) {
			t.Errorf("%d %s", status, text)
		}
		if _, err := w.house.grants.Revoke(t.Context(), w.cafe, false, w.grants["payer"], grant.Ending{By: grant.ByPayer}); err != nil {
			t.Fatal(err)
		}
		if status, text := pay("payer", "payer", 1); status != 402 && status != 401 {
			t.Errorf("paid by a revoked grant: %d %s", status, text)
		}
		began := time.Now()
		for status := 200; status != 401; {
			if status, _ = w.ask("payer", "GET", "/v1/payments", ""); time.Since(began) > 6*time.Second {
				t.Fatalf("the revoked grant's token still opens: %d", status)
			}
		}
		if status, _ := w.ask("other payer", "GET", "/v1/payments", ""); status != 200 {
			t.Errorf("another grant's token: %d", status)
		}
	})
}
