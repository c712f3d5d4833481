package oauth_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/oauth"
)

// dump is all text that our tables hold.
func dump(t testing.TB, w *world) string {
	var b strings.Builder
	for table, columns := range map[string][]string{
		"oauth_client": {"id", "secret_hash", "registration_hash", "jwks"}, "oauth_request": {"id", "pushed", "parameters"}, "oauth_code": {"hash", "redirect_uri", "nonce"},
		"oauth_refresh": {"hash", "grant_id", "key_thumbprint"}, "oauth_device": {"hash", "scopes"}, "oauth_seen": {"id", "kind"}, "oauth_approval": {"grant_id", "details", "scopes"},
		"oauth_key": {"id", "public", "kid", "state"},
	} {
		err := w.d.Query(context.Background(), "select "+strings.Join(columns, ", ")+" from "+table, func(r db.Row) error {
			for i := range columns {
				b.WriteString(r.Text(i) + "\n")
			}
			return nil
		})
		must(t, err)
	}
	return b.String()
}

func (w *world) get(path string) result {
	r, err := http.NewRequest("GET", w.base+path, nil)
	must(w.t, err)
	return do(w.t, http.DefaultClient, r)
}

// A1: the metadata at both addresses, with one issuer.
func TestA1Metadata(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		one, two := w.get("/.well-known/openid-configuration"), w.get("/.well-known/oauth-authorization-server")
		if one.status != 200 || one.text != two.text || one.get("issuer") != w.base || one.header.Get("Content-Type") != "application/json" {
			t.Fatalf("%d %s", one.status, one.text)
		}
		for name, path := range map[string]string{
			"authorization_endpoint": "/oauth/authorize", "token_endpoint": "/oauth/token", "pushed_authorization_request_endpoint": "/oauth/par", "jwks_uri": "/oauth/jwks",
			"introspection_endpoint": "/oauth/introspect", "revocation_endpoint": "/oauth/revoke", "device_authorization_endpoint": "/oauth/device_authorization",
			"userinfo_endpoint": "/oauth/userinfo", "registration_endpoint": "/oauth/register", "end_session_endpoint": "/oauth/logout",
		} {
			if one.get(name) != w.base+path {
				t.Errorf("%s is %s", name, one.get(name))
			}
		}
		if one.body["authorization_response_iss_parameter_supported"] != true || one.body["mtls_endpoint_aliases"].(map[string]any)["token_endpoint"] != w.config.MTLS+"/oauth/token" {
			t.Errorf("%s", one.text)
		}
		for _, issuer := range []string{"", "http://pay.example", "https://pay.example/", "https://pay.example/x", "https://pay.example?x", "https://PAY.example", "https://u@pay.example", "pay.example"} {
			c := w.config
			c.Issuer = issuer
			if _, err := oauth.Open(t.Context(), w.d, w.clock, w.seal, w.grants.Room, c); err == nil {
				t.Errorf("%q is an issuer", issuer)
			}
		}
	})
}

// A2: no password, implicit or hybrid grant.
func TestA2OldGrantsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		for _, grant := range []string{"password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "x"} {
			wants(t, grant, a.post("/oauth/token", url.Values{"grant_type": {grant}, "username": {"anna"}, "password": {"x"}}), "unsupported_grant_type")
		}
		wants(t, "none", a.post("/oauth/token", url.Values{}), "invalid_request")
		for _, response := range []string{"token", "id_token", "code token", "code id_token", "none"} {
			_, out := a.push(a.asking(), change{form: url.Values{"response_type": {response}}})
			wants(t, response, out, "unsupported_response_type")
		}
		for _, mode := range []string{"fragment", "form_post", "x"} {
			_, out := a.push(a.asking(), change{form: url.Values{"response_mode": {mode}}})
			wants(t, mode, out, "invalid_request")
		}
		only := w.register(fapi, func(d *oauth.Draft) { d.Grants, d.Redirects = []string{oauth.OwnGrant}, nil })
		wants(t, "not registered", only.renew("x"), "unauthorized_client")
	})
}

// A18: browsers may call what a client in a page needs, from where it is registered, and
// never the authorization endpoint.
func TestA18CORS(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.register(fapi)
		other := w.register(public, func(d *oauth.Draft) { d.Origins = []string{"https://other.example"} })
		asks := func(path, origin string) http.Header {
			r, err := http.NewRequest("OPTIONS", w.base+path, nil)
			must(t, err)
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			return do(t, http.DefaultClient, r).header
		}
		for _, path := range []string{"/oauth/token", "/oauth/par", "/oauth/revoke", "/oauth/userinfo", "/oauth/device_authorization"} {
			if h := asks(path, "https://client.example"); h.Get("Access-Control-Allow-Origin") != "https://client.example" || h.Get("Access-Control-Allow-Credentials") != "" || h.Get("Vary") != "Origin" {
				t.Errorf("%s: %v", path, h)
			}
			for _, origin := range []string{"https://evil.example", "null", "https://client.example.evil.example", ""} {
				if h := asks(path, origin); h.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s from %s: %v", path, origin, h)
				}
			}
		}
		for _, path := range []string{"/oauth/authorize", "/oauth/introspect", "/oauth/register", "/oauth/logout"} {
			if h := asks(path, "https://client.example"); h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: %v", path, h)
			}
		}
		from := func(origin string) string {
			out := other.redeem("x", change{send: func(r *http.Request) { r.Header.Set("Origin", origin) }})
			return out.header.Get("Access-Control-Allow-Origin")
		}
		if from("https://other.example") == "" || from("https://client.example") != "" {
			t.Error("an answer is for another client's page")
		}
		if w.get("/oauth/jwks").header.Get("Access-Control-Allow-Origin") != "*" || w.get("/.well-known/openid-configuration").header.Get("Access-Control-Allow-Origin") != "*" {
			t.Error("what is public is not for browsers")
		}
	})
}

