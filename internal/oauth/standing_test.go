package oauth_test

import (
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/oauth"
)

// What was read of a registration is sent back with a change. Source: RFC 7592 §2.2.
func TestARegistrationIsSentBackAsItWasRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register()
		got := w.enrols("GET", "/oauth/register/"+string(a.id), a.token, nil)
		if _, object := got.body["jwks"].(map[string]any); !object {
			t.Errorf("jwks comes back as %T: %.80v", got.body["jwks"], got.body["jwks"])
		}
		// RFC 7592: what was read is sent back with a change
		var m map[string]any
		must(t, json.Unmarshal([]byte(got.text), &m))
		for _, k := range []string{"client_id_issued_at", "registration_access_token", "registration_client_uri"} {
			delete(m, k)
		}
		m["client_name"] = "New"
		if got := w.enrols("PUT", "/oauth/register/"+string(a.id), a.token, m); got.status != 200 {
			t.Errorf("round trip: %d %s", got.status, got.text)
		}
	})
}

// What no certificate can say is refused, whatever the client proves itself by.
func TestASubjectIsText(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(func(d *oauth.Draft) { d.Auth, d.Keys = oauth.SecretBasic, "" })
		got := w.enrols("GET", "/oauth/register/"+string(a.id), a.token, nil)
		m := got.body
		for _, k := range []string{"client_id_issued_at", "registration_access_token", "registration_client_uri"} {
			delete(m, k)
		}
		m["tls_client_auth_subject_dn"] = "a\x00b"
		got = w.enrols("PUT", "/oauth/register/"+string(a.id), a.token, m)
		wants(t, "a NUL", got, "invalid_client_metadata")
	})
}

// Who has signed in for the request itself is not sent to sign in again for reading it.
func TestWhoSignsInForARequestMayReadIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register()
		in := a.asking()
		in.Set("max_age", "0")
		asked := w.opens(in.Encode())
		w.clock.Move(3 * time.Second) // signs in, after the request was opened
		signedIn := w.clock.Now()
		w.clock.Move(5 * time.Second) // reads
		d := w.yes(asked)
		d.AuthTime = signedIn
		if _, err := w.s.Decide(t.Context(), asked, d); err != nil {
			t.Errorf("signed in for this very request: %v", err)
		}
	})
}

// A client that leaves the profile after the question gets nothing for the answer.
func TestLiveMoneyAsksForTheProfileToTheEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi, func(d *oauth.Draft) { d.Live = true })
		query, out := a.push(a.asking(), change{proof: func(p *proofing) { p.key = nil }})
		if out.status != 201 {
			t.Fatal(out.text)
		}
		asked := w.opens(query)
		to, err := w.s.Decide(t.Context(), asked, w.yes(asked))
		must(t, err)
		u, err := url.Parse(to)
		must(t, err)
		m := map[string]any{
			"client_id": string(a.id), "client_name": "Shop", "token_endpoint_auth_method": "private_key_jwt", "jwks": json.RawMessage(a.draft.Keys),
			"grant_types": []string{"authorization_code"}, "redirect_uris": []string{callback}, "scope": "openid",
		}
		if got := w.enrols("PUT", "/oauth/register/"+string(a.id), a.token, m); got.status != 200 {
			t.Fatal(got.text)
		}
		out = a.redeem(u.Query().Get("code"), change{proof: func(p *proofing) { p.key = nil }})
		wants(t, "after leaving the profile", out, "invalid_scope")
	})
}

// However often somebody signs in by a client: what may spend is shown before.
func TestSignInsHideNoMoney(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register()
		in := a.asking()
		in.Set("authorization_details", limits(1000))
		a.code(in)
		money := w.grants.all(t)[0].ID
		in = a.asking()
		in.Set("scope", "openid")
		for range 200 {
			a.code(in)
		}
		for _, g := range w.grants.all(t) {
			if g.ID == money {
				return
			}
		}
		live, err := w.grants.Live(t.Context(), money)
		t.Errorf("the grant of money is live %t %v, but the payer is not shown it", live, err)
	})
}
