package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/oauth"
)

// A5: a client of the profile pushes its requests.
func TestA5RequestsArePushed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		var f *oauth.Fail
		if _, err := w.s.Open(t.Context(), a.asking().Encode()); !errors.As(err, &f) || f.Redirect != "" {
			t.Errorf("not pushed: %v", err)
		}
		query, out := a.push(a.asking())
		if out.status != 201 {
			t.Fatal(out.text)
		}
		if got := w.opens(query); got.Client.ID != a.id || strings.Join(got.Scopes, " ") != "openid payments:read payments:write" {
			t.Errorf("asked %+v", got)
		}
		plain := w.register(public)
		if got := w.opens(plain.asking().Encode()); got.Client.ID != plain.id {
			t.Errorf("asked %+v", got)
		}
	})
}

// A6: PAR is for clients that prove themselves, takes no request_uri, and no GET.
func TestA6PushingIsAuthenticated(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		_, out := a.push(a.asking(), change{bare: true, form: url.Values{"client_id": {string(a.id)}}})
		wants(t, "no credentials", out, "invalid_client")
		_, out = a.push(a.asking(), change{form: url.Values{"request_uri": {"urn:ietf:params:oauth:request_uri:x"}}})
		wants(t, "request_uri", out, "invalid_request")
		resp, err := http.Get(w.base + "/oauth/par?" + a.asking().Encode())
		must(t, err)
		if resp.Body.Close(); resp.StatusCode != 405 {
			t.Errorf("GET: %d", resp.StatusCode)
		}
	})
}

// A7: a request_uri lives a minute however often it is opened, is decided once, and is its
// client's.
func TestA7RequestURIs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.register(fapi), w.register(fapi)
		query, out := a.push(a.asking())
		if n := out.body["expires_in"].(float64); n <= 0 || n >= 600 {
			t.Errorf("expires_in %v", n)
		}
		if _, err := w.s.Open(t.Context(), strings.Replace(query, string(a.id), string(b.id), 1)); err == nil {
			t.Error("another client opened it")
		}
		first, second := w.opens(query), w.opens(query)
		w.clock.Move(50 * time.Second)
		w.opens(query) // opening again does not lengthen its life
		w.clock.Move(11 * time.Second)
		if _, err := w.s.Open(t.Context(), query); err == nil {
			t.Error("open after a minute")
		}
		w.clock.Move(5 * time.Minute) // the person may take their time
		if _, err := w.s.Decide(t.Context(), first, w.yes(first)); err != nil {
			t.Fatal(err)
		}
		for name, asked := range map[string]oauth.Asked{"the same page": first, "another page of it": second} {
			if to, err := w.s.Decide(t.Context(), asked, w.yes(asked)); !errors.Is(err, oauth.ErrFinished) {
				t.Errorf("%s: %s %v", name, to, err)
			}
		}
		query, _ = a.push(a.asking())
		denied := w.opens(query)
		if to, err := w.s.Decide(t.Context(), denied, oauth.Decision{Denied: oauth.AccessDenied}); err != nil || !strings.Contains(to, "error=access_denied") {
			t.Errorf("denied: %s %v", to, err)
		}
		if _, err := w.s.Decide(t.Context(), denied, w.yes(denied)); !errors.Is(err, oauth.ErrFinished) {
			t.Errorf("allowed after it was denied: %v", err)
		}
		if _, err := w.s.Open(t.Context(), query); err == nil {
			t.Error("open after it was decided")
		}
		query, _ = a.push(a.asking())
		late := w.opens(query)
		w.clock.Move(16 * time.Minute)
		if _, err := w.s.Decide(t.Context(), late, w.yes(late)); !errors.Is(err, oauth.ErrFinished) {
			t.Errorf("decided too late: %v", err)
		}
		if _, err := w.s.Reopen(t.Context(), late.Handle); !errors.Is(err, oauth.ErrFinished) {
			t.Errorf("reopened too late: %v", err)
		}
	})
}

// A8: PKCE with S256, always.
func TestA8Challenges(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		for name, form := range map[string]url.Values{
			"plain": {"code_challenge_method": {"plain"}, "code_challenge": {verifier}}, "no method": {"code_challenge_method": nil}, "no challenge": {"code_challenge": nil},
			"neither": {"code_challenge": nil, "code_challenge_method": nil}, "short": {"code_challenge": {"E9Melhoa"}}, "padded": {"code_challenge": {challenge + "="}},
		} {
			_, out := a.push(a.asking(), change{form: form})
			wants(t, name, out, "invalid_request")
		}
		code := a.code(a.asking())
		for name, form := range map[string]url.Values{"missing": {"code_verifier": nil}, "wrong": {"code_verifier": {strings.ToLower(verifier)}}, "the challenge": {"code_verifier": {challenge}}} {
			wants(t, name, a.redeem(code, change{form: form}), "invalid_grant")
		}
		if out := a.redeem(code); out.status != 200 {
			t.Errorf("those attempts spoiled the code: %s", out.text)
		}
		// A request without a challenge never gives a code, so a verifier cannot come without one.
		plain := w.register(public)
		in := plain.asking()
		in.Del("code_challenge")
		var f *oauth.Fail
		if _, err := w.s.Open(t.Context(), in.Encode()); !errors.As(err, &f) || !strings.Contains(f.Redirect, "error=invalid_request") {
			t.Errorf("downgrade: %v", err)
		}
	})
}

