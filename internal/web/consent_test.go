package web

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/oauth"
)

// A payer unticks a scope and lowers the amount; the client gets that and no more; the
// payer ends it, and the token is worth nothing.
func TestConsentIsWhatThePersonSays(t *testing.T) {
	g := newGround(t)
	ada := g.visitor()
	p := ada.get("/oauth/authorize?" + g.asking().Encode())
	ada.wants(p, 303, "")
	p = ada.get(p.to)
	if ada.wants(p, 303, ""); !strings.HasPrefix(p.to, "/sign-in?") {
		t.Fatalf("leads to %s", p.to)
	}
	p = ada.post("/sign-up", url.Values{"login": {"ada@example.com"}, "name": {"Ada"}, "password": {phrase}, "to": {"/consent"}})
	ada.wants(ada.get(p.to), 200, "None of your profiles fits")
	payer := ada.becomes()
	p = ada.get("/consent")
	for _, has := range []string{"Books & Co asks for access", "Café <Noir>", "You as a payer of Café <Noir>", "make payments, up to the limits below", `value="50.00"`, "every month, 12 times from 1 January 2027"} {
		ada.wants(p, 200, has)
	}
	yes := url.Values{"decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:write"}, "detail": {"0"}, "amount_0": {"12.34"}, "payment_amount_0": {"5"}}
	for field, bad := range map[string]string{"amount_0": "50.01", "payment_amount_0": "x", "until": "2020-01-01", "as": "payer_other"} {
		was := yes.Get(field)
		yes.Set(field, bad)
		ada.wants(ada.post("/consent", yes), 400, `role="alert"`)
		yes.Set(field, was)
	}
	ada.wants(ada.post("/consent", yes), 303, "")
	list := g.given("ada@example.com")
	if len(list) != 1 || strings.Join(list[0].Scopes, " ") != "openid payments:write" || list[0].Payer != payer || list[0].Limits[0].Max != 1234 || list[0].Limits[0].PaymentMax != 500 {
		t.Fatalf("%+v", list)
	}
	if p := ada.post("/consent", yes); p.status != 400 {
		t.Errorf("decided twice: %d %s", p.status, p.to)
	}
	ada.wants(ada.get("/me/grants"), 200, "0.00 USD of 12.34 USD spent")
	eve := g.visitor().signUp("eve@example.com")
	eve.wants(eve.post("/me/grants/"+string(list[0].ID)+"/revoke", nil), 404, "")
	ada.wants(ada.post("/me/grants/"+string(list[0].ID)+"/revoke", nil), 303, "")
	if list = g.given("ada@example.com"); list[0].State != grant.Revoked || list[0].RevokedBy != grant.ByPayer {
		t.Errorf("%+v", list[0])
	}
}

func TestARevokedGrantsTokenOpensNothing(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	payer := ada.becomes()
	ada.asks()
	p := ada.post("/consent", url.Values{"decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:read"}, "detail": {"0"}})
	if !strings.HasPrefix(p.to, "https://books.example/cb?") || !strings.Contains(p.to, "state=st") || !strings.Contains(p.to, "iss=") {
		t.Fatalf("leads to %s", p.to)
	}
	token, _ := g.tokens(p.to)["access_token"].(string)
	if !g.works(token) {
		t.Fatal("the token does not open")
	}
	ada.wants(ada.post("/me/grants/"+string(g.given("ada@example.com")[0].ID)+"/revoke", nil), 303, "")
	g.clock.move(6 * time.Second)
	if g.works(token) {
		t.Error("the revoked grant's token opens")
	}
}

