//go:build interop

package interop

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/test/process"
)

const acmeName = "florin.test"

// pebble is Let's Encrypt's own ACME server for tests.
type pebble struct {
	directory, ca string
	management    string
	client        *http.Client // that knows it
}

// startPebble starts an ACME server that finds every name on this machine, at port.
// Its own certificate is that of a sandbox.
func startPebble(t *testing.T, port int) pebble {
	t.Helper()
	own := dev(t, "--tls")
	dns, acme, management := freePort(t), freePort(t), freePort(t)
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": fmt.Sprintf("127.0.0.1:%d", acme), "managementListenAddress": fmt.Sprintf("127.0.0.1:%d", management),
		"certificate": own.CAFile, "privateKey": filepath.Join(filepath.Dir(own.CAFile), "key.pem"),
		"httpPort": freePort(t), "tlsPort": port, "ocspResponderURL": "", "externalAccountBindingRequired": false,
		"keyAlgorithm": "ecdsa", "profiles": map[string]any{"default": map[string]any{"description": "90 days", "validityPeriod": 7776000}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	config := keep(t, "pebble.json", text)
	process.Launch(t, tool(t, goTools, "pebble-challtestsrv"), t.TempDir(), nil, "-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns),
		"-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", fmt.Sprintf("127.0.0.1:%d", freePort(t)))
	p := pebble{directory: fmt.Sprintf("https://127.0.0.1:%d/dir", acme), management: fmt.Sprintf("https://127.0.0.1:%d", management), ca: own.CAFile}
	acmeServer := process.Launch(t, tool(t, goTools, "pebble"), t.TempDir(), []string{"PEBBLE_VA_NOSLEEP=1"}, "-config", config, "-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns))
	known := x509.NewCertPool()
	text, err = os.ReadFile(own.CAFile)
	if err != nil || !known.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	p.client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known}}}
	acmeServer.Await(t, func() bool {
		_, err := get(p.client, p.directory)
		return err == nil
	})
	return p
}

// TestHTTPACME: serve gets its certificate from a real ACME server by TLS-ALPN-01, on
// its own port, and keeps it over a restart.
func TestHTTPACME(t *testing.T) {
	port := freePort(t)
	p := startPebble(t, port)
	dir := t.TempDir()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	trusted := x509.NewCertPool()
	issuer, err := get(p.client, p.management+"/roots/0")
	if err != nil || !trusted.AppendCertsFromPEM(issuer.body) {
		t.Fatalf("pebble's root: %v %s", err, issuer.body)
	}
	caller := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: acmeName}, ForceAttemptHTTP2: true,
	}}
	var serials []string
	for range 2 {
		s := serve(t, dir, "--listen", address, "--acme-domain", acmeName, "--acme-directory", p.directory, "--acme-ca", p.ca)
		var ready answer
		s.Await(t, func() bool {
			ready, err = get(caller, s.URL+"/readyz")
			return err == nil
		})
		if ready.header.Get("Strict-Transport-Security") != "max-age=63072000" {
			t.Errorf("HSTS: %v", ready.header)
		}
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: trusted, ServerName: acmeName})
		if err != nil {
			t.Fatal(err)
		}
		serials = append(serials, c.ConnectionState().PeerCertificates[0].SerialNumber.String())
		c.Close()
		if _, err := tls.Dial("tcp", address, &tls.Config{ServerName: "other.test", InsecureSkipVerify: true}); err == nil {
			t.Error("another name has a certificate too")
		}
		if !strings.Contains(s.Errors(), "certificate ready") {
			t.Errorf("the log does not say that there is one:\n%s", s.Errors())
		}
		caller.CloseIdleConnections()
		s.Stop(t)
	}
	if serials[0] != serials[1] {
		t.Errorf("a restart got another certificate: %v", serials)
	}
	if info, err := os.Stat(filepath.Join(dir, "data", "acme")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of keys: %v %v", info, err)
	}
	if out := must(t, dir, nil, binary, append([]string{"doctor"}, inProduction(dir)...)...); !strings.Contains(out, acmeName+": until") {
		t.Errorf("doctor does not see it:\n%s", out)
	}
}
