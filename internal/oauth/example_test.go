package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/oauth"
)

// The example of RFC 7636 appendix B: the tests' verifier and challenge are its own.
func TestRFC7636AppendixB(t *testing.T) {
	if digest(verifier) != challenge {
		t.Fatal("S256 is not what the appendix computes")
	}
	each(t, func(t *testing.T, w *world) {
		a := w.register(public)
		if out := a.redeem(a.code(a.asking())); out.status != 200 {
			t.Errorf("%s", out.text)
		}
	})
}

// proof9449 is the proof of RFC 9449 §4.2 figure 2.
const proof9449 = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19" +
	".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ" +
	".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"

// The example of RFC 9449 §4.2: it verifies, and is refused for what it says alone.
func TestRFC9449Examples(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		for range 2 { // the second time its key is known
			out := a.own(change{proof: func(p *proofing) { p.raw = proof9449 }})
			if wants(t, "addressed to another server", out, "invalid_dpop_proof"); !strings.Contains(out.text, "htu is another address") {
				t.Errorf("%s", out.text)
			}
			broken := proof9449[:len(proof9449)-5] + "AAAAA"
			out = a.own(change{proof: func(p *proofing) { p.raw = broken }})
			if wants(t, "broken", out, "invalid_dpop_proof"); !strings.Contains(out.text, "cannot be verified") {
				t.Errorf("%s", out.text)
			}
		}
		// The key of the example, and the thumbprint that §6.1 names for it.
		n := func(s string) *big.Int {
			b, err := base64.RawURLEncoding.DecodeString(s)
			must(t, err)
			return new(big.Int).SetBytes(b)
		}
		public := ecdsa.PrivateKey{PublicKey: ecdsa.PublicKey{Curve: elliptic.P256(), X: n("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"), Y: n("9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA")}} //nolint:staticcheck // the example's own numbers
		if got := kid(t, &public); got != "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" {
			t.Errorf("thumbprint %s", got)
		}
	})
}

// A nonce is asked for, is good for some minutes on every node, and is nobody's to make.
func TestNonces(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		once := change{once: true}
		first := a.own(once)
		if first.code() != "use_dpop_nonce" || first.status != 400 || first.header.Get("DPoP-Nonce") == "" {
			t.Fatalf("%d %s", first.status, first.text)
		}
		if out := a.own(once); out.status != 200 || out.header.Get("DPoP-Nonce") == "" {
			t.Errorf("%s", out.text)
		}
		theirs, err := w.node().Nonce(t.Context())
		must(t, err)
		a.nonce = theirs
		if out := a.own(once); out.status != 200 {
			t.Errorf("another node's: %s", out.text)
		}
		must(t, w.s.Rotate(t.Context()))
		a.nonce = theirs
		if out := a.own(once); out.status != 200 {
			t.Errorf("of the key before: %s", out.text)
		}
		w.clock.Move(6 * time.Minute)
		a.nonce = theirs
		wants(t, "old", a.own(once), "use_dpop_nonce")
		for _, n := range []string{"x", theirs[:len(theirs)-1], theirs + "A", "A" + theirs[1:], strings.Repeat("A", len(theirs))} {
			a.nonce = n
			wants(t, n, a.own(once), "use_dpop_nonce")
		}
	})
}

func TestInspectExplains(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		out := a.tokens()
		v := w.s.Verifier()
		said := func(token string) string { return strings.Join(v.Inspect(t.Context(), token, w.clock.Now()), "\n") }
		text := said(out.access() + "\n")
		for _, want := range []string{"at+jwt", "ES256", w.base + "/v1", string(a.id), "acts for person_anna", "sandbox", string(shop), string(anna), "payments:write", string(w.grants.all(t)[0].ID), kid(t, a.prover), " more.", "Accepted, from whoever"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in:\n%s", want, text)
			}
		}
		if strings.Contains(text, strings.Split(out.access(), ".")[2]) {
			t.Error("the token is repeated")
		}
		own := a.own().access()
		forged := sign(t, a.key, map[string]any{"typ": "at+jwt", "kid": w.keyOf(own)}, claimsOf(t, own))
		for token, want := range map[string]string{
			"": "no signed token", "fl_live_x": "no signed token", own: "acts for itself", out.get("id_token"): "Refused: it is no access token", forged: "Refused: the signature does not fit",
			sign(t, a.key, map[string]any{"typ": "at+jwt", "kid": "x"}, claimsOf(t, own)): "Refused: the key is none",
		} {
			if text := said(token); !strings.Contains(text, want) {
				t.Errorf("want %q in:\n%s", want, text)
			}
		}
		w.grants.end(t, w.grants.all(t)[0].ID)
		w.clock.Move(5 * time.Second)
		if text := said(out.access()); !strings.Contains(text, "Refused: its client was stopped, or its grant") {
			t.Errorf("revoked:\n%s", text)
		}
		w.clock.Move(5 * time.Minute)
		if text := said(own); !strings.Contains(text, "It was good until") || !strings.Contains(text, "Refused: it has expired") {
			t.Errorf("expired:\n%s", text)
		}
		if text := strings.Join((*oauth.Verifier)(nil).Inspect(t.Context(), own, w.clock.Now()), "\n"); !strings.Contains(text, "Nothing was checked") {
			t.Errorf("alone:\n%s", text)
		}
	})
}

