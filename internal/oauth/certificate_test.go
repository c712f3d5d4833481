package oauth_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/oauth"
)

// over puts a resource call on a connection with a certificate.
func over(c *x509.Certificate) func(*proofing, *http.Request) {
	return func(p *proofing, r *http.Request) {
		p.key = nil
		if c != nil {
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{c}}
		}
	}
}

func TestClientsWithCertificates(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, how := range map[string]func(*oauth.Draft, *ecdsa.PrivateKey){
			"its own key": func(d *oauth.Draft, k *ecdsa.PrivateKey) { d.Auth, d.Keys, d.FAPI = oauth.TLSOwnKey, jwks(t, k), true },
			"a subject": func(d *oauth.Draft, _ *ecdsa.PrivateKey) {
				d.Auth, d.Keys, d.Subject, d.FAPI = oauth.TLSSubject, "", "CN=shop,O=Shop", true
			},
		} {
			key := newKey(t)
			cert := certificate(t, w.ca, "CN=shop", key)
			a := w.register(func(d *oauth.Draft) { how(d, key) })
			a.prover = nil
			a.present(cert, key)
			out := a.tokens()
			if out.get("token_type") != "Bearer" {
				t.Fatalf("%s: %s", name, out.text)
			}
			sum := sha256.Sum256(cert.Raw)
			if got := claimsOf(t, out.access())["cnf"].(map[string]any)["x5t#S256"]; got != base64.RawURLEncoding.EncodeToString(sum[:]) {
				t.Errorf("%s: bound to %v", name, got)
			}
			must(t, a.works(out.access(), over(cert)))
			if a.works(out.access(), over(nil)) == nil || a.works(out.access(), over(certificate(t, w.ca, "CN=shop", newKey(t)))) == nil || a.works(out.access()) == nil {
				t.Errorf("%s: works with another certificate, none, or a proof", name)
			}
			// A renewed certificate renews: the refresh token is the client's, not the certificate's.
			next := certificate(t, w.ca, "CN=shop", key)
			a.present(next, key)
			if got := a.renew(out.get("refresh_token")); got.status != 200 || a.works(got.access(), over(next)) != nil {
				t.Errorf("%s: %s", name, got.text)
			}
			strangers(t, w, a, name, key)
		}
	})
}

func strangers(t *testing.T, w *world, a *app, name string, key *ecdsa.PrivateKey) {
	evil := newAuthority(t)
	other := newKey(t)
	for what, c := range map[string]struct {
		cert *x509.Certificate
		key  *ecdsa.PrivateKey
	}{
		"none": {}, "another key and name": {certificate(t, w.ca, "CN=eve", other), other}, "somebody else's authority": {certificate(t, evil, "CN=shop", other), other},
		"expired":      {certificate(t, w.ca, "CN=shop", key, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), key},
		"not yet good": {certificate(t, w.ca, "CN=shop", key, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), key},
	} {
		a.present(c.cert, c.key)
		wants(t, name+": "+what, a.own(), "invalid_client")
	}
	forServers := certificate(t, w.ca, "CN=shop", other, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	a.present(forServers, other)
	wants(t, name+": a server's", a.own(), "invalid_client")
	a.http, a.base = noRedirects(http.DefaultTransport), w.base
	wants(t, name+": in a header", a.own(change{send: func(r *http.Request) {
		r.Header.Set("X-Client-Cert", base64.StdEncoding.EncodeToString(certificate(t, w.ca, "CN=shop", key).Raw))
	}}), "invalid_client")
}

// A client that proves itself by assertion may bind its tokens to a certificate, and a
// public one is held to the certificate with its refresh token.
func TestCertificatesBindWithoutProving(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := newKey(t)
		cert := certificate(t, nil, "CN=any", key)
		a := w.register(fapi)
		a.prover = nil
		a.present(cert, key)
		out := a.own()
		if out.status != 200 || a.works(out.access(), over(cert)) != nil || a.works(out.access(), over(nil)) == nil {
			t.Errorf("%s", out.text)
		}
		p := w.register(public, func(d *oauth.Draft) { d.Bound = true })
		p.prover = nil
		p.present(cert, key)
		first := p.tokens()
		p.present(certificate(t, nil, "CN=any", key), key)
		wants(t, "another certificate", p.renew(first.get("refresh_token")), "invalid_dpop_proof")
		p.present(cert, key)
		if got := p.renew(first.get("refresh_token")); got.status != 200 {
			t.Errorf("%s", got.text)
		}
		// A proof over the connection of the alias is addressed to the alias.
		a.prover = newKey(t)
		if got := a.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"payments:read"}}); got.get("token_type") != "DPoP" {
			t.Errorf("%s", got.text)
		}
	})
}
