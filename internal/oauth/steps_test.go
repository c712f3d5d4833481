package oauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/oauth"
)

func newAuthority(t testing.TB) *authority {
	a := &authority{key: newKey(t), pool: x509.NewCertPool()}
	a.cert = certificate(t, a, "CN=CA", a.key, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true })
	a.pool.AddCert(a.cert)
	return a
}

// certificate makes one for a key, signed by the authority, or by the key itself if there
// is none yet.
func certificate(t testing.TB, by *authority, name string, key *ecdsa.PrivateKey, changes ...func(*x509.Certificate)) *x509.Certificate {
	now := time.Now()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name[3:], Organization: []string{"Shop"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(365 * 24 * time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, fn := range changes {
		fn(c)
	}
	parent, signer := c, key
	if by != nil && by.cert != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	must(t, err)
	out, err := x509.ParseCertificate(der)
	must(t, err)
	return out
}

// present makes an app call over a connection with its certificate.
func (a *app) present(c *x509.Certificate, key *ecdsa.PrivateKey) {
	t := a.w.mtls.Client().Transport.(*http.Transport).Clone()
	if c != nil {
		t.TLSClientConfig.Certificates = []tls.Certificate{{Certificate: [][]byte{c.Raw}, PrivateKey: key}}
	}
	a.w.t.Cleanup(t.CloseIdleConnections) // or the server waits for them
	a.http, a.base = noRedirects(t), a.w.config.MTLS
}

// verifier and challenge are those of RFC 7636 appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// asking is a good authorization request.
func (a *app) asking() url.Values {
	return url.Values{
		"client_id": {string(a.id)}, "response_type": {"code"}, "redirect_uri": {a.redirect}, "scope": {"openid payments:read payments:write"},
		"state": {"st"}, "nonce": {"no"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
}

// limits are authorization_details of the payer's own merchant.
func limits(amount int64) string {
	return fmt.Sprintf(`[{"type":"payment","payee":%q,"currency":"USD","amount":%d,"interval":"R11/2027-01-01T00:00:00Z/P1M"}]`, shop, amount)
}

// push pushes a request and gives the address to send a browser to.
func (a *app) push(in url.Values, changes ...change) (query string, out result) {
	a.w.t.Helper()
	out = a.post("/oauth/par", in, changes...)
	return url.Values{"client_id": {string(a.id)}, "request_uri": {out.get("request_uri")}}.Encode(), out
}

// opens is what a browser gets.
func (w *world) opens(query string) oauth.Asked {
	w.t.Helper()
	asked, err := w.s.Open(context.Background(), query)
	must(w.t, err)
	return asked
}

// yes allows all that was asked.
func (w *world) yes(a oauth.Asked) oauth.Decision {
	return oauth.Decision{Person: "person_anna", Payer: anna, AuthTime: w.clock.Now().Add(-time.Minute), ACR: "phr", Scopes: a.Scopes, Details: a.Details}
}

// code walks to a code: pushed, opened, allowed.
func (a *app) code(in url.Values) string {
	a.w.t.Helper()
	query := in.Encode()
	if a.draft.FAPI {
		var out result
		if query, out = a.push(in); out.status != 201 {
			a.w.t.Fatalf("not pushed: %d %s", out.status, out.text)
		}
	}
	asked := a.w.opens(query)
	to, err := a.w.s.Decide(context.Background(), asked, a.w.yes(asked))
	must(a.w.t, err)
	u, err := url.Parse(to)
	must(a.w.t, err)
	code := u.Query().Get("code")
	if code == "" {
		a.w.t.Fatalf("no code in %s", to)
	}
	return code
}

func (a *app) redeem(code string, changes ...change) result {
	a.w.t.Helper()
	return a.post("/oauth/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {a.redirect}, "code_verifier": {verifier}}, changes...)
}

func (a *app) renew(token string, changes ...change) result {
	a.w.t.Helper()
	return a.post("/oauth/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, changes...)
}

func (a *app) own(changes ...change) result {
	a.w.t.Helper()
	return a.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"payments:read"}}, changes...)
}

// tokens walks all the way.
func (a *app) tokens() result {
	a.w.t.Helper()
	out := a.redeem(a.code(a.asking()))
	if out.status != 200 {
		a.w.t.Fatalf("not redeemed: %d %s", out.status, out.text)
	}
	return out
}

// call is a request to a resource, as a door gets it.
func (a *app) call(token string, changes ...func(*proofing, *http.Request)) (*http.Request, string) {
	t := a.w.t
	r, err := http.NewRequest("POST", a.w.base+"/v1/payments?expand=1", nil)
	must(t, err)
	n, err := a.w.s.Nonce(context.Background())
	must(t, err)
	p := &proofing{key: a.prover, method: "POST", url: a.w.base + "/v1/payments", nonce: n, ath: token, at: a.w.clock.Now()}
	for _, fn := range changes {
		fn(p, r)
	}
	scheme := "Bearer"
	if p.key != nil {
		r.Header.Set("DPoP", p.make(t))
		scheme = "DPoP"
	}
	return r, scheme
}

// works reports why a resource refuses a token, nil if it does not.
func (a *app) works(token string, changes ...func(*proofing, *http.Request)) error {
	return a.worksAt(a.w.s, token, changes...)
}

func (a *app) worksAt(s *oauth.Server, token string, changes ...func(*proofing, *http.Request)) error {
	a.w.t.Helper()
	r, scheme := a.call(token, changes...)
	_, err := s.Verifier().Check(context.Background(), r, token, scheme)
	return err
}

// wants complains of any other answer than a refusal with that code.
func wants(t testing.TB, what string, out result, code string) {
	t.Helper()
	if out.code() != code || out.status < 400 || out.access() != "" {
		t.Errorf("%s: %d %s, want %s", what, out.status, out.text, code)
	}
}

// keyOf is the id of the key that signed a token.
func (w *world) keyOf(token string) string {
	o, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	must(w.t, err)
	return o.Signatures[0].Header.KeyID
}

// count says how many rows there are.
func (w *world) count(t testing.TB) string {
	var out []string
	for _, table := range []string{"request", "code", "refresh", "device", "seen", "guess", "approval"} {
		err := w.d.Query(context.Background(), "select count(*) from oauth_"+table, func(r db.Row) error {
			out = append(out, fmt.Sprint(table, " ", r.Int(0)))
			return nil
		})
		must(t, err)
	}
	return strings.Join(out, ", ")
}