func TestWhatHasEndedIsForgotten(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		out := a.tokens()
		dev := a.post("/oauth/device_authorization", url.Values{"scope": {"payments:read"}})
		_, err := w.s.Device(t.Context(), dev.get("user_code"), "anna")
		must(t, err)
		before := w.count(t)
		must(t, w.s.Sweep(t.Context()))
		if now := w.count(t); now != before {
			t.Errorf("what lives was forgotten: %s, before %s", now, before)
		}
		w.clock.Move(3 * time.Hour)
		must(t, w.s.Sweep(t.Context()))
		if now := w.count(t); now != "request 0, code 0, refresh 1, device 0, seen 0, guess 0, approval 1" {
			t.Errorf("after hours: %s, before %s", now, before)
		}
		if got := a.renew(out.get("refresh_token")); got.status != 200 {
			t.Errorf("%s", got.text)
		}
		w.clock.Move(100 * 24 * time.Hour)
		must(t, w.s.Sweep(t.Context()))
		if now := w.count(t); !strings.HasPrefix(now, "request 0, code 0, refresh 0, device 0, seen 0, guess 0, approval 0") {
			t.Errorf("after the grant: %s", now)
		}
	})
}

// Money in live mode needs the profile, also where the list of money scopes grew later.
func TestLiveMoneyNeedsTheProfile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		live := func(d *oauth.Draft) { d.Live = true }
		for name, how := range map[string]func(*oauth.Draft){"scope": live, "details": func(d *oauth.Draft) { d.Live, d.Scopes = true, []string{"payments:read"} }} {
			d := w.register(fapi).draft
			d.FAPI = false
			how(&d)
			var f *oauth.Fail
			if _, _, _, err := w.s.Register(t.Context(), d); !errors.As(err, &f) || f.Code != "invalid_client_metadata" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if out := w.register(fapi, live).tokens(); claimsOf(t, out.access())["live"] != true {
			t.Errorf("%s", out.text)
		}
		was := w.config.MoneyScopes
		w.config.MoneyScopes = nil
		reader := w.register(live, func(d *oauth.Draft) { d.DetailTypes, d.Scopes = nil, []string{"payments:read"} })
		w.config.MoneyScopes = slices.Concat(was, []string{"payments:read"})
		later := w.node()
		if _, err := later.Open(t.Context(), strings.Replace(reader.asking().Encode(), "openid+payments%3Aread+payments%3Awrite", "payments%3Aread", 1)); err == nil {
			t.Error("a scope that became money is still given")
		}
	})
}

// A server whose clock was set back, or whose database is gone, refuses; it never accepts.
func TestWithoutADatabaseNothingIsAccepted(t *testing.T) {
	url := dbtest.SQLiteURL(t)
	d, err := db.Open(t.Context(), db.Config{URL: url})
	must(t, err)
	w := worldOn(t, url, d)
	a := w.register(fapi)
	token := a.own().access()
	must(t, a.works(token))
	r, scheme := a.call(token)
	must(t, w.d.Close())
	w.clock.Move(11 * time.Second)
	if _, err := w.s.Verifier().Check(t.Context(), r, token, scheme); err == nil {
		t.Error("accepted by memory that is too old")
	}
	if out := a.own(); out.status < 500 || out.code() != "server_error" && out.code() != "temporarily_unavailable" {
		t.Errorf("%d %s", out.status, out.text)
	}
}
