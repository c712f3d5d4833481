package oauth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/oauth"
)

func spendNow(p *oauth.Proof, w *world) func(*db.Tx) error {
	return func(tx *db.Tx) error { return p.Spend(tx, w.clock.Now()) }
}

func TestAPersonsTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		in := a.asking()
		in.Set("authorization_details", limits(10_000))
		out := a.redeem(a.code(in))
		c, i := claimsOf(t, out.access()), claimsOf(t, out.get("id_token"))
		if c["sub"] != "person_anna" || c["payer"] != string(anna) || c["grant_id"] != string(w.grants.all(t)[0].ID) || c["acr"] != "phr" || c["authorization_details"] != nil {
			t.Errorf("access token %v", c)
		}
		if i["sub"] != "person_anna" || i["aud"] != string(a.id) || i["nonce"] != "no" || i["iss"] != w.base || i["auth_time"] == nil {
			t.Errorf("ID token %v", i)
		}
		r, err := http.NewRequest("GET", w.base+"/oauth/userinfo", nil)
		must(t, err)
		ask := func(nonce string) result {
			p := &proofing{key: a.prover, method: "GET", url: w.base + "/oauth/userinfo", nonce: nonce, ath: out.access(), at: w.clock.Now()}
			r.Header.Set("Authorization", "DPoP "+out.access())
			r.Header.Set("DPoP", p.make(t))
			return do(t, http.DefaultClient, r)
		}
		first := ask("")
		if first.code() != "use_dpop_nonce" || first.status != 401 || !strings.HasPrefix(first.header.Get("WWW-Authenticate"), `DPoP error="use_dpop_nonce"`) {
			t.Fatalf("%d %s %v", first.status, first.text, first.header)
		}
		if got := ask(first.header.Get("DPoP-Nonce")); got.text != `{"name":"Name of person_anna","sub":"person_anna"}` {
			t.Errorf("%s", got.text)
		}
		own := a.own().access()
		r.Header.Set("Authorization", "DPoP "+own)
		p := &proofing{key: a.prover, method: "GET", url: w.base + "/oauth/userinfo", nonce: first.header.Get("DPoP-Nonce"), ath: own, at: w.clock.Now()}
		r.Header.Set("DPoP", p.make(t))
		if got := do(t, http.DefaultClient, r); got.status != 403 || got.code() != "insufficient_scope" {
			t.Errorf("a client's own token: %d %s", got.status, got.text)
		}
	})
}