// The ways to end without a grant go back to the client in the standards' words.
func TestNoGrant(t *testing.T) {
	g := newGround(t)
	stranger, ada := g.visitor(), g.visitor().signUp("ada@example.com")
	payer := ada.becomes()
	leads := func(what string, p page, has string) {
		t.Helper()
		if p.status != 303 || !strings.Contains(p.to, has) {
			t.Errorf("%s: %d %s %s", what, p.status, p.to, p.text)
		}
	}
	leads("denied", func() page { ada.asks(); return ada.post("/consent", url.Values{"decision": {"deny"}}) }(), "error=access_denied")
	leads("prompt=none, nobody", stranger.get("/oauth/authorize?"+g.asking("prompt", "none").Encode()), "error=login_required")
	leads("prompt=none, somebody", ada.get("/oauth/authorize?"+g.asking("prompt", "none").Encode()), "error=consent_required")
	leads("prompt=login", ada.get("/oauth/authorize?"+g.asking("prompt", "login").Encode()), "/sign-in?")
	leads("prompt=login, not signed in again", ada.get("/consent"), "/sign-in?")
	leads("an unknown scope", ada.get("/oauth/authorize?"+g.asking("scope", "root").Encode()), "error=invalid_scope")
	leads("stronger than a password", func() page {
		ada.asks("acr_values", string(identity.ByPasskey))
		return ada.post("/consent", url.Values{"decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:read"}})
	}(), "error=unmet_authentication_requirements")
	g.clock.move(2 * time.Minute)
	leads("an old sign-in", ada.get("/oauth/authorize?"+g.asking("max_age", "60").Encode()), "/sign-in?")
	ada.wants(ada.get("/oauth/authorize?"+g.asking("redirect_uri", "https://evil.example/cb").Encode()), 400, "redirect_uri is not registered")
	ada.wants(ada.get("/oauth/authorize?"+g.asking("client_id", "client_x").Encode()), 400, "no such application")
	ada.cookies["florin-request"] = "somebody-elses"
	ada.wants(ada.get("/consent"), 400, "finished or has expired")
	ada.asks()
	g.clock.move(time.Hour)
	ada.wants(ada.post("/consent", url.Values{"decision": {"deny"}}), 400, "finished or has expired")
}

func TestDevices(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	payer := ada.becomes()
	begin := func() (user, device string) {
		out := g.call("/oauth/device_authorization", url.Values{"scope": {"payments:read"}})
		return out["user_code"].(string), out["device_code"].(string)
	}
	poll := func(device string) map[string]any {
		g.clock.move(6 * time.Second)
		return g.call("/oauth/token", url.Values{"grant_type": {oauth.DeviceGrant}, "device_code": {device}})
	}
	user, device := begin()
	ada.wants(ada.post("/device", url.Values{"user_code": {"AAAA-AAAA"}}), 400, "There is no such code")
	ada.wants(ada.get("/device?user_code="+user), 200, user)
	ada.wants(ada.post("/device", url.Values{"user_code": {strings.ToLower(user)}}), 200, "Books & Co asks for access")
	if out := poll(device); out["error"] != "authorization_pending" {
		t.Errorf("%v", out)
	}
	ada.wants(ada.post("/device/decide", url.Values{"user_code": {user}, "decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:read"}}), 200, "Look at your device")
	if out := poll(device); out["access_token"] == nil {
		t.Errorf("%v", out)
	}
	user, device = begin()
	ada.wants(ada.post("/device/decide", url.Values{"user_code": {user}, "decision": {"deny"}}), 200, "Not allowed")
	if out := poll(device); out["error"] != "access_denied" {
		t.Errorf("%v", out)
	}
}

// A device may ask for money, too: the proof comes first, and the code is not lost by it.
func TestADeviceWantsAFreshProof(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	payer, secret := ada.becomes(), ada.enrolls()
	g.clock.move(6 * time.Minute)
	details := `[{"type":"payment","payee":"` + string(g.cafe) + `","currency":"USD","amount":500}]`
	user := g.call("/oauth/device_authorization", url.Values{"scope": {"payments:read"}, "authorization_details": {details}})["user_code"].(string)
	to := "/device?user_code=" + user
	form := url.Values{"user_code": {user}, "decision": {"allow"}, "as": {string(payer)}, "detail": {"0"}}
	for _, path := range []string{"/device", "/device/decide"} {
		stepUp := "/step-up?" + url.Values{"to": {to}}.Encode()
		if p := ada.post(path, form); p.status != 303 || p.to != stepUp {
			t.Fatalf("%s: %d %s", path, p.status, p.to)
		}
	}
	if p := ada.proves(secret, to); p.to != to {
		t.Fatalf("%d %s", p.status, p.to)
	}
	ada.wants(ada.get(to), 200, `value="`+user+`"`)
	ada.wants(ada.post("/device", form), 200, "Books & Co asks for access")
	signIn := "/sign-in?" + url.Values{"login": {""}, "to": {to}}.Encode()
	if p := g.visitor().post("/device", form); p.to != signIn {
		t.Errorf("signed out: %d %s", p.status, p.to)
	}
}

