package oauth_test

import (
	"context"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/oauth"
)

// sealer seals with AES-GCM under a key of the test.
type sealer struct{ aead cipher.AEAD }

func newSealer(t testing.TB) sealer {
	block, err := aes.NewCipher([]byte(rand.Text() + "123456")[:32])
	must(t, err)
	aead, err := cipher.NewGCM(block)
	must(t, err)
	return sealer{aead}
}

func (s sealer) Seal(plain, bound []byte) ([]byte, error) {
	nonce := []byte(rand.Text())[:s.aead.NonceSize()]
	return s.aead.Seal(nonce, nonce, plain, bound), nil
}

func (s sealer) Open(sealed, bound []byte) ([]byte, error) {
	n := s.aead.NonceSize()
	return s.aead.Open(nil, sealed[:n], sealed[n:], bound)
}

// grantBook is the room of grants, with what the tests look at.
type grantBook struct{ *grant.Room }

// all are Anna's grants, the newest first.
func (b grantBook) all(t testing.TB) []grant.Grant {
	list, err := b.OfPerson(context.Background(), "person_anna")
	must(t, err)
	return list
}

// end revokes a grant as another node would: this server is not told.
func (b grantBook) end(t testing.TB, g id.Grant) {
	for _, whose := range []id.Merchant{shop, payee} {
		for _, live := range []bool{false, true} {
			if _, err := b.Revoke(context.Background(), whose, live, g, grant.Ending{By: grant.ByPayer}); err == nil {
				return
			}
		}
	}
	t.Fatal("there is no such grant")
}

// world is a server on loopback over a real database.
type world struct {
	t      testing.TB
	d      *db.DB
	clock  *clock.Manual
	s      *oauth.Server
	seal   sealer
	config oauth.Config
	grants grantBook
	base   string           // issuer
	mtls   *httptest.Server // the same endpoints for certificates
	ca     *authority
}

var (
	shop  = id.New[id.Merchant](time.Now())
	payee = id.New[id.Merchant](time.Now())
	anna  = id.New[id.Payer](time.Now())
)

func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	dbtest.EachURL(t, func(t *testing.T, url string) { fn(t, newWorld(t, url)) })
}

func newWorld(t testing.TB, url string) *world {
	t.Helper()
	return worldOn(t, url, dbtest.Open(t, db.Config{URL: url}))
}

func worldOn(t testing.TB, url string, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, d: d, clock: clock.NewManual(), seal: newSealer(t), ca: newAuthority(t)}
	w.grants = grantBook{grant.NewRoom(d, w.clock)}
	plain := httptest.NewUnstartedServer(nil)
	w.mtls = httptest.NewUnstartedServer(nil)
	w.base = "http://" + plain.Listener.Addr().String()
	w.config = oauth.Config{
		Issuer: w.base, MTLS: "https://" + w.mtls.Listener.Addr().String(), ClientCAs: w.ca.pool, Scopes: []string{"payments:read", "payments:write", "wallets:read"},
		MoneyScopes: []string{"payments:write"}, Log: slog.New(slog.DiscardHandler),
		Profile: func(_ context.Context, person string, _ []string) (map[string]any, error) {
			return map[string]any{"name": "Name of " + person, "sub": "somebody else"}, nil
		},
	}
	w.s = w.node()
	h := w.s.Handler()
	plain.Config.Handler, w.mtls.Config.Handler = h, h
	w.mtls.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	plain.Start()
	w.mtls.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(w.mtls.Close)
	return w
}

// node is another process on the same database.
func (w *world) node() *oauth.Server {
	s, err := oauth.Open(context.Background(), w.d, w.clock, w.seal, w.grants.Room, w.config)
	must(w.t, err)
	return s
}

// app is a client program.
type app struct {
	w        *world
	id       id.Client
	draft    oauth.Draft
	key      *ecdsa.PrivateKey // of assertions and request objects
	secret   string
	token    string            // that may change the registration
	prover   *ecdsa.PrivateKey // nil: sends no proofs
	nonce    string
	redirect string
	http     *http.Client
	base     string
}