func TestDevices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, other := w.register(public), w.register(public)
		start := func() (result, oauth.AskedDevice) {
			dev := a.post("/oauth/device_authorization", url.Values{"scope": {"openid payments:read"}, "authorization_details": {limits(500)}})
			page, err := w.s.Device(t.Context(), strings.ToLower(strings.Replace(dev.get("user_code"), "-", " ", 1)), dev.get("user_code"))
			must(t, err)
			return dev, page
		}
		dev, page := start()
		if len(dev.get("user_code")) != 9 || dev.body["interval"].(float64) != 5 || dev.get("verification_uri") != w.base+"/device" || page.Client.ID != a.id || page.Details[0].Amount != 500 {
			t.Fatalf("%s %+v", dev.text, page)
		}
		poll := func(by *app, d result) result {
			return by.post("/oauth/token", url.Values{"grant_type": {oauth.DeviceGrant}, "device_code": {d.get("device_code")}})
		}
		wants(t, "another client", poll(other, dev), "invalid_grant")
		wants(t, "too soon", poll(a, dev), "authorization_pending")
		wants(t, "at once", poll(a, dev), "slow_down")
		w.clock.Move(6 * time.Second)
		wants(t, "as often as before", poll(a, dev), "slow_down")
		w.clock.Move(15 * time.Second)
		wants(t, "slower", poll(a, dev), "authorization_pending")
		must(t, w.s.DecideDevice(t.Context(), page, w.yes(oauth.Asked{Scopes: page.Scopes, Details: page.Details})))
		if err := w.s.DecideDevice(t.Context(), page, oauth.Decision{Denied: oauth.AccessDenied}); !errors.Is(err, oauth.ErrFinished) {
			t.Errorf("denied after it was allowed: %v", err)
		}
		w.clock.Move(15 * time.Second)
		out := poll(a, dev)
		if out.status != 200 || out.get("refresh_token") == "" || out.get("id_token") == "" || len(out.body["authorization_details"].([]any)) != 1 {
			t.Fatalf("%s", out.text)
		}
		must(t, a.works(out.access()))
		w.clock.Move(20 * time.Second)
		wants(t, "again", poll(a, dev), "invalid_grant")
		if a.works(out.access()) == nil {
			t.Error("a device code that came twice ended nothing")
		}
		dev, page = start()
		must(t, w.s.DecideDevice(t.Context(), page, oauth.Decision{Denied: oauth.AccessDenied}))
		wants(t, "denied", poll(a, dev), "access_denied")
		if err := w.s.DecideDevice(t.Context(), page, w.yes(oauth.Asked{Scopes: page.Scopes})); !errors.Is(err, oauth.ErrFinished) {
			t.Errorf("allowed after it was denied: %v", err)
		}
		dev, page = start()
		w.clock.Move(11 * time.Minute)
		wants(t, "late", poll(a, dev), "expired_token")
		if err := w.s.DecideDevice(t.Context(), page, w.yes(oauth.Asked{Scopes: page.Scopes})); !errors.Is(err, oauth.ErrFinished) {
			t.Errorf("decided too late: %v", err)
		}
		wants(t, "unknown", poll(a, result{body: map[string]any{"device_code": "x"}}), "invalid_grant")
	})
}

// Guessing the codes of others ends after ten tries, on all nodes together.
func TestGuessesAreCounted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, elsewhere := w.register(public), w.node()
		dev := a.post("/oauth/device_authorization", url.Values{"scope": {"payments:read"}})
		for i, code := range []string{"BBBB-BBBB", "", "AEIO-UAEI", strings.Repeat("B", 1000), "bbbbbbbb", "BBBBBBB", "BBBBBBBBB", "ＢBBBBBBB", "--------", "BBBB BBBC"} {
			s := w.s
			if i%2 == 0 {
				s = elsewhere
			}
			if _, err := s.Device(t.Context(), code, "eve"); !errors.Is(err, oauth.ErrUserCode) {
				t.Errorf("%q: %v", code, err)
			}
		}
		if _, err := w.s.Device(t.Context(), dev.get("user_code"), "eve"); !errors.Is(err, oauth.ErrGuesses) {
			t.Errorf("an eleventh try: %v", err)
		}
		if _, err := w.s.Device(t.Context(), dev.get("user_code"), "anna"); err != nil {
			t.Errorf("somebody else: %v", err)
		}
		w.clock.Move(9 * time.Minute)
		if _, err := w.s.Device(t.Context(), dev.get("user_code"), "eve"); !errors.Is(err, oauth.ErrGuesses) {
			t.Errorf("after nine minutes: %v", err)
		}
	})
}

func TestIntrospectionIsNoOracle(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b, p := w.register(fapi), w.register(fapi), w.register(public)
		out := a.tokens()
		for name, token := range map[string]string{"access": out.access(), "refresh": out.get("refresh_token")} {
			if got := a.post("/oauth/introspect", url.Values{"token": {token}}); got.body["active"] != true || got.get("sub") != "person_anna" {
				t.Errorf("%s: %s", name, got.text)
			}
			if got := b.post("/oauth/introspect", url.Values{"token": {token}}); got.text != `{"active":false}` || got.status != 200 {
				t.Errorf("another's %s: %d %s", name, got.status, got.text)
			}
		}
		for _, token := range []string{"x", out.get("id_token"), out.access() + "x", strings.Repeat("x", 5000)} {
			if got := a.post("/oauth/introspect", url.Values{"token": {token}}); got.text != `{"active":false}` {
				t.Errorf("%s: %s", token[:1], got.text)
			}
			if got := a.post("/oauth/revoke", url.Values{"token": {token}}); got.status != 200 || got.text != "" {
				t.Errorf("revoke: %d %s", got.status, got.text)
			}
		}
		wants(t, "a public client", p.post("/oauth/introspect", url.Values{"token": {out.access()}}), "invalid_client")
		wants(t, "no token", a.post("/oauth/introspect", url.Values{}), "invalid_request")
		rotated := p.tokens()
		p.renew(rotated.get("refresh_token"))
		if why := w.grants.all(t); len(why) != 2 {
			t.Errorf("%v", why)
		}
	})
}

