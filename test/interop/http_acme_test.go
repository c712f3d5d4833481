//go:build interop

package interop

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const acmeName = "florin.test"

// httpPort is a port that is free now.
func httpPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// pebble is Let's Encrypt's own ACME server for tests.
type pebble struct {
	directory, ca string
	management    string
	client        *http.Client // that knows it
	log           *httpLog
}

// startPebble starts an ACME server that finds every name on this machine, at port.
// Its own certificate is that of a sandbox.
func startPebble(t *testing.T, port int) pebble {
	t.Helper()
	own := httpDev(t, "--tls")
	dns, acme, management := httpPort(t), httpPort(t), httpPort(t)
	config := filepath.Join(t.TempDir(), "pebble.json")
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": fmt.Sprintf("127.0.0.1:%d", acme), "managementListenAddress": fmt.Sprintf("127.0.0.1:%d", management),
		"certificate": own.CAFile, "privateKey": filepath.Join(filepath.Dir(own.CAFile), "key.pem"),
		"httpPort": httpPort(t), "tlsPort": port, "ocspResponderURL": "", "externalAccountBindingRequired": false,
		"keyAlgorithm": "ecdsa", "profiles": map[string]any{"default": map[string]any{"description": "90 days", "validityPeriod": 7776000}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	httpRun(t, nil, httpTool(t, "github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv"), "-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns),
		"-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", fmt.Sprintf("127.0.0.1:%d", httpPort(t)))
	p := pebble{directory: fmt.Sprintf("https://127.0.0.1:%d/dir", acme), management: fmt.Sprintf("https://127.0.0.1:%d", management), ca: own.CAFile}
	p.log = httpRun(t, []string{"PEBBLE_VA_NOSLEEP=1"}, httpTool(t, "github.com/letsencrypt/pebble/v2/cmd/pebble"), "-config", config, "-dnsserver", fmt.Sprintf("127.0.0.1:%d", dns))
	known := x509.NewCertPool()
	text, err = os.ReadFile(own.CAFile)
	if err != nil || !known.AppendCertsFromPEM(text) {
		t.Fatal(err)
	}
	p.client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known}}}
	httpAwait(t, "answering", p.log, func() bool {
		_, _, err := httpGet(p.client, p.directory)
		return err == nil
	})
	return p
}

// TestHTTPACME: serve gets its certificate from a real ACME server by TLS-ALPN-01, on
// its own port, and keeps it over a restart.
func TestHTTPACME(t *testing.T) {
	program, err := httpFlorin()
	if err != nil {
		t.Fatal(err)
	}
	port := httpPort(t)
	p := startPebble(t, port)
	dir := t.TempDir()
	kek, data := filepath.Join(dir, "kek"), filepath.Join(dir, "data")
	httpPipe(t, nil, program, "key", "new-kek", kek)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	serve := func() *httpLog {
		return httpRun(t, nil, program, "serve", "--data", data, "--kek-file", kek, "--listen", address, "--ops", "127.0.0.1:0",
			"--acme-domain", acmeName, "--acme-directory", p.directory, "--acme-ca", p.ca)
	}
	trusted := x509.NewCertPool()
	issuer, _, err := httpGet(p.client, p.management+"/roots/0")
	if err != nil || !trusted.AppendCertsFromPEM([]byte(issuer)) {
		t.Fatalf("pebble's root: %v %s", err, issuer)
	}
	caller := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted, ServerName: acmeName}, ForceAttemptHTTP2: true,
	}}
	var serials []string
	for range 2 {
		log := serve()
		var header http.Header
		httpAwait(t, "serving with a certificate", log, func() bool {
			_, header, err = httpGet(caller, "https://"+address+"/readyz")
			return err == nil
		})
		if header.Get("Strict-Transport-Security") != "max-age=63072000" {
			t.Errorf("HSTS: %v", header)
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
		if !strings.Contains(log.String(), "certificate ready") {
			t.Errorf("the log does not say that there is one:\n%s", log)
		}
		caller.CloseIdleConnections()
		log.stop()
	}
	if serials[0] != serials[1] {
		t.Errorf("a restart got another certificate: %v", serials)
	}
	if info, err := os.Stat(filepath.Join(data, "acme")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of keys: %v %v", info, err)
	}
	if out := httpPipe(t, nil, program, "doctor", "--data", data, "--kek-file", kek); !strings.Contains(string(out), acmeName+": until") {
		t.Errorf("doctor does not see it:\n%s", out)
	}
}
