package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	devTLSFolder = "dev-tls" // in the data folder
	devTLSFor    = 365 * 24 * time.Hour
	devTLSLeft   = 7 * 24 * time.Hour // a certificate that ends sooner is made anew
)

// devPair is the sandbox's own certificate: signed by itself, for this machine's
// names, kept so that it need be trusted only once.
func devPair(data, listen string) (tlsPair, error) {
	folder := filepath.Join(data, devTLSFolder)
	p := tlsPair{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
	names := []string{"localhost", "127.0.0.1", "::1"}
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" && !net.ParseIP(host).IsUnspecified() {
		names = append(names, host)
	}
	if kept, err := p.read(); err == nil && covers(kept.Leaf, names) {
		return p, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return p, fmt.Errorf("make the folder for the certificate: %w", err)
	}
	return p, p.make(names)
}

func covers(c *x509.Certificate, names []string) bool {
	for _, name := range names {
		if c.VerifyHostname(name) != nil {
			return false
		}
	}
	return machine.Now().Add(devTLSLeft).Before(c.NotAfter)
}

// make writes a new certificate and its key.
func (p tlsPair) make(names []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return err
	}
	now := machine.Now()
	form := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Florin sandbox"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(devTLSFor),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			form.IPAddresses = append(form.IPAddresses, ip)
		} else {
			form.DNSNames = append(form.DNSNames, name)
		}
	}
	signed, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(writePEM(p.TLSKey, "PRIVATE KEY", secret), writePEM(p.TLSCert, "CERTIFICATE", signed))
}

func writePEM(path, kind string, data []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600)
}

// openTLS prepares the sandbox's certificate; nil without --tls.
func (c *devCommand) openTLS(log *slog.Logger) (*keyring, tlsPair, error) {
	if !c.TLS {
		return nil, tlsPair{}, nil
	}
	p, err := devPair(c.Data, c.Listen)
	if err != nil {
		return nil, p, fmt.Errorf("make the sandbox's certificate: %w", err)
	}
	k, err := p.open(machine, log)
	return k, p, err
}

// trust says how to know the sandbox's certificate.
func (p tlsPair) trust() (string, error) {
	c, err := p.read()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(c.Certificate[0])
	digest := strings.ReplaceAll(fmt.Sprintf("% X", sum[:]), " ", ":")
	return fmt.Sprintf("Its certificate is its own: trust it with curl --cacert %s\nSHA-256 %s\n", p.TLSCert, digest), nil
}

// trusting is a client that knows, beside the machine's roots, the certificate in a file.
func trusting(caFile string) (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if caFile != "" {
		text, err := os.ReadFile(caFile) //nolint:gosec // our own file
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(text)
	}
	return &http.Client{Transport: transport, Timeout: time.Minute}, nil
}