// enrols posts metadata to the registration endpoint, or to a client's own address.
func (w *world) enrols(method, path, token string, metadata map[string]any) result {
	body, err := json.Marshal(metadata)
	must(w.t, err)
	r, err := http.NewRequest(method, w.base+path, bytes.NewReader(body))
	must(w.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	return do(w.t, http.DefaultClient, r)
}

func TestRegistration(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		initial := func(live bool) string {
			token, err := w.s.InitialToken(t.Context(), oauth.Invitation{Merchant: shop, Owner: "person_dev", Live: live, Scopes: []string{"openid", "payments:read", "payments:write"}}, time.Minute)
			must(t, err)
			return token
		}
		web := map[string]any{"client_name": "Web", "redirect_uris": []string{callback}, "scope": "openid payments:read", "logo_uri": "ignored"}
		token := initial(false)
		out := w.enrols("POST", "/oauth/register", token, web)
		if out.status != 201 || out.get("client_secret") == "" || out.body["client_secret_expires_at"].(float64) != 0 || out.get("token_endpoint_auth_method") != "client_secret_basic" || out.get("registration_access_token") == "" {
			t.Fatalf("%d %s", out.status, out.text)
		}
		for name, bad := range map[string]string{"used": token, "none": "", "nonsense": "x", "an access token": w.register(fapi).own().access()} {
			if got := w.enrols("POST", "/oauth/register", bad, web); got.status != 401 || got.code() != "invalid_token" || got.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: %d %s", name, got.status, got.text)
			}
		}
		old := initial(false)
		w.clock.Move(2 * time.Minute)
		if got := w.enrols("POST", "/oauth/register", old, web); got.status != 401 {
			t.Errorf("old: %d", got.status)
		}
		self := strings.TrimPrefix(out.get("registration_client_uri"), w.base)
		mine := out.get("registration_access_token")
		if got := w.enrols("GET", self, mine, nil); got.status != 200 || got.get("client_name") != "Web" || got.get("client_secret") != "" {
			t.Errorf("%d %s", got.status, got.text)
		}
		for _, bad := range []string{"", "x", initial(false)} {
			for _, method := range []string{"GET", "PUT", "DELETE"} {
				if got := w.enrols(method, self, bad, web); got.status != 401 {
					t.Errorf("%s with %q: %d", method, bad, got.status)
				}
			}
		}
		web["client_name"], web["client_id"] = "Other", out.get("client_id")
		if got := w.enrols("PUT", self, mine, web); got.status != 200 || got.get("client_name") != "Other" {
			t.Errorf("%d %s", got.status, got.text)
		}
		for what, change := range map[string]map[string]any{"more scopes": {"scope": "openid wallets:read"}, "to act for itself": {"grant_types": []string{"authorization_code", "client_credentials"}}} {
			more := map[string]any{}
			merge(more, web)
			merge(more, change)
			if got := w.enrols("PUT", self, mine, more); got.code() != "invalid_client_metadata" {
				t.Errorf("it gave itself %s: %d %s", what, got.status, got.text)
			}
		}
		web["scope"] = "openid payments:write" // within what the initial token allowed
		if got := w.enrols("PUT", self, mine, web); got.status != 200 || got.get("scope") != "openid payments:write" {
			t.Errorf("%d %s", got.status, got.text)
		}
		web["client_id"] = "client_0"
		if got := w.enrols("PUT", self, mine, web); got.code() != "invalid_client_metadata" {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := w.enrols("DELETE", self, mine, nil); got.status != 204 {
			t.Errorf("%d %s", got.status, got.text)
		}
		if got := w.enrols("GET", self, mine, nil); got.status != 401 {
			t.Errorf("after its end: %d", got.status)
		}
		refusedMetadata(t, w, initial)
	})
}

