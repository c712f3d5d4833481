package oauth_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/oauth"
)

// A3: a client proves itself by private_key_jwt or certificate, by one way at a time, and
// by the one that it was registered with.
func TestA3ClientsProveThemselves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		other := w.register(fapi)
		good := sign(t, a.key, nil, a.assertion())
		for name, c := range map[string]change{
			"nothing":            {bare: true, form: url.Values{"client_id": {string(a.id)}}},
			"not even a name":    {bare: true},
			"a password":         {bare: true, send: func(r *http.Request) { r.SetBasicAuth(string(a.id), "secret") }},
			"a password beside":  {send: func(r *http.Request) { r.SetBasicAuth(string(a.id), "secret") }},
			"client_secret":      {form: url.Values{"client_secret": {"x"}}},
			"no type":            {form: url.Values{"client_assertion_type": nil}},
			"type alone":         {form: url.Values{"client_assertion": nil}},
			"another's name":     {form: url.Values{"client_id": {string(other.id)}}},
			"another's key":      {form: url.Values{"client_assertion": {sign(t, other.key, nil, a.assertion())}}},
			"another scheme":     {send: func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }},
			"unknown client":     {claims: map[string]any{"iss": "client_0", "sub": "client_0"}, form: url.Values{"client_id": nil}},
			"another's issuer":   {claims: map[string]any{"iss": other.id}},
			"no jti":             {claims: map[string]any{"jti": nil}},
			"no exp":             {claims: map[string]any{"exp": nil}},
			"expired":            {claims: map[string]any{"exp": w.clock.Now().Unix() - 1}},
			"for a day":          {claims: map[string]any{"exp": w.clock.Now().Unix() + 86400}},
			"a signature short":  {form: url.Values{"client_assertion": {good[:len(good)-2]}}},
			"an assertion twice": {form: url.Values{"client_assertion": {good, good}}},
		} {
			code := "invalid_client"
			if strings.HasSuffix(name, "twice") {
				code = "invalid_request"
			}
			out := a.own(c)
			if wants(t, name, out, code); code == "invalid_client" && out.status != 401 {
				t.Errorf("%s: status %d", name, out.status)
			}
		}
		if out := a.own(change{claims: map[string]any{"exp": w.clock.Now().Unix() + 3600}, form: url.Values{"client_id": nil}}); out.status != 200 {
			t.Errorf("an assertion of an hour, without client_id: %s", out.text)
		}
		if _, _, _, err := w.s.Register(t.Context(), oauth.Draft{Name: "x", Auth: oauth.SecretBasic, FAPI: true, Grants: []string{oauth.OwnGrant}}); err == nil {
			t.Error("a password is enough for the profile")
		}
	})
}

// An assertion is good once, on all nodes, and its name is no other client's.
func TestAnAssertionIsGoodOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, b := w.register(fapi), w.register(fapi)
		same := change{claims: map[string]any{"jti": "the same"}}
		a.own() // for the nonce
		if out := a.own(same); out.status != 200 {
			t.Fatal(out.text)
		}
		wants(t, "again", a.own(same), "invalid_client")
		refused := change{claims: map[string]any{"jti": "refused"}, form: url.Values{"scope": {"nonsense"}}}
		wants(t, "a refused call", a.own(refused), "invalid_scope")
		wants(t, "its assertion again", a.own(change{claims: refused.claims}), "invalid_client")
		b.own()
		if out := b.own(same); out.status != 200 {
			t.Errorf("another client's: %s", out.text)
		}
	})
}

// A4: aud is the issuer, as a text.
func TestA4TheAudienceIsTheIssuer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		for name, aud := range map[string]any{
			"list": []string{w.base}, "list of two": []string{w.base, "https://evil.example"}, "token endpoint": w.base + "/oauth/token", "PAR endpoint": w.base + "/oauth/par",
			"with a slash": w.base + "/", "nothing": nil, "a number": 7, "another": "https://evil.example",
		} {
			wants(t, name, a.own(change{claims: map[string]any{"aud": aud}}), "invalid_client")
			_, out := a.push(a.asking(), change{claims: map[string]any{"aud": aud}})
			wants(t, name+" at PAR", out, "invalid_client")
		}
	})
}

