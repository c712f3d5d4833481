package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/oauth"
)

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// prover makes DPoP proofs. Source: RFC 9449 §4.2.
type prover struct {
	t   *testing.T
	key *ecdsa.PrivateKey
}

// proof is for a call of an address; token is "" at the token endpoint.
func (p prover) proof(verb, address, token, nonce string) string {
	p.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key}, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		p.t.Fatal(err)
	}
	claims := map[string]any{"htm": verb, "htu": address, "iat": machine.Now().Unix(), "jti": rand.Text(), "nonce": nonce}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	text, err := json.Marshal(claims)
	if err != nil {
		p.t.Fatal(err)
	}
	signed, err := s.Sign(text)
	if err != nil {
		p.t.Fatal(err)
	}
	out, err := signed.CompactSerialize()
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

// bound gets the client a token of its own that is bound to the prover's key.
func (w *town) bound(p prover, scopes ...string) string {
	w.t.Helper()
	address, nonce := w.server.url+"/oauth/token", ""
	for {
		r, _ := http.NewRequestWithContext(w.t.Context(), "POST", address, strings.NewReader(url.Values{"grant_type": {oauth.OwnGrant}, "scope": {strings.Join(scopes, " ")}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("DPoP", p.proof("POST", address, "", nonce))
		r.SetBasicAuth(string(w.client.ID), w.secret)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			w.t.Fatal(err)
		}
		var out struct {
			Access string `json:"access_token"`
			Type   string `json:"token_type"`
		}
		err = json.NewDecoder(a.Body).Decode(&out)
		a.Body.Close()
		if out.Type == "DPoP" {
			return out.Access
		}
		if nonce != "" || err != nil {
			w.t.Fatalf("no bound token: %d %v", a.StatusCode, err)
		}
		nonce = a.Header.Get("DPoP-Nonce")
	}
}

// pay asks for a payment with a token and a proof, under a key.
func (w *town) pay(base, token, proof, key string) *http.Response {
	w.t.Helper()
	r, _ := http.NewRequestWithContext(w.t.Context(), "POST", base+"/v1/payments", strings.NewReader(`{"amount":1,"currency":"USD","source":"tok_visa"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "DPoP "+token)
	if proof != "" {
		r.Header.Set("DPoP", proof)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { a.Body.Close() })
	return a
}

func (w *town) wants(what string, a *http.Response, status int, code string) {
	w.t.Helper()
	var p struct{ Code string }
	_ = json.NewDecoder(a.Body).Decode(&p) // a payment has no code
	if a.StatusCode != status || p.Code != code {
		w.t.Errorf("%s: %d %s, want %d %s", what, a.StatusCode, p.Code, status, code)
	}
}

// A token anywhere else than in the Authorization header is none. Source: RFC 9700 §2.3.
func TestR1TokensComeInTheHeaderOnly(t *testing.T) {
	w := newTown(t, dbtest.SQLiteURL(t))
	token := w.callers["client"]
	w.callers["elsewhere"] = ""
	if status, _ := w.ask("elsewhere", "GET", "/v1/payments?access_token="+token, ""); status != 401 {
		t.Errorf("in the query: %d", status)
	}
	if status, _ := w.ask("elsewhere", "POST", "/v1/payments", `{"amount":1,"currency":"USD","source":"tok_visa","access_token":"`+token+`"}`); status != 401 {
		t.Errorf("in the body: %d", status)
	}
	if status, text := w.ask("client", "GET", "/v1/payments", ""); status != 200 {
		t.Errorf("in the header: %d %s", status, text)
	}
	for _, bad := range []string{token[:len(token)-2], token + "x", "x." + token, "a.b.c", strings.Repeat("a.", 2) + strings.Repeat("b", 9000)} {
		w.callers["elsewhere"] = bad
		if status, text := w.ask("elsewhere", "GET", "/v1/payments", ""); status != 401 || !strings.Contains(text, "invalid") {
			t.Errorf("a spoilt token: %d %s", status, text)
		}
	}
}

// A scope that is missing is said; a client that is stopped opens nothing.
func TestR2ScopeAndRevocationAreChecked(t *testing.T) {
	w := newTown(t, dbtest.SQLiteURL(t))
	w.callers["narrow"] = w.token(url.Values{"grant_type": {oauth.OwnGrant}, "scope": {"payments:read"}})
	if status, text := w.ask("narrow", "GET", "/v1/wallets", ""); status != 403 || !strings.Contains(text, "scope_missing") || !strings.Contains(text, "wallets:read") {
		t.Errorf("%d %s", status, text)
	}
	if _, err := w.house.oauth.Suspend(t.Context(), w.client.ID); err != nil {
		t.Fatal(err)
	}
	if status, _ := w.ask("narrow", "GET", "/v1/payments", ""); status != 401 {
		t.Errorf("a suspended client: %d", status)
	}
}

// The door asks for a proof with its nonce, takes it once, for this call and this token.
func TestR3ProofsAtTheDoor(t *testing.T) {
	w := newTown(t, dbtest.SQLiteURL(t))
	p, base := prover{t, newECKey(t)}, w.server.url
	token := w.bound(p)
	asked := w.pay(base, token, p.proof("POST", base+"/v1/payments", token, ""), "k1")
	nonce := asked.Header.Get("DPoP-Nonce")
	w.wants("without a nonce", asked, 401, "use_dpop_nonce")
	if c := asked.Header.Get("WWW-Authenticate"); !strings.HasPrefix(c, `DPoP error="use_dpop_nonce"`) {
		t.Errorf("challenge %q", c)
	}
	good := func() string { return p.proof("POST", base+"/v1/payments", token, nonce) }
	once := good()
	w.wants("a good proof", w.pay(base, token, once, "k1"), 200, "")
	w.wants("again", w.pay(base, token, once, "k1"), 401, "invalid_dpop_proof")
	w.wants("a retry with another proof", w.pay(base, token, good(), "k1"), 200, "")
	w.wants("no proof", w.pay(base, token, "", "k2"), 401, "invalid_dpop_proof")
	w.wants("of another method", w.pay(base, token, p.proof("GET", base+"/v1/payments", token, nonce), "k3"), 401, "invalid_dpop_proof")
	w.wants("for another address", w.pay(base, token, p.proof("POST", base+"/v1/refunds", token, nonce), "k4"), 401, "invalid_dpop_proof")
	w.wants("by another key", w.pay(base, token, prover{t, newECKey(t)}.proof("POST", base+"/v1/payments", token, nonce), "k5"), 401, "invalid_token")
	w.wants("without a key for retries", w.pay(base, token, good(), ""), 400, "idempotency_key_required")
	narrow := w.bound(p, "payments:read")
	scope := w.pay(base, narrow, p.proof("POST", base+"/v1/payments", narrow, nonce), "k6")
	w.wants("without the scope", scope, 403, "scope_missing")
	if c := scope.Header.Get("WWW-Authenticate"); !strings.HasPrefix(c, "DPoP ") || !strings.Contains(c, `scope="payments:write"`) {
		t.Errorf("challenge %q", c)
	}
	w.callers["thief"] = token
	if status, text := w.ask("thief", "GET", "/v1/payments", ""); status != 401 {
		t.Errorf("as a bearer token: %d %s", status, text)
	}
}

// A proof that one node took pays nothing at another: it is used up in the payment's
// commit.
func TestR3ProofsAreUsedUpOnEveryNode(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, database string) {
		issuer := issuerSource{Issuer: "https://pay.example"}
		w := newTownAt(t, database, issuer)
		h, err := openHouse(t.Context(), houseConfig{
			place: w.place, rail: railSource{SandboxRail: w.house.railAddress}, kek: w.kek, log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		other, err := start(t.Context(), h, doors{listen: "127.0.0.1:0", ops: "127.0.0.1:0", issuer: issuer})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = other.stop() })
		p := prover{t, newECKey(t)}
		token := w.bound(p)
		nonce := w.pay(w.server.url, token, "", "").Header.Get("DPoP-Nonce")
		proof := p.proof("POST", "https://pay.example/v1/payments", token, nonce) // as behind a proxy
		w.wants("here", w.pay(w.server.url, token, proof, "first"), 200, "")
		w.wants("there, under another key", w.pay(other.url, token, proof, "second"), 401, "invalid_dpop_proof")
		w.wants("there, as a retry", w.pay(other.url, token, proof, "first"), 401, "invalid_dpop_proof")
	})
}

// A token that is bound to a certificate opens with that certificate only. Source: RFC
// 8705 §3.
func TestR4CertificateBoundTokens(t *testing.T) {
	data := t.TempDir()
	pair, err := devPair(data, "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := pair.open(machine, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h, err := openHouse(t.Context(), houseConfig{place: place{Data: data}, kek: kekOf(t), log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	address, err := freeAddress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(t.Context(), h, doors{listen: "127.0.0.1:0", ops: "127.0.0.1:0", keys: keys, local: true, issuer: issuerSource{MTLSListen: address, MTLSURL: "https://" + address}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.stop() })
	w := &town{t: t, server: s, house: h}
	key := newECKey(t)
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public()}}})
	if err != nil {
		t.Fatal(err)
	}
	c, _, _, err := h.oauth.Register(t.Context(), oauth.Draft{
		Merchant: w.merchant("Café"), Name: "Books", Auth: oauth.TLSOwnKey, Keys: string(jwks), Grants: []string{oauth.OwnGrant}, Scopes: []string{"payments:read"}, Bound: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	own, none, another := presenting(t, pair.TLSCert, key), presenting(t, pair.TLSCert, nil), presenting(t, pair.TLSCert, newECKey(t))
	a, err := own.PostForm("https://"+address+"/oauth/token", url.Values{"grant_type": {oauth.OwnGrant}, "client_id": {string(c.ID)}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	var out struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(a.Body).Decode(&out); err != nil || out.Access == "" {
		t.Fatalf("no token: %d %v", a.StatusCode, err)
	}
	for name, x := range map[string]struct {
		by     *http.Client
		base   string
		status int
	}{"its own": {own, "https://" + address, 200}, "none": {none, "https://" + address, 401}, "another": {another, "https://" + address, 401}, "where none is asked for": {own, s.url, 401}} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", x.base+"/v1/payments", nil)
		r.Header.Set("Authorization", "Bearer "+out.Access)
		got, err := x.by.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if got.StatusCode != x.status {
			t.Errorf("with the certificate %s: %d, want %d", name, got.StatusCode, x.status)
		}
	}
}

// presenting is a client with a certificate of its own key; nil for none.
func presenting(t *testing.T, caFile string, key *ecdsa.PrivateKey) *http.Client {
	t.Helper()
	c, err := trusting(caFile)
	if err != nil || key == nil {
		return c
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Books"}, NotBefore: machine.Now().Add(-time.Hour), NotAfter: machine.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	return c
}

// A grant is worth what its person still is: staff who have left, and payers who have
// given their profile up, have no say any more, whatever page or command ended it.
func TestAGrantEndsWithWhoGaveIt(t *testing.T) {
	w := newTown(t, dbtest.SQLiteURL(t))
	person, _, err := w.house.persons.SignUp(t.Context(), identity.Draft{Login: "boss@example.com", Name: "Boss", Locale: identity.English, Password: "a long pass phrase of mine"}, identity.Browser{})
	if err != nil {
		t.Fatal(err)
	}
	is := func(want bool, payer id.Payer, merchant id.Merchant) {
		t.Helper()
		if got, err := w.house.stands(t.Context(), string(person.ID), payer, merchant); err != nil || got != want {
			t.Errorf("stands for %q at %q: %t, %v", payer, merchant, got, err)
		}
	}
	is(true, "", "")
	is(false, "", w.cafe)
	is(false, id.Payer(w.objects["payer"]), w.cafe)
	if err := w.house.persons.Appoint(t.Context(), person.ID, w.cafe, identity.Owner, identity.Browser{}); err != nil {
		t.Fatal(err)
	}
	is(true, "", w.cafe)
	w.callers["boss's client"] = w.consents(oauth.Decision{Person: string(person.ID), Merchant: w.cafe}, "")
	if status, text := w.ask("boss's client", "GET", "/v1/payers", ""); status != 200 {
		t.Fatalf("as the merchant: %d %s", status, text)
	}
	if status, text := w.ask("payer", "GET", "/v1/payments", ""); status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	var out strings.Builder
	other := identity.Draft{Login: "two@example.com", Name: "Two", Locale: identity.English, Password: "a long pass phrase of mine"}
	two, _, err := w.house.persons.SignUp(t.Context(), other, identity.Browser{})
	if err == nil {
		err = w.house.persons.Appoint(t.Context(), two.ID, w.cafe, identity.Owner, identity.Browser{})
	}
	if err != nil {
		t.Fatal(err)
	}
	dismiss := personDismissCommand{place: w.place, Login: "boss@example.com", Merchant: string(w.cafe)}
	if err := dismiss.Run(t.Context(), &out); err != nil || !strings.Contains(out.String(), "no role there any more") {
		t.Fatal(out.String(), err)
	}
	is(false, "", w.cafe)
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) { // memory is at most five seconds old
		if status, _ := w.ask("boss's client", "GET", "/v1/payers", ""); status == 401 {
			break
		}
		if time.Since(began) > 20*time.Second {
			t.Fatal("the token works on")
		}
	}
	if err := dismiss.Run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "has no role there") {
		t.Error(err)
	}
	dismiss.Login = "two@example.com"
	if err := dismiss.Run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "last owner") {
		t.Error(err)
	}
}