func refusedMetadata(t *testing.T, w *world, initial func(bool) string) {
	set := json.RawMessage(jwks(t, newKey(t)))
	good := map[string]any{"client_name": "F", "redirect_uris": []string{callback}, "scope": "payments:write", "token_endpoint_auth_method": "private_key_jwt", "jwks": set}
	for name, c := range map[string]struct {
		live   bool
		change map[string]any
		code   string
	}{
		"good":                        {false, nil, ""},
		"live money without FAPI":     {true, nil, "invalid_client_metadata"},
		"live money with FAPI":        {true, map[string]any{"require_pushed_authorization_requests": true, "dpop_bound_access_tokens": true}, ""},
		"FAPI without bound tokens":   {false, map[string]any{"require_pushed_authorization_requests": true}, "invalid_client_metadata"},
		"FAPI with a password":        {false, map[string]any{"require_pushed_authorization_requests": true, "dpop_bound_access_tokens": true, "token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"},
		"jwks_uri":                    {false, map[string]any{"jwks_uri": "https://client.example/jwks"}, "invalid_client_metadata"},
		"no keys":                     {false, map[string]any{"jwks": nil}, "invalid_client_metadata"},
		"client_secret_post":          {false, map[string]any{"token_endpoint_auth_method": "client_secret_post"}, "invalid_client_metadata"},
		"implicit":                    {false, map[string]any{"grant_types": []string{"implicit"}}, "invalid_client_metadata"},
		"token response":              {false, map[string]any{"response_types": []string{"token"}}, "invalid_client_metadata"},
		"unknown scope":               {false, map[string]any{"scope": "root"}, "invalid_client_metadata"},
		"no address":                  {false, map[string]any{"redirect_uris": nil}, "invalid_redirect_uri"},
		"an http address":             {false, map[string]any{"redirect_uris": []string{"http://client.example/"}}, "invalid_redirect_uri"},
		"a name of lines":             {false, map[string]any{"client_name": "a\nb"}, "invalid_client_metadata"},
		"no name":                     {false, map[string]any{"client_name": nil}, "invalid_client_metadata"},
		"a public client's own grant": {false, map[string]any{"token_endpoint_auth_method": "none", "grant_types": []string{"client_credentials"}, "redirect_uris": nil}, "invalid_client_metadata"},
		"an origin with a path":       {false, map[string]any{"allowed_origins": []string{"https://client.example/"}}, "invalid_client_metadata"},
		"more than invited":           {false, map[string]any{"scope": "wallets:read"}, "invalid_client_metadata"},
		"to act for itself":           {false, map[string]any{"grant_types": []string{"authorization_code", "client_credentials"}}, "invalid_client_metadata"},
		"RS256":                       {false, map[string]any{"id_token_signed_response_alg": "RS256"}, "invalid_client_metadata"},
	} {
		m := map[string]any{}
		merge(m, good)
		merge(m, c.change)
		if got := w.enrols("POST", "/oauth/register", initial(c.live), m); got.code() != c.code || (got.status == 201) != (c.code == "") {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
}

func TestLogout(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.register(fapi), w.register(fapi)
		hint := a.tokens().get("id_token")
		w.clock.Move(time.Hour) // an ID token that has expired is still a hint
		in := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://client.example/bye"}, "state": {"s&t"}}
		got, err := w.s.Logout(t.Context(), in.Encode())
		if err != nil || got.Person != "person_anna" || got.Client != a.id || got.Redirect != "https://client.example/bye?state=s%26t" {
			t.Errorf("%+v %v", got, err)
		}
		if got, err := w.s.Logout(t.Context(), ""); err != nil || got != (oauth.Leaving{}) {
			t.Errorf("%+v %v", got, err)
		}
		for name, change := range map[string]url.Values{
			"another address": {"post_logout_redirect_uri": {"https://evil.example/"}}, "nobody's address": {"id_token_hint": {""}}, "another's hint": {"client_id": {string(b.id)}},
			"a forged hint": {"id_token_hint": {sign(t, newKey(t), map[string]any{"typ": "JWT"}, claimsOf(t, hint))}}, "an access token": {"id_token_hint": {a.own().access()}},
		} {
			bad := url.Values{}
			for k, v := range in {
				bad[k] = v
			}
			for k, v := range change {
				bad[k] = v
			}
			if got, err := w.s.Logout(t.Context(), bad.Encode()); err == nil {
				t.Errorf("%s: %+v", name, got)
			}
		}
	})
}

// told is what the log says of a merchant's clients in one mode, oldest first.
func told(t *testing.T, w *world, merchant id.Merchant, live bool) string {
	t.Helper()
	list, _, err := event.NewLog(w.d).List(t.Context(), merchant, live, event.Filter{Page: db.Page{Limit: 100}})
	must(t, err)
	var out []string
	for _, e := range slices.Backward(list) {
		c := e.Data.GetClient()
		if c.GetId() != e.Fact.Object || c.GetMerchant() != string(merchant) || c.GetLivemode() != live {
			t.Errorf("%s tells of %v", e.Type, c)
		}
		out = append(out, strings.TrimPrefix(e.Type, "client.")+" "+c.GetStatus())
	}
	return strings.Join(out, ", ")
}

func TestClientsOfAMerchant(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second, live := w.register(), w.register(), w.register(fapi, func(d *oauth.Draft) { d.Live = true })
		other := w.register(func(d *oauth.Draft) { d.Merchant = payee })
		ids := func(l bool, p db.Page) (out []string) {
			list, _, err := w.s.Clients(t.Context(), shop, l, p)
			must(t, err)
			for _, c := range list {
				out = append(out, string(c.ID))
			}
			return out
		}
		if got := ids(false, db.Page{Limit: 10}); len(got) != 2 || got[0] != string(second.id) || got[1] != string(first.id) {
			t.Errorf("%v", got)
		}
		if got := ids(false, db.Page{Limit: 10, After: string(second.id)}); len(got) != 1 || got[0] != string(first.id) {
			t.Errorf("%v", got)
		}
		if got := ids(true, db.Page{Limit: 10}); len(got) != 1 || got[0] != string(live.id) {
			t.Errorf("%v", got)
		}
		d := first.draft
		d.Name, d.Merchant, d.Live, d.Owner = "New", payee, true, "somebody"
		c, err := w.s.Change(t.Context(), first.id, d)
		if err != nil || c.Name != "New" || c.Merchant != shop || c.Live || c.Owner != "person_1" {
			t.Errorf("%+v %v", c, err)
		}
		if out := first.own(); out.status != 200 {
			t.Errorf("%s", out.text)
		}
		must(t, w.s.Delete(t.Context(), first.id))
		if got := ids(false, db.Page{Limit: 10}); len(got) != 1 {
			t.Errorf("%v", got)
		}
		for _, id := range []oauth.Client{{ID: first.id}, {ID: "client_0"}} {
			if _, err := w.s.Client(t.Context(), id.ID); err == nil {
				t.Errorf("%s is there", id.ID)
			}
		}
		for range 2 { // the second time changes nothing
			_, err := w.s.Suspend(t.Context(), second.id)
			must(t, err)
		}
		_, err = w.s.Activate(t.Context(), second.id)
		must(t, err)
		want := "registered active, registered active, changed active, deleted deleted, suspended suspended, activated active"
		if got := told(t, w, shop, false); got != want {
			t.Errorf("told %s", got)
		}
		if got := told(t, w, shop, true) + told(t, w, payee, false); got != "registered activeregistered active" {
			t.Errorf("others were told %s", got)
		}
		if got, err := w.s.Client(t.Context(), other.id); err != nil || got.Merchant != payee {
			t.Errorf("%+v %v", got, err)
		}
	})
}