// Browsers know no IPv6 host in a policy: an app that listens on one is reached by its
// scheme.
func TestFormsLeadBackToTheClient(t *testing.T) {
	for address, want := range map[string]string{
		"https://books.example/cb?x=1": "form-action 'self' https://books.example",
		"http://127.0.0.1:7000/cb":     "form-action 'self' http://127.0.0.1:7000",
		"http://[::1]:7000/cb":         "form-action 'self' http:",
	} {
		if got := policy(origin(address)); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", address, got)
		}
	}
}

func TestLogout(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	query := url.Values{"client_id": {string(g.client.ID)}, "post_logout_redirect_uri": {"https://books.example/bye"}, "state": {"x"}}.Encode()
	ada.wants(ada.get("/oauth/logout?"+query), 200, "Books & Co asks to sign you out")
	ada.wants(ada.get("/me"), 200, "")
	p := ada.post("/oauth/logout", url.Values{"client_id": {string(g.client.ID)}, "state": {"x"}})
	if p.status != 303 || !strings.HasPrefix(p.to, "/oauth/logout?client_id=") {
		t.Errorf("by a form: %d %s", p.status, p.to)
	}
	ada.wants(ada.get("/me"), 200, "")
	p = ada.post("/sign-out", url.Values{"query": {query}})
	if got := p.header.Get("Clear-Site-Data"); got != `"storage"` {
		t.Errorf("what the tab keeps: %q", got)
	}
	if p.status != 303 || p.to != "https://books.example/bye?state=x" {
		t.Errorf("%d %s", p.status, p.to)
	}
	if p := ada.get("/me"); p.status != 303 {
		t.Errorf("still signed in: %d", p.status)
	}
	ada.wants(ada.get("/oauth/logout?client_id="+string(g.client.ID)+"&post_logout_redirect_uri=https://evil.example"), 400, "not registered")
}

// Staff register clients for their merchant, once they have proved themselves.
func TestClients(t *testing.T) {
	g := newGround(t)
	dev, eve := g.visitor().signUp("dev@example.com"), g.visitor().signUp("eve@example.com")
	p, err := g.persons.Named(t.Context(), "dev@example.com")
	g.must(err)
	g.must(g.persons.Appoint(t.Context(), p.ID, g.cafe, identity.Developer, identity.Browser{}))
	form := url.Values{"name": {"Till"}, "merchant": {string(g.cafe)}, "kind": {"server"}, "redirects": {"https://till.example/cb"}, "scope": {"payments:read"}}
	eve.wants(eve.get("/me/clients"), 200, "no role at a merchant")
	eve.wants(eve.post("/me/clients", form), 404, "")
	dev.wants(dev.get("/me/clients"), 200, "Books & Co")
	if p := dev.post("/me/clients", form); p.status != 303 || !strings.HasPrefix(p.to, "/step-up") {
		t.Errorf("without a proof: %d %s", p.status, p.to)
	}
}

// Both languages say the same things, and every refusal that a page can show has its
// sentence in Chinese.
func TestWordsAreComplete(t *testing.T) {
	for name, pair := range map[string][2]map[string]string{"words": {english.plain, chinese.plain}, "scopes": {english.scopes, chinese.scopes}} {
		for key, text := range pair[0] {
			if pair[1][key] == "" {
				t.Errorf("%s: %q has no Chinese", name, key)
			}
			if strings.Count(text, "%") != strings.Count(pair[1][key], "%") {
				t.Errorf("%s: %q takes other things in Chinese", name, key)
			}
		}
		if len(pair[0]) != len(pair[1]) {
			t.Errorf("%s: %d in English, %d in Chinese", name, len(pair[0]), len(pair[1]))
		}
	}
	for _, r := range identity.Roles {
		if english.roles[r] == "" || chinese.roles[r] == "" {
			t.Errorf("the role %s has no name", r)
		}
	}
}

