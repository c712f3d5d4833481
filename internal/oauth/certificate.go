package oauth

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"net/http"
	"time"
)

// presented is the certificate of the connection itself; one that a proxy writes into a
// header is not looked at.
func presented(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// certThumbprint is how tokens name a certificate. Source: RFC 8705 §3.1.
func certThumbprint(cert *x509.Certificate) string {
	if cert == nil {
		return ""
	}
	h := sha256.Sum256(cert.Raw)
	return base64.RawURLEncoding.EncodeToString(h[:])
}

// certified checks a client's certificate: its own key among the registered ones, or a
// subject that somebody we trust vouches for. That the caller has the private key, the
// handshake has shown. Source: RFC 8705 §2.
func (s *Server) certified(client *Client, r *http.Request, now time.Time) bool {
	cert := presented(r)
	if cert == nil || now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return false
	}
	if client.Auth == TLSOwnKey {
		return ownKey(client, cert)
	}
	if s.config.ClientCAs == nil || subjectOf(cert) != client.Subject {
		return false
	}
	between := x509.NewCertPool()
	for _, c := range r.TLS.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := cert.Verify(x509.VerifyOptions{
		Roots: s.config.ClientCAs, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	return err == nil
}

func ownKey(client *Client, cert *x509.Certificate) bool {
	if client.keys == nil {
		return false
	}
	for _, k := range client.keys.Keys {
		registered, ok := k.Key.(interface{ Equal(crypto.PublicKey) bool })
		if ok && k.Use != "enc" && registered.Equal(cert.PublicKey) {
			return true
		}
	}
	return false
}

// subjectOf writes a certificate's subject as RFC 4514 does.
func subjectOf(cert *x509.Certificate) string {
	var subject pkix.RDNSequence
	if rest, err := asn1.Unmarshal(cert.RawSubject, &subject); err != nil || len(rest) > 0 {
		return ""
	}
	return subject.String()
}