// object is a good request object.
func (a *app) object(in url.Values) map[string]any {
	now := a.w.clock.Now().Unix()
	claims := map[string]any{"iss": a.id, "aud": a.w.base, "nbf": now, "iat": now, "exp": now + 300, "jti": rand.Text()}
	for name := range in {
		claims[name] = in.Get(name)
	}
	return claims
}

var objectHead = map[string]any{"typ": "oauth-authz-req+jwt"}

// A20: under Message Signing a request is a signed object, for us, not long ago, not for long.
func TestA20SignedRequests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi, func(d *oauth.Draft) { d.SignedRequests, d.JARM = true, true })
		_, out := a.push(a.asking())
		wants(t, "unsigned", out, "invalid_request")
		in := a.asking()
		in.Set("scope", "openid payments:read")
		push := func(claims, head map[string]any) (string, result) {
			c := a.object(in)
			merge(c, claims)
			h := map[string]any{"typ": "oauth-authz-req+jwt"}
			merge(h, head)
			return a.push(url.Values{"request": {sign(t, a.key, h, c)}, "scope": {"openid payments:write"}})
		}
		query, out := push(map[string]any{"authorization_details": json.RawMessage(limits(9007199254740991)), "max_age": 60}, nil)
		if out.status != 201 {
			t.Fatal(out.text)
		}
		if got := w.opens(query); strings.Join(got.Scopes, " ") != "openid payments:read" || got.Details[0].Amount != 9007199254740991 || *got.MaxAge != time.Minute {
			t.Errorf("what stands beside the object counts, or a number was bent: %+v", got)
		}
		now := w.clock.Now().Unix()
		for name, claims := range map[string]map[string]any{
			"token endpoint": {"aud": w.base + "/oauth/token"}, "a list": {"aud": []string{w.base}}, "nobody": {"aud": nil}, "no nbf": {"nbf": nil}, "an old nbf": {"nbf": now - 3601, "exp": now + 10},
			"wide": {"nbf": now - 59*60, "exp": now + 59*60}, "no exp": {"exp": nil}, "expired": {"exp": now - 1}, "ahead": {"nbf": now + 90}, "another's": {"iss": "client_0"}, "sub": {"sub": a.id},
			"request": {"request": "x"}, "request_uri": {"request_uri": "x"}, "a scope that is a list": {"scope": []string{"openid"}}, "a number": {"state": 7},
		} {
			_, out := push(claims, nil)
			wants(t, name, out, "invalid_request_object")
		}
		for name, head := range map[string]map[string]any{"no typ": {"typ": nil}, "JWT": {"typ": "JWT"}, "at+jwt": {"typ": "at+jwt"}, "unknown key": {"kid": "x"}} {
			_, out := push(nil, head)
			wants(t, name, out, "invalid_request_object")
		}
		_, out = push(map[string]any{"redirect_uri": "https://evil.example/"}, nil)
		wants(t, "address", out, "invalid_request")
		same := url.Values{"request": {sign(t, a.key, objectHead, a.object(in))}}
		if _, out := a.push(same); out.status != 201 {
			t.Fatal(out.text)
		}
		_, out = a.push(same)
		wants(t, "again", out, "invalid_request_object")
		plain := w.register(func(d *oauth.Draft) { d.SignedRequests = true })
		var f *oauth.Fail
		if _, err := w.s.Open(t.Context(), plain.asking().Encode()); !errors.As(err, &f) || f.Redirect != "" {
			t.Errorf("unsigned through the browser: %v", err)
		}
		if got := w.opens(url.Values{"client_id": {string(plain.id)}, "request": {sign(t, plain.key, objectHead, plain.object(plain.asking()))}}.Encode()); got.Client.ID != plain.id {
			t.Errorf("%+v", got)
		}
	})
}