// A9: redirect_uri is there, and is letter by letter one that was registered.
func TestA9RedirectsAreExact(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		for _, uri := range []string{
			"", "https://evil.example/cb", "HTTPS://client.example/cb", "https://CLIENT.example/cb", callback + "#", callback + "/", callback + "?x=1", callback + "/../cb", "https://client.example:443/cb",
			"https://client.example@evil.example/cb", "https://client.example.evil.example/cb", "https://client.example/c%62", callback + "\x00", callback + " ",
		} {
			form := url.Values{"redirect_uri": {uri}}
			if uri == "" {
				form = url.Values{"redirect_uri": nil}
			}
			_, out := a.push(a.asking(), change{form: form})
			wants(t, uri, out, "invalid_request")
		}
		app := w.register(public, func(d *oauth.Draft) {
			d.Native, d.Redirects = true, []string{"http://127.0.0.1/cb", "http://[::1]/cb?x=1", "https://app.example/cb"}
		})
		for uri, good := range map[string]bool{
			"http://127.0.0.1:49152/cb": true, "http://127.0.0.1/cb": true, "http://[::1]:5000/cb?x=1": true, "https://app.example/cb": true, "http://localhost:49152/cb": false,
			"http://127.0.0.1:49152/other": false, "http://127.0.0.2:49152/cb": false, "https://app.example:444/cb": false, "http://127.0.0.1:49152/cb#x": false, "http://u@127.0.0.1:1/cb": false,
			"http://127.0.0.1:1:2/cb": false, "http://[::1%25lo]:5000/cb?x=1": false,
		} {
			in := app.asking()
			in.Set("redirect_uri", uri)
			if _, err := w.s.Open(t.Context(), in.Encode()); (err == nil) != good {
				t.Errorf("%s: %v", uri, err)
			}
		}
		for _, uri := range []string{
			"http://client.example/cb", "https://client.example/cb#x", "https://*.example/cb", "https://u:p@client.example/cb", "client.example/cb", "javascript:alert(1)", "https://client.example/a b",
			"HTTPS://client.example/cb", "http://localhost/cb", "http://127.0.0.1:80/cb", "https:///cb", "data:text/html,x",
		} {
			d := app.draft
			d.Redirects = []string{uri}
			if _, _, _, err := w.s.Register(t.Context(), d); err == nil {
				t.Errorf("%s was registered", uri)
			}
		}
	})
}

// A10: no refusal goes to an address that was not registered, and every answer goes to the
// one that was asked with.
func TestA10NoOpenRedirector(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(public)
		for name, form := range map[string]url.Values{
			"client": {"client_id": {"client_nobody"}}, "address": {"redirect_uri": {"https://evil.example/cb"}}, "both": {"client_id": nil, "redirect_uri": {"https://evil.example/"}},
			"no address": {"redirect_uri": nil},
		} {
			in := a.asking()
			for k, v := range form {
				if in[k] = v; v == nil {
					in.Del(k)
				}
			}
			in.Set("scope", "nonsense")
			var f *oauth.Fail
			if _, err := w.s.Open(t.Context(), in.Encode()); !errors.As(err, &f) || f.Redirect != "" {
				t.Errorf("%s: %v leads to %q", name, err, f.Redirect)
			}
		}
		in := a.asking()
		in.Set("scope", "nonsense")
		var f *oauth.Fail
		if _, err := w.s.Open(t.Context(), in.Encode()); !errors.As(err, &f) || !strings.HasPrefix(f.Redirect, callback+"?error=invalid_scope") {
			t.Errorf("%v", err)
		}
		asked := w.opens(a.asking().Encode())
		if to, err := w.s.Decide(t.Context(), asked, w.yes(asked)); err != nil || !strings.HasPrefix(to, callback+"?code=") {
			t.Errorf("%s %v", to, err)
		}
	})
}

