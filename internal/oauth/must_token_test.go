package oauth_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/oauth"
)

// A11: a code lives a minute and is good once; the second time ends what the first gave.
func TestA11CodesAreGoodOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, other := w.register(fapi), w.register(fapi)
		code := a.code(a.asking())
		stolen := *other
		wants(t, "another client's", stolen.redeem(code), "invalid_grant")
		wants(t, "another address", a.redeem(code, change{form: url.Values{"redirect_uri": {"https://client.example/other"}}}), "invalid_grant")
		thief := *a
		thief.prover = newKey(t)
		wants(t, "another key", thief.redeem(code), "invalid_dpop_proof")
		first := a.redeem(code)
		if first.status != 200 {
			t.Fatalf("attempts of others spoiled the code: %s", first.text)
		}
		must(t, a.works(first.access()))
		wants(t, "again", a.redeem(code), "invalid_grant")
		if a.works(first.access()) == nil {
			t.Error("the access token outlives the reuse")
		}
		wants(t, "refresh", a.renew(first.get("refresh_token")), "invalid_grant")
		if why := w.grants.all(t)[0].RevokedBy; why != grant.ByPlatform {
			t.Errorf("the grant ended by %q", why)
		}
		wants(t, "a third time", a.redeem(code), "invalid_grant")
		late := a.code(a.asking())
		w.clock.Move(61 * time.Second)
		wants(t, "late", a.redeem(late), "invalid_grant")
		for _, nonsense := range []string{"x", code + "x"} {
			wants(t, nonsense, a.redeem(nonsense), "invalid_grant")
		}
		for _, grant := range []string{"authorization_code", "refresh_token", oauth.DeviceGrant} {
			wants(t, grant+" of nothing", a.post("/oauth/token", url.Values{"grant_type": {grant}}), "invalid_request")
		}
		if out := a.redeem(a.code(a.asking()), change{form: url.Values{"redirect_uri": nil}}); out.status != 200 {
			t.Errorf("as a client of OAuth 2.1, without its address: %s", out.text)
		}
	})
}

// A13: a client of the profile, and any that asked for it, gets bound tokens only.
func TestA13TokensAreBound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, how := range map[string]func(*oauth.Draft){"FAPI": fapi, "asked for": func(d *oauth.Draft) { d.Bound = true }} {
			a := w.register(how)
			code := a.code(a.asking())
			prover := a.prover
			a.prover = nil
			wants(t, name+": no proof", a.redeem(code), "invalid_dpop_proof")
			wants(t, name+": no proof of its own", a.own(), "invalid_dpop_proof")
			a.prover = prover
			token := a.tokens().access()
			must(t, a.works(token))
			for what, fn := range map[string]func(*proofing, *http.Request){
				"as a bearer":          func(p *proofing, _ *http.Request) { p.key = nil },
				"another key":          func(p *proofing, _ *http.Request) { p.key = newKey(t) },
				"another method":       func(p *proofing, _ *http.Request) { p.method = "GET" },
				"another address":      func(p *proofing, _ *http.Request) { p.url = w.base + "/v1/refunds" },
				"another host":         func(p *proofing, _ *http.Request) { p.url = "https://evil.example/v1/payments" },
				"a query in htu":       func(p *proofing, _ *http.Request) { p.url += "?expand=1" },
				"another token":        func(p *proofing, _ *http.Request) { p.ath = "x" },
				"no token":             func(p *proofing, _ *http.Request) { p.ath = "" },
				"no nonce":             func(p *proofing, _ *http.Request) { p.nonce = "" },
				"a made-up nonce":      func(p *proofing, _ *http.Request) { p.nonce = strings.Repeat("A", 38) },
				"old":                  func(p *proofing, _ *http.Request) { p.at = p.at.Add(-62 * time.Second) },
				"from the future":      func(p *proofing, _ *http.Request) { p.at = p.at.Add(62 * time.Second) },
				"no jti":               func(p *proofing, _ *http.Request) { p.claims = map[string]any{"jti": nil} },
				"a host with a letter": func(p *proofing, r *http.Request) { p.url = strings.Replace(p.url, "127.0.0.1", "127.0.0.1.", 1) },
			} {
				var f *oauth.Fail
				if err := a.works(token, fn); !errors.As(err, &f) || f.Status != 401 {
					t.Errorf("%s: %s: %v", name, what, err)
				}
			}
			r, scheme := a.call(token)
			r.Header.Add("DPoP", r.Header.Get("DPoP"))
			if _, err := w.s.Verifier().Check(t.Context(), r, token, scheme); err == nil {
				t.Errorf("%s: two proofs", name)
			}
			if err := a.works(token, func(p *proofing, _ *http.Request) { p.url = "HTTP" + p.url[4:] }); err != nil {
				t.Errorf("%s: a scheme in capitals is the same: %v", name, err)
			}
		}
		bearer := w.register(func(d *oauth.Draft) { d.Auth = oauth.SecretBasic })
		bearer.prover = nil
		token := bearer.own().access()
		r, _ := bearer.call(token)
		if _, err := w.s.Verifier().Check(t.Context(), r, token, "DPoP"); err == nil {
			t.Error("a bearer token goes as a bound one")
		}
	})
}