// Two tabs that ask for two clients share a cookie, but not an answer.
func TestTabsDoNotMix(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	payer := ada.becomes()
	first := regexp.MustCompile(`name="request" value="([0-9a-f]+)"`).FindStringSubmatch(ada.asks().text)
	ada.asks("scope", "openid email", "authorization_details", "")
	yes := url.Values{"decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:read"}, "request": {first[1]}}
	ada.wants(ada.post("/consent", yes), 400, "finished or has expired")
	if list := g.given("ada@example.com"); len(list) != 0 {
		t.Errorf("%+v", list)
	}
}

// Who a client only wants to know needs no profile, and gives away nothing else.
func TestSigningInSomewhereElse(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	ada.wants(ada.asks("scope", "openid email", "authorization_details", ""), 200, "Only yourself")
	p := ada.post("/consent", url.Values{"decision": {"allow"}, "as": {"me"}, "scope": {"email"}})
	if out := g.tokens(p.to); out["id_token"] == nil {
		t.Errorf("%s %v", p.to, out)
	}
	if list := g.given("ada@example.com"); len(list) != 1 || list[0].Payer != "" || strings.Join(list[0].Scopes, " ") != "openid email" {
		t.Errorf("%+v", list)
	}
}

// Two payers of one merchant are told apart, and nobody is chosen for the person.
func TestWhoIsChosenIsSaid(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	one, two := ada.becomes(), ada.becomes()
	p := ada.asks()
	for _, payer := range []id.Payer{one, two} {
		ada.wants(p, 200, "You as a payer of Café <Noir> ("+string(payer)+")")
	}
	if strings.Contains(p.text, `name="as" value="`+string(one)+`" checked`) || strings.Contains(p.text, `name="as" value="`+string(two)+`" checked`) {
		t.Error("one of two is chosen already")
	}
	form := url.Values{"decision": {"allow"}, "scope": {"payments:read"}, "detail": {"0"}}
	ada.wants(ada.post("/consent", form), 400, "Choose for which profile")
	form.Set("as", string(two))
	ada.wants(ada.post("/consent", form), 303, "")
	if list := g.given("ada@example.com"); len(list) != 1 || list[0].Payer != two {
		t.Errorf("%+v", list)
	}
}

// What a person empties is not what the client asked for, and no grant outlives 90 days.
func TestAnEmptyAmountIsNoConsent(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	payer := ada.becomes()
	ada.asks()
	form := url.Values{"decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:read"}, "detail": {"0"}, "amount_0": {""}}
	ada.wants(ada.post("/consent", form), 400, "Send at most 50.00 USD")
	form.Set("amount_0", "1")
	form.Set("until", g.clock.Now().AddDate(0, 0, grantDays).Format(time.DateOnly))
	ada.wants(ada.post("/consent", form), 303, "")
	list := g.given("ada@example.com")
	if len(list) != 1 || list[0].ExpiresAt.After(g.clock.Now().AddDate(0, 0, grantDays)) {
		t.Errorf("%+v", list)
	}
}

// A client may want a sign-in that is no older than a second: who reads longer than that
// is not sent round in circles, and may deny in any case.
func TestAShortAgeIsNoCircle(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	payer := ada.becomes()
	g.clock.move(time.Minute)
	ask := []string{"max_age", "1", "authorization_details", ""}
	ada.wants(ada.asks(ask...), 200, english.plain["title_signin"])
	if p := ada.post("/consent", url.Values{"decision": {"deny"}}); !strings.Contains(p.to, "error=access_denied") {
		t.Errorf("to deny wants a sign-in: %d %s", p.status, p.to)
	}
	ada.asks(ask...)
	ada.wants(ada.post("/sign-in", url.Values{"login": {"ada@example.com"}, "password": {phrase}, "to": {"/consent"}}), 303, "")
	g.clock.move(10 * time.Second)
	ada.wants(ada.get("/consent"), 200, "asks for access")
	p := ada.post("/consent", url.Values{"decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:read"}})
	if !strings.Contains(p.to, "code=") {
		t.Errorf("%d %s", p.status, p.to)
	}
}