// A21: signed answers verify with what we publish.
func TestA21SignedAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi, func(d *oauth.Draft) { d.JARM = true })
		answer := func(d func(oauth.Asked) oauth.Decision) map[string]any {
			query, _ := a.push(a.asking())
			asked := w.opens(query)
			to, err := w.s.Decide(t.Context(), asked, d(asked))
			must(t, err)
			u, err := url.Parse(to)
			must(t, err)
			if len(u.Query()) != 1 {
				t.Errorf("beside the signed answer: %s", to)
			}
			w.check(u.Query().Get("response"))
			return claimsOf(t, u.Query().Get("response"))
		}
		c := answer(w.yes)
		if c["iss"] != w.base || c["aud"] != string(a.id) || c["state"] != "st" || int64(c["exp"].(float64)) > w.clock.Now().Unix()+600 {
			t.Errorf("%v", c)
		}
		out := a.redeem(c["code"].(string))
		if out.status != 200 {
			t.Fatal(out.text)
		}
		if c := answer(func(oauth.Asked) oauth.Decision { return oauth.Decision{Denied: oauth.AccessDenied} }); c["error"] != "access_denied" || c["code"] != nil {
			t.Errorf("%v", c)
		}
		for accept, signed := range map[string]bool{"application/token-introspection+jwt": true, "application/json, application/token-introspection+jwt;q=0.5": true, "application/json": false, "application/token-introspection+jwt;q=0": false, "*/*": false} {
			got := a.post("/oauth/introspect", url.Values{"token": {out.access()}}, change{send: func(r *http.Request) { r.Header.Set("Accept", accept) }})
			if !signed {
				if got.body["active"] != true || got.get("client_id") != string(a.id) {
					t.Errorf("%s: %s", accept, got.text)
				}
				continue
			}
			if typ := w.check(got.text); typ != "token-introspection+jwt" || got.header.Get("Content-Type") != "application/token-introspection+jwt" {
				t.Errorf("%s: %s", accept, typ)
			}
			c := claimsOf(t, got.text)
			told := c["token_introspection"].(map[string]any)
			if c["aud"] != string(a.id) || told["active"] != true || told["cnf"].(map[string]any)["jkt"] != kid(t, a.prover) || a.works(got.text) == nil {
				t.Errorf("%v", c)
			}
		}
	})
}

// A26: a key is published before it signs, verifies until the last that it signed has
// died, and then is gone; an old one never signs.
func TestA26KeyRotation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, elsewhere := w.register(fapi), w.node()
		published := func() (ids []string) {
			var set jose.JSONWebKeySet
			must(t, json.Unmarshal([]byte(w.get("/oauth/jwks").text), &set))
			for _, k := range set.Keys {
				if !k.IsPublic() || k.Use != "sig" || k.Algorithm != "ES256" {
					t.Fatalf("published %+v", k)
				}
				ids = append(ids, k.KeyID)
			}
			return ids
		}
		signer := func(token string) string {
			o, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
			must(t, err)
			return o.Signatures[0].Header.KeyID
		}
		before := published()
		old := a.own().access()
		if len(before) != 2 || signer(old) != before[0] {
			t.Fatalf("published %v, signed by %s", before, signer(old))
		}
		must(t, w.s.Rotate(t.Context()))
		after := published()
		fresh := a.own().access()
		if len(after) != 3 || signer(fresh) != before[1] || after[0] != before[0] || after[1] != before[1] {
			t.Fatalf("published %v after %v, signed by %s", after, before, signer(fresh))
		}
		for _, s := range []*oauth.Server{w.s, elsewhere} {
			must(t, a.worksAt(s, old))
			must(t, a.worksAt(s, fresh))
		}
		w.clock.Move(2*time.Hour + time.Minute)
		must(t, w.s.Tend(t.Context()))
		if now := published(); len(now) != 2 || now[0] != before[1] {
			t.Errorf("published %v", now)
		}
		if out := a.own(); out.status != 200 || signer(out.access()) != before[1] {
			t.Errorf("%s", out.text)
		}
		// By itself, after thirty days, on whichever nodes.
		w.clock.Move(30 * 24 * time.Hour)
		must(t, errors.Join(w.s.Tend(t.Context()), elsewhere.Tend(t.Context()), w.s.Tend(t.Context())))
		w.clock.Move(6 * time.Second)
		if got := signer(a.own().access()); got != after[2] || len(published()) != 3 {
			t.Errorf("signed by %s, published %v", got, published())
		}
		for _, text := range []string{dump(t, w)} {
			if strings.Contains(text, `"d":`) {
				t.Error("a private key is readable")
			}
		}
		if _, err := oauth.Open(t.Context(), w.d, w.clock, newSealer(t), w.grants.Room, w.config); err == nil {
			t.Error("keys open for another sealer")
		}
	})
}

// Reading all that the body holds is bounded, and a page is never left to guess a type.
func TestAnswersAreNotToBeKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		for _, out := range []result{a.own(), a.renew("x"), a.post("/oauth/introspect", url.Values{"token": {"x"}})} {
			if out.header.Get("Cache-Control") != "no-store" || out.header.Get("X-Content-Type-Options") != "nosniff" || out.header.Get("Content-Type") != "application/json" {
				t.Errorf("%v", out.header)
			}
		}
		r, err := http.NewRequest("POST", w.base+"/oauth/token", io.LimitReader(strings.NewReader(strings.Repeat("a", 1<<20)), 1<<20))
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if out := do(t, http.DefaultClient, r); out.status != 413 {
			t.Errorf("a megabyte: %d", out.status)
		}
	})
}