// A15: ten seconds ahead are another clock, a minute is a lie.
func TestA15ClocksThatRunAhead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		a.own()
		for ahead, good := range map[time.Duration]bool{0: true, 8 * time.Second: true, 10 * time.Second: true, 61 * time.Second: false, time.Hour: false} {
			at := w.clock.Now().Add(ahead).Unix()
			for name, c := range map[string]change{
				"iat of an assertion": {claims: map[string]any{"iat": at, "exp": at + 60}}, "nbf of an assertion": {claims: map[string]any{"nbf": at, "exp": at + 60}},
				"iat of a proof": {proof: func(p *proofing) { p.claims = map[string]any{"iat": at} }},
			} {
				if out := a.own(c); (out.status == 200) != good {
					t.Errorf("%s %s ahead: %d %s", name, ahead, out.status, out.text)
				}
			}
		}
	})
}

// assertionBy signs an assertion with any key and algorithm that the library knows.
func assertionBy(t *testing.T, a *app, alg jose.SignatureAlgorithm, key any, head map[jose.HeaderKey]any) string {
	opts := (&jose.SignerOptions{})
	for k, v := range head {
		opts.WithHeader(k, v)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, opts)
	must(t, err)
	body, err := json.Marshal(a.assertion())
	must(t, err)
	o, err := s.Sign(body)
	must(t, err)
	text, err := o.CompactSerialize()
	must(t, err)
	return text
}

// A16: only PS256, ES256 and EdDSA, by keys that are strong.
func TestA16AlgorithmsAndKeys(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		rsa2048, err := rsa.GenerateKey(rand.Reader, 2048)
		must(t, err)
		_, ed, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		for name, c := range map[string]struct {
			alg jose.SignatureAlgorithm
			key any
			ok  bool
		}{
			"PS256": {jose.PS256, rsa2048, true}, "EdDSA": {jose.EdDSA, ed, true}, "RS256": {jose.RS256, rsa2048, false}, "PS384": {jose.PS384, rsa2048, false},
		} {
			var set string
			switch k := c.key.(type) {
			case *rsa.PrivateKey:
				set = jwks(t, k)
			case ed25519.PrivateKey:
				set = jwks(t, k)
			}
			a := w.register(fapi, func(d *oauth.Draft) { d.Keys = set })
			out := a.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}}, change{once: true, form: url.Values{"client_assertion": {assertionBy(t, a, c.alg, c.key, nil)}}})
			if good := out.code() == "use_dpop_nonce"; good != c.ok { // it got past the client's proof
				t.Errorf("%s: %s", name, out.text)
			}
		}
		a := w.register(fapi)
		claims, err := json.Marshal(a.assertion())
		must(t, err)
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims) + "."
		wants(t, "none", a.own(change{form: url.Values{"client_assertion": {none}}}), "invalid_client")
		text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
		m := hmac.New(sha256.New, []byte(a.draft.Keys)) // what is public as if it were a password
		m.Write([]byte(text))
		wants(t, "HS256", a.own(change{form: url.Values{"client_assertion": {text + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))}}}), "invalid_client")
		weakKeys(t, w, a)
	})
}

// weakKeys are refused at registration and in proofs.
func weakKeys(t *testing.T, w *world, a *app) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	rsa1024, err := rsa.GenerateKey(rand.Reader, 1024)
	must(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	private, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: a.key, KeyID: "1"}}})
	must(t, err)
	secret, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "1"}}})
	must(t, err)
	twice := jwks(t, a.key, a.key)
	for name, set := range map[string]string{
		"RSA 1024": jwks(t, rsa1024), "P-384": jwks(t, p384), "a private key": string(private), "a shared secret": string(secret), "one id twice": twice, "no keys": `{"keys":[]}`, "no JSON": "{",
	} {
		d := a.draft
		d.Keys = set
		if _, _, _, err := w.s.Register(t.Context(), d); err == nil {
			t.Errorf("%s: registered", name)
		}
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.PS256, Key: rsa1024}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	must(t, err)
	body, err := json.Marshal(map[string]any{"htm": "POST", "htu": w.base + "/oauth/token", "iat": w.clock.Now().Unix(), "jti": rand.Text(), "nonce": a.nonce})
	must(t, err)
	o, err := s.Sign(body)
	must(t, err)
	text, err := o.CompactSerialize()
	must(t, err)
	wants(t, "a proof by RSA 1024", a.own(change{proof: func(p *proofing) { p.raw = text }}), "invalid_dpop_proof")
}

