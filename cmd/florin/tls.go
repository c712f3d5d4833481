package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"

	"github.com/florinpay/florin/internal/clock"
)

// tlsPair names the files of a certificate that somebody else renews.
type tlsPair struct {
	TLSCert string `help:"Certificate chain in PEM; read anew when the file changes." name:"tls-cert" placeholder:"FILE" type:"path" env:"FLORIN_TLS_CERT"`
	TLSKey  string `help:"Its private key in PEM." name:"tls-key" placeholder:"FILE" type:"path" env:"FLORIN_TLS_KEY"`
}

// tlsSource says where a production server's certificate comes from.
type tlsSource struct {
	tlsPair
	AcmeDomain    []string `help:"Get and renew a certificate for this name by ACME, accepting the terms of its server; port 443 of the name must lead here. May be repeated." placeholder:"NAME" env:"FLORIN_ACME_DOMAIN"`
	AcmeEmail     string   `help:"Where the ACME server's operator may write to." env:"FLORIN_ACME_EMAIL"`
	AcmeDirectory string   `help:"Directory of the ACME server." default:"${acme_directory}" placeholder:"URL" env:"FLORIN_ACME_DIRECTORY"`
	AcmeCA        string   `help:"Certificates in PEM that the ACME server itself may be known by, beside the machine's." name:"acme-ca" placeholder:"FILE" type:"path" env:"FLORIN_ACME_CA"`
}

const acmeFolder = "acme" // in the data folder: certificates, their keys and the account's

func (c tlsSource) given() bool { return c.TLSCert != "" || c.TLSKey != "" || len(c.AcmeDomain) > 0 }

// keyring gives the certificate for a handshake.
type keyring struct {
	config *tls.Config
	fetch  func() // gets what is missing before the first caller has to wait for it; may be nil
}

// open prepares the certificate; nil if none is asked for.
func (c tlsSource) open(data string, log *slog.Logger) (*keyring, error) {
	switch {
	case !c.given():
		return nil, nil
	case len(c.AcmeDomain) == 0:
		return c.tlsPair.open(clock.System{}, log)
	case c.TLSCert != "" || c.TLSKey != "":
		return nil, errors.New("--tls-cert and --tls-key name a certificate, --acme-domain gets another: give one of the two")
	}
	return c.openACME(filepath.Join(data, acmeFolder), log)
}

func (c tlsSource) openACME(folder string, log *slog.Logger) (*keyring, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for certificates: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool() // a machine without any: --acme-ca must say
	}
	if c.AcmeCA != "" {
		text, err := os.ReadFile(c.AcmeCA)
		if err != nil {
			return nil, fmt.Errorf("read --acme-ca: %w", err)
		}
		if !roots.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--acme-ca %s has no certificate in PEM", c.AcmeCA)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	manager := &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(folder), HostPolicy: autocert.HostWhitelist(c.AcmeDomain...), Email: c.AcmeEmail,
		Client: &acme.Client{
			DirectoryURL: c.AcmeDirectory, UserAgent: "florin/" + version(),
			HTTPClient: &http.Client{Transport: transport, Timeout: time.Minute},
		},
	}
	config := modernTLS(manager.GetCertificate)
	config.NextProtos = []string{acme.ALPNProto} // the server adds its own; source: RFC 8737
	return &keyring{config, func() { fetch(manager, c.AcmeDomain, log) }}, nil
}

// fetch asks for each name's certificate once, so that the first caller need not wait.
func fetch(manager *autocert.Manager, names []string, log *slog.Logger) {
	for _, name := range names {
		got, err := manager.GetCertificate(&tls.ClientHelloInfo{
			ServerName: name, SupportedCurves: []tls.CurveID{tls.CurveP256}, SupportedVersions: []uint16{tls.VersionTLS13},
			SignatureSchemes: []tls.SignatureScheme{tls.ECDSAWithP256AndSHA256}, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256},
		})
		if err != nil {
			log.Error("no certificate from the ACME server: callers of this name are turned away; asked again at the next one", "name", name, "cause", err.Error())
			continue
		}
		log.Info("certificate ready", "name", name, "until", got.Leaf.NotAfter)
	}
}

// modernTLS is TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers only.
func modernTLS(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		GetCertificate: get,
		MinVersion:     tls.VersionTLS12,
		CipherSuites: []uint16{ // of TLS 1.2; Go's list less the suites with CBC. Source: RFC 9325 §4.2
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// open reads the pair, and watches it.
func (p tlsPair) open(c clock.Clock, log *slog.Logger) (*keyring, error) {
	if p.TLSCert == "" || p.TLSKey == "" {
		return nil, errors.New("a certificate needs both its files: give --tls-cert and --tls-key")
	}
	if said := p.closed(); said.cure != "" {
		return nil, fmt.Errorf("--tls-key: %s: %s", said.said, said.cure)
	}
	w := &watched{tlsPair: p, clock: c, log: log, seen: p.stamps()}
	certificate, err := p.read()
	if err != nil {
		return nil, err
	}
	w.current.Store(certificate)
	return &keyring{config: modernTLS(w.certificate)}, nil
}

func (p tlsPair) read() (*tls.Certificate, error) {
	certificate, err := tls.LoadX509KeyPair(p.TLSCert, p.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("the certificate %s and its key %s cannot be used: %w", p.TLSCert, p.TLSKey, err)
	}
	return &certificate, nil
}

// closed reports whether the key's file is hidden from strangers. Its group may read
// it: that is how machines share one certificate among servers.
func (p tlsPair) closed() finding {
	info, err := os.Stat(p.TLSKey)
	switch {
	case err != nil:
		return finding{"tls key", err.Error(), "Give the file of the certificate's private key."}
	case info.Mode().Perm()&0o007 != 0:
		return finding{"tls key", fmt.Sprintf("%s is open to everyone (mode %o)", p.TLSKey, info.Mode().Perm()), "chmod 600 " + p.TLSKey}
	}
	return finding{"tls key", p.TLSKey + " is closed to strangers", ""}
}

// stamp tells whether a file has changed.
type stamp struct {
	at   time.Time
	size int64
}

func (p tlsPair) stamps() (both [2]stamp) {
	for i, path := range [...]string{p.TLSCert, p.TLSKey} {
		if info, err := os.Stat(path); err == nil {
			both[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return both
}

// watched is a pair that is read anew when a file changes. A pair that cannot be used
// changes nothing: the certificate before it stays.
type watched struct {
	tlsPair
	clock   clock.Clock
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate]

	looking sync.Mutex
	seen    [2]stamp
	next    time.Time
}

const lookEvery = time.Second

// certificate implements [tls.Config].GetCertificate. Handshakes do not wait for one
// that looks at the files.
func (w *watched) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if w.looking.TryLock() {
		w.look()
		w.looking.Unlock()
	}
	return w.current.Load(), nil
}

func (w *watched) look() {
	now := w.clock.Now()
	if now.Before(w.next) {
		return
	}
	w.next = now.Add(lookEvery)
	stamps := w.stamps()
	if stamps == w.seen {
		return
	}
	w.seen = stamps
	fresh, err := w.read()
	if err != nil {
		w.log.Error("the new certificate is not used, the old one stays", "until", w.current.Load().Leaf.NotAfter, "cause", err.Error())
		return
	}
	w.current.Store(fresh)
	w.log.Info("new certificate", "until", fresh.Leaf.NotAfter)
}