// A12: every answer says who gives it.
func TestA12TheIssuerIsInTheAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(public)
		in := a.asking()
		in.Set("response_type", "token")
		var f *oauth.Fail
		_, err := w.s.Open(t.Context(), in.Encode())
		if !errors.As(err, &f) {
			t.Fatal(err)
		}
		asked := w.opens(a.asking().Encode())
		good, err := w.s.Decide(t.Context(), asked, w.yes(asked))
		must(t, err)
		asked = w.opens(a.asking().Encode())
		denied, err := w.s.Decide(t.Context(), asked, oauth.Decision{Denied: oauth.LoginRequired})
		must(t, err)
		for _, to := range []string{f.Redirect, good, denied} {
			u, err := url.Parse(to)
			must(t, err)
			if q := u.Query(); q.Get("iss") != w.base || q.Get("state") != "st" {
				t.Errorf("%s", to)
			}
		}
	})
}

// A19: a parameter that comes twice is refused, everywhere.
func TestA19NothingComesTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, p := w.register(fapi), w.register(public)
		if _, err := w.s.Open(t.Context(), p.asking().Encode()+"&scope=openid"); err == nil {
			t.Error("authorize: accepted")
		}
		if _, err := w.s.Logout(t.Context(), "state=1&state=2"); err == nil {
			t.Error("logout: accepted")
		}
		twice := change{form: url.Values{"x": {"1", "2"}}}
		for _, path := range []string{"/oauth/par", "/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/device_authorization"} {
			wants(t, path, a.post(path, a.asking(), twice), "invalid_request")
			wants(t, path+" in the address", a.post(path, a.asking(), change{send: func(r *http.Request) { r.URL.RawQuery = "grant_type=x" }}), "invalid_request")
			wants(t, path+" as JSON", a.post(path, a.asking(), change{send: func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }}), "invalid_request")
			wants(t, path+" without a type", a.post(path, a.asking(), change{send: func(r *http.Request) { r.Header.Del("Content-Type") }}), "invalid_request")
			out := a.post(path, a.asking(), change{form: url.Values{"x": {strings.Repeat("x", 65<<10)}}})
			if wants(t, path+" of 65 KiB", out, "invalid_request"); out.status != 413 {
				t.Errorf("status %d", out.status)
			}
		}
	})
}

// What a person answers is never wider than what was asked.
func TestADecisionIsNoWiderThanTheRequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(public)
		in := a.asking()
		in.Set("authorization_details", limits(10_000))
		in.Set("max_age", "600")
		asked := w.opens(in.Encode())
		if asked.MaxAge == nil || *asked.MaxAge != 10*time.Minute || len(asked.Details) != 1 {
			t.Fatalf("asked %+v", asked)
		}
		for name, fn := range map[string]func(*oauth.Decision){
			"more money":       func(d *oauth.Decision) { d.Details = alter(d.Details, func(x *oauth.Detail) { x.Amount++ }) },
			"another payee":    func(d *oauth.Decision) { d.Details = alter(d.Details, func(x *oauth.Detail) { x.Payee = payee }) },
			"another currency": func(d *oauth.Decision) { d.Details = alter(d.Details, func(x *oauth.Detail) { x.Currency = "EUR" }) },
			"for ever":         func(d *oauth.Decision) { d.Details = alter(d.Details, func(x *oauth.Detail) { x.Interval = "" }) },
			"twice":            func(d *oauth.Decision) { d.Details = append(d.Details, d.Details...) },
			"nothing of it":    func(d *oauth.Decision) { d.Details = alter(d.Details, func(x *oauth.Detail) { x.Amount = 0 }) },
			"another scope":    func(d *oauth.Decision) { d.Scopes = []string{"wallets:read"} },
			"nothing":          func(d *oauth.Decision) { d.Scopes, d.Details = nil, nil },
			"nobody":           func(d *oauth.Decision) { d.Person, d.Payer = "", "" },
			"an old sign-in":   func(d *oauth.Decision) { d.AuthTime = w.clock.Now().Add(-time.Hour) },
			"no sign-in":       func(d *oauth.Decision) { d.AuthTime = time.Time{} },
			"over already":     func(d *oauth.Decision) { d.Until = w.clock.Now().Add(-time.Second) },
		} {
			d := w.yes(asked)
			fn(&d)
			if to, err := w.s.Decide(t.Context(), asked, d); err == nil {
				t.Errorf("%s: %s", name, to)
			}
		}
		d := w.yes(asked)
		d.Details = alter(d.Details, func(x *oauth.Detail) { x.Amount, x.Payment = 500, 100 })
		d.Scopes = []string{"openid", "payments:write"}
		to, err := w.s.Decide(context.Background(), asked, d)
		must(t, err)
		u, err := url.Parse(to)
		must(t, err)
		out := a.redeem(u.Query().Get("code"))
		got, _ := out.body["authorization_details"].([]any)
		if len(got) != 1 || got[0].(map[string]any)["amount"].(float64) != 500 || out.get("scope") != "openid payments:write" {
			t.Errorf("%s", out.text)
		}
	})
}

func alter(list []oauth.Detail, fn func(*oauth.Detail)) []oauth.Detail {
	out := append([]oauth.Detail(nil), list...)
	fn(&out[0])
	return out
}