const callback = "https://client.example/cb"

// fapi is a client of the FAPI 2.0 profile that may do everything.
func fapi(d *oauth.Draft) {
	d.Auth, d.FAPI = oauth.PrivateKeyJWT, true
}

// register makes a client: private_key_jwt without the profile, unless changed.
func (w *world) register(change ...func(*oauth.Draft)) *app {
	w.t.Helper()
	a := &app{w: w, key: newKey(w.t), prover: newKey(w.t), http: noRedirects(http.DefaultTransport), base: w.base, redirect: callback}
	a.draft = oauth.Draft{
		Merchant: shop, Owner: "person_1", Name: "Shop", Auth: oauth.PrivateKeyJWT, Keys: jwks(w.t, a.key), Redirects: []string{callback},
		LogoutRedirects: []string{"https://client.example/bye"}, Origins: []string{"https://client.example"},
		Grants: []string{oauth.CodeGrant, oauth.RefreshGrant, oauth.OwnGrant, oauth.DeviceGrant},
		Scopes: []string{"openid", "payments:read", "payments:write"}, DetailTypes: []string{"payment"},
	}
	for _, fn := range change {
		fn(&a.draft)
	}
	if a.draft.Auth == oauth.Public {
		a.draft.Grants = []string{oauth.CodeGrant, oauth.RefreshGrant, oauth.DeviceGrant}
		a.draft.Keys = ""
	}
	c, secret, token, err := w.s.Register(context.Background(), a.draft)
	must(w.t, err)
	a.id, a.secret, a.token = c.ID, secret, token
	return a
}

func public(d *oauth.Draft) { d.Auth = oauth.Public }