// A14: refresh tokens of confidential clients stay, those of public clients rotate and end
// their family when they come again; all end with the grant and are bound.
func TestA14RefreshTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, other := w.register(fapi), w.register(fapi)
		first := a.tokens()
		token := first.get("refresh_token")
		for range 3 {
			out := a.renew(token)
			if out.status != 200 || out.get("refresh_token") != "" {
				t.Fatalf("%s", out.text)
			}
			must(t, a.works(out.access()))
		}
		less := a.renew(token, change{form: url.Values{"scope": {"payments:read"}}})
		if less.get("scope") != "payments:read" || less.get("id_token") != "" {
			t.Errorf("%s", less.text)
		}
		wants(t, "more", a.renew(token, change{form: url.Values{"scope": {"wallets:read"}}}), "invalid_scope")
		wants(t, "other limits", a.renew(token, change{form: url.Values{"authorization_details": {limits(1 << 40)}}}), "invalid_authorization_details")
		stolen := *other
		wants(t, "another client", stolen.renew(token), "invalid_grant")
		thief := *a
		thief.prover = newKey(t)
		wants(t, "another key", thief.renew(token), "invalid_dpop_proof")
		w.clock.Move(45 * 24 * time.Hour)
		if out := a.renew(token); out.status != 200 {
			t.Fatalf("%s", out.text)
		}
		w.clock.Move(46 * 24 * time.Hour)
		wants(t, "after the grant's end", a.renew(token), "invalid_grant")
		if out := a.own(); out.status != 200 { // also the client goes on, with keys that were rotated meanwhile
			t.Errorf("%s", out.text)
		}
	})
}

func TestA14PublicClientsRotate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(public)
		first := a.tokens()
		second := a.renew(first.get("refresh_token"))
		if second.status != 200 || second.get("refresh_token") == "" || second.get("refresh_token") == first.get("refresh_token") {
			t.Fatalf("%s", second.text)
		}
		thief := *a
		thief.prover = newKey(t)
		wants(t, "another key", thief.renew(second.get("refresh_token")), "invalid_dpop_proof")
		third := a.renew(second.get("refresh_token"))
		must(t, a.works(third.access()))
		wants(t, "an old one again", a.renew(first.get("refresh_token")), "invalid_grant")
		wants(t, "the newest after that", a.renew(third.get("refresh_token")), "invalid_grant")
		if a.works(third.access()) == nil {
			t.Error("the family lives on")
		}
		if why := w.grants.all(t)[0].RevokedBy; why != grant.ByPlatform {
			t.Errorf("the grant ended by %q", why)
		}
		// Rotating does not lengthen the life.
		out := a.tokens()
		for range 9 {
			w.clock.Move(10 * 24 * time.Hour)
			if next := a.renew(out.get("refresh_token")); next.status == 200 {
				out = next
			}
		}
		w.clock.Move(time.Second)
		wants(t, "after ninety days", a.renew(out.get("refresh_token")), "invalid_grant")
	})
}