// A22: a token of one kind is not taken for one of another.
func TestA22TypesAreChecked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.register(fapi)
		for _, typ := range []any{"at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", 7} {
			wants(t, "an assertion", a.own(change{head: map[string]any{"typ": typ}}), "invalid_client")
		}
		for _, typ := range []string{"JWT", "client-authentication+jwt", "application/client-authentication+jwt"} {
			if out := a.own(change{head: map[string]any{"typ": typ}}); out.status != 200 {
				t.Errorf("%s: %s", typ, out.text)
			}
		}
		for _, typ := range []any{nil, "JWT", "at+jwt"} {
			wants(t, "a proof", a.own(change{proof: func(p *proofing) { p.head = map[string]any{"typ": typ} }}), "invalid_dpop_proof")
		}
		out := a.tokens()
		if typ := w.check(out.get("id_token")); typ != "JWT" {
			t.Errorf("the ID token is a %s", typ)
		}
		must(t, a.works(out.access()))
		if a.works(out.get("id_token")) == nil {
			t.Error("an ID token opens a resource")
		}
		if got := a.post("/oauth/introspect", url.Values{"token": {out.get("id_token")}}); got.body["active"] != false {
			t.Errorf("an ID token is active: %s", got.text)
		}
		forged := sign(t, a.key, map[string]any{"typ": "at+jwt", "kid": kid(t, a.key)}, claimsOf(t, out.access()))
		if a.works(forged) == nil {
			t.Error("a client signs its own tokens")
		}
	})
}

// A23: what a header says makes no key trusted, and what it calls critical is not skipped.
func TestA23HeadersChooseNoKeys(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a, evil := w.register(fapi), newKey(t)
		jwk := jose.JSONWebKey{Key: evil.Public(), KeyID: kid(t, a.key)}
		for name, head := range map[string]map[string]any{
			"jwk": {"jwk": jwk}, "jwk and kid": {"jwk": jwk, "kid": kid(t, a.key)}, "jku": {"jku": w.base + "/evil"}, "x5u": {"x5u": w.base + "/evil"}, "kid": {"kid": "../../evil"},
		} {
			wants(t, name, a.own(change{form: url.Values{"client_assertion": {sign(t, evil, head, a.assertion())}}}), "invalid_client")
		}
		for name, head := range map[string]map[string]any{
			"unknown kid": {"kid": "nobody's"}, "crit": {"crit": []string{"x"}, "x": 1}, "crit of nothing": {"crit": []string{}}, "b64": {"crit": []string{"b64"}, "b64": false}, "b64 alone": {"b64": true},
		} {
			wants(t, name, a.own(change{head: head}), "invalid_client")
			if name != "unknown kid" {
				wants(t, name+" of a proof", a.own(change{proof: func(p *proofing) { p.head = maps.Clone(head) }}), "invalid_dpop_proof")
			}
		}
		var private struct{ D string }
		text, err := json.Marshal(jose.JSONWebKey{Key: a.prover})
		must(t, err)
		must(t, json.Unmarshal(text, &private))
		if private.D == "" {
			t.Fatal("no private key in the proof's header")
		}
		wants(t, "a private key in a proof", a.own(change{proof: func(p *proofing) { p.head = map[string]any{"jwk": json.RawMessage(text)} }}), "invalid_dpop_proof")
		wants(t, "a proof without a key", a.own(change{proof: func(p *proofing) { p.head = map[string]any{"jwk": nil, "kid": kid(t, a.key)} }}), "invalid_dpop_proof")
		twice := signRaw(t, a.key, `{"alg":"ES256","alg":"ES256"}`, "{}")
		wants(t, "a member twice", a.own(change{form: url.Values{"client_assertion": {twice}}}), "invalid_client")
	})
}

// What cannot be an id names no client, and keys are texts: neither reaches a database
// that would choke on it.
func TestOddBytesNameNoClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, odd := range []string{"\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", strings.Repeat("x", 5000)} {
			who := id.Client(odd)
			_, get := w.s.Client(t.Context(), who)
			_, stop := w.s.Suspend(t.Context(), who)
			for what, err := range map[string]error{"read": get, "suspended": stop, "deleted": w.s.Delete(t.Context(), who)} {
				if !errors.Is(err, fault.ErrNotFound) {
					t.Errorf("%.5q is %s: %v", odd, what, err)
				}
			}
			r, err := http.NewRequest("GET", w.base+"/oauth/register/"+url.PathEscape(odd), nil)
			must(t, err)
			r.Header.Set("Authorization", "Bearer x")
			if out := do(t, http.DefaultClient, r); out.status != 401 || out.code() != "invalid_token" {
				t.Errorf("%.5q: %d %s", odd, out.status, out.text)
			}
		}
		draft := w.register().draft
		draft.Keys = strings.Replace(draft.Keys, `"kty"`, `"note":"`+"\xff"+`","kty"`, 1)
		_, _, _, err := w.s.Register(t.Context(), draft)
		if !strings.Contains(fmt.Sprint(err), "UTF-8") {
			t.Errorf("keys that are no text: %v", err)
		}
	})
}