func noRedirects(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// result is what came back.
type result struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

func (r result) code() string   { s, _ := r.body["error"].(string); return s }
func (r result) access() string { s, _ := r.body["access_token"].(string); return s }
func (r result) get(name string) string {
	s, _ := r.body[name].(string)
	return s
}

// change is a deviation from what a good client sends.
type change struct {
	form   url.Values            // replaces parameters; an empty list removes one
	claims map[string]any        // of the assertion; nil removes one
	head   map[string]any        // of the assertion
	proof  func(p *proofing)     // of the DPoP proof
	send   func(r *http.Request) // the last word
	bare   bool                  // no credentials at all
	once   bool                  // no second try after a nonce was asked for
}

// post calls an endpoint as a good client does, but for what changes says.
func (a *app) post(path string, form url.Values, changes ...change) result {
	a.w.t.Helper()
	for try := 0; ; try++ {
		out := a.try(path, form, changes)
		if n := out.header.Get("DPoP-Nonce"); n != "" {
			a.nonce = n
		}
		if out.code() != "use_dpop_nonce" || try == 1 || len(changes) > 0 && changes[0].once {
			return out
		}
	}
}

func (a *app) try(path string, form url.Values, changes []change) result {
	t := a.w.t
	in := maps.Clone(form)
	claims, head := a.assertion(), map[string]any{}
	p := &proofing{key: a.prover, method: "POST", url: a.base + path, nonce: a.nonce, at: a.w.clock.Now()}
	bare := false
	for _, c := range changes {
		merge(claims, c.claims)
		merge(head, c.head)
		if bare = bare || c.bare; c.proof != nil {
			c.proof(p)
		}
	}
	if !bare {
		in.Set("client_id", string(a.id))
		if a.draft.Auth == oauth.PrivateKeyJWT {
			in.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
			in.Set("client_assertion", sign(t, a.key, head, claims))
		}
	}
	for _, c := range changes {
		for name, values := range c.form {
			if in[name] = values; len(values) == 0 {
				delete(in, name)
			}
		}
	}
	r, err := http.NewRequest("POST", a.base+path, strings.NewReader(in.Encode()))
	must(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a.draft.Auth == oauth.SecretBasic && !bare {
		r.SetBasicAuth(string(a.id), a.secret)
	}
	if p.key != nil {
		r.Header.Set("DPoP", p.make(t))
	}
	for _, c := range changes {
		if c.send != nil {
			c.send(r)
		}
	}
	return do(t, a.http, r)
}

func do(t testing.TB, c *http.Client, r *http.Request) result {
	resp, err := c.Do(r)
	must(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	out := result{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &out.body) // not everything is JSON
	return out
}

func (a *app) assertion() map[string]any {
	now := a.w.clock.Now()
	return map[string]any{"iss": a.id, "sub": a.id, "aud": a.w.base, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Unix() + 60}
}

// merge replaces members; nil removes one.
func merge(into, from map[string]any) {
	for name, value := range from {
		if into[name] = value; value == nil {
			delete(into, name)
		}
	}
}

// proofing is a DPoP proof to be made.
type proofing struct {
	key         *ecdsa.PrivateKey
	method, url string
	nonce, ath  string
	at          time.Time
	id          string
	claims      map[string]any
	head        map[string]any
	raw         string // instead of all
}

func (p *proofing) make(t testing.TB) string {
	if p.raw != "" {
		return p.raw
	}
	claims := map[string]any{"htm": p.method, "htu": p.url, "iat": p.at.Unix(), "jti": rand.Text()}
	if p.id != "" {
		claims["jti"] = p.id
	}
	if p.nonce != "" {
		claims["nonce"] = p.nonce
	}
	if p.ath != "" {
		claims["ath"] = digest(p.ath)
	}
	merge(claims, p.claims)
	head := map[string]any{"typ": "dpop+jwt", "jwk": jose.JSONWebKey{Key: p.key.Public()}}
	merge(head, p.head)
	return sign(t, p.key, head, claims)
}

func digest(s string) string {
	h := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(h[:])
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return k
}

func jwks(t testing.TB, keys ...crypto.Signer) string {
	var set jose.JSONWebKeySet
	for _, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Public(), KeyID: kid(t, k)})
	}
	text, err := json.Marshal(set)
	must(t, err)
	return string(text)
}

func kid(t testing.TB, k crypto.Signer) string {
	print, err := (&jose.JSONWebKey{Key: k.Public()}).Thumbprint(crypto.SHA256)
	must(t, err)
	return base64.RawURLEncoding.EncodeToString(print)
}

// sign makes a compact JWS by hand, so that its header can say anything.
func sign(t testing.TB, k *ecdsa.PrivateKey, head, claims map[string]any) string {
	full := map[string]any{"alg": "ES256"}
	merge(full, head)
	h, err := json.Marshal(full)
	must(t, err)
	c, err := json.Marshal(claims)
	must(t, err)
	return signRaw(t, k, string(h), string(c))
}

func signRaw(t testing.TB, k *ecdsa.PrivateKey, head, claims string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
	must(t, err)
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// claimsOf reads a JWT's claims without checking it.
func claimsOf(t testing.TB, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q is no JWT", token)
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	must(t, err)
	var out map[string]any
	must(t, json.Unmarshal(text, &out))
	return out
}

// check verifies a JWT with what the JWKS publishes, and gives its type.
func (w *world) check(token string) (typ string) {
	w.t.Helper()
	resp, err := http.Get(w.base + "/oauth/jwks")
	must(w.t, err)
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	must(w.t, json.NewDecoder(resp.Body).Decode(&set))
	o, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	must(w.t, err)
	keys := set.Key(o.Signatures[0].Header.KeyID)
	if len(keys) != 1 {
		w.t.Fatalf("the key of the token is published %d times", len(keys))
	}
	_, err = o.Verify(keys[0])
	must(w.t, err)
	return o.Signatures[0].Header.ExtraHeaders[jose.HeaderType].(string)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// authority signs certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}