// A17: what is drawn by chance has 256 bits, and the database has none of it.
func TestA17SecretsAreLongAndNotKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		basic := w.register(func(d *oauth.Draft) { d.Auth = oauth.SecretBasic })
		query, pushed := a.push(a.asking())
		asked := w.opens(query)
		to, err := w.s.Decide(t.Context(), asked, w.yes(asked))
		must(t, err)
		u, err := url.Parse(to)
		must(t, err)
		out := a.redeem(u.Query().Get("code"))
		dev := a.post("/oauth/device_authorization", url.Values{"scope": {"payments:read"}})
		secrets := map[string]string{
			"code": u.Query().Get("code"), "refresh token": out.get("refresh_token"), "handle": asked.Handle, "device code": dev.get("device_code"), "client secret": basic.secret,
			"registration token": a.token, "request_uri": strings.TrimPrefix(pushed.get("request_uri"), "urn:ietf:params:oauth:request_uri:"), "jti": claimsOf(t, out.access())["jti"].(string),
		}
		all := dump(t, w)
		for name, s := range secrets {
			if len(s) != 43 {
				t.Errorf("%s: %q has not 256 bits", name, s)
			}
			if name != "jti" && strings.Contains(all, s) {
				t.Errorf("the database holds the %s", name)
			}
		}
		if strings.Contains(all, out.access()) || !strings.Contains(all, string(a.id)) {
			t.Error("the database holds an access token, or nothing was looked at")
		}
	})
}

// A27: what was revoked is refused within five seconds on every node, and at once where it
// was revoked.
func TestA27RevocationReachesEveryNode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.register(fapi), w.register(fapi)
		elsewhere := w.node()
		for name, end := range map[string]func(r result){
			"the grant, by its person": func(result) {
				for _, g := range w.grants.all(t) {
					w.grants.end(t, g.ID)
					w.s.Revoked(g.ID)
				}
			},
			"the access token": func(r result) {
				wants(t, "another's", b.own(change{form: url.Values{"grant_type": {"x"}}}), "unsupported_grant_type")
				b.post("/oauth/revoke", url.Values{"token": {r.access()}})
				must(t, a.works(r.access())) // that was not b's to end
				if out := a.post("/oauth/revoke", url.Values{"token": {r.access()}, "token_type_hint": {"refresh_token"}}); out.status != 200 || out.text != "" {
					t.Errorf("%d %s", out.status, out.text)
				}
				if out := a.renew(r.get("refresh_token")); out.status != 200 {
					t.Errorf("the grant ended with the access token: %s", out.text)
				}
			},
			"the refresh token": func(r result) {
				a.post("/oauth/revoke", url.Values{"token": {r.get("refresh_token")}})
				wants(t, "refresh", a.renew(r.get("refresh_token")), "invalid_grant")
			},
		} {
			r := a.tokens()
			must(t, a.works(r.access()))
			must(t, a.worksAt(elsewhere, r.access()))
			end(r)
			if a.works(r.access()) == nil {
				t.Errorf("%s: works here", name)
			}
			w.clock.Move(5 * time.Second)
			if a.worksAt(elsewhere, r.access()) == nil {
				t.Errorf("%s: works elsewhere after five seconds", name)
			}
			if got := a.post("/oauth/introspect", url.Values{"token": {r.access()}}); got.text != `{"active":false}` {
				t.Errorf("%s: %s", name, got.text)
			}
		}
		own := a.own().access()
		must(t, a.worksAt(elsewhere, own))
		_, err := w.s.Suspend(t.Context(), a.id)
		must(t, err)
		if a.works(own) == nil {
			t.Error("a suspended client's token works here")
		}
		wants(t, "a suspended client", a.own(), "invalid_client")
		w.clock.Move(5 * time.Second)
		if a.worksAt(elsewhere, own) == nil {
			t.Error("a suspended client's token works elsewhere")
		}
		_, err = w.s.Activate(t.Context(), a.id)
		must(t, err)
		must(t, w.s.Delete(t.Context(), a.id))
		if _, err := w.s.Activate(t.Context(), a.id); err == nil {
			t.Error("a deleted client came back")
		}
	})
}
