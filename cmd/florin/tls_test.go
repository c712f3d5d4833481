package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/clock"
)

// newPair makes a certificate for names in a folder of its own.
func newPair(t *testing.T, names ...string) tlsPair {
	t.Helper()
	dir := t.TempDir()
	p := tlsPair{filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")}
	if err := p.make(names); err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestCertificateIsReadAnew: a renewed pair is taken without a restart; one that
// cannot be used, or comes one file at a time, leaves the old one in place.
func TestCertificateIsReadAnew(t *testing.T) {
	p, second := newPair(t, "one.test"), newPair(t, "second.test")
	c, log := clock.NewManual(), &bytes.Buffer{}
	k, err := p.open(c, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	shows := func(step, name string) {
		t.Helper()
		got, err := k.config.GetCertificate(nil)
		if err != nil || got.Leaf.DNSNames[0] != name {
			t.Errorf("%s: the certificate is for %v, want %s (%v)", step, got.Leaf.DNSNames, name, err)
		}
	}
	shows("at first", "one.test")
	write(t, p.TLSCert, read(t, second.TLSCert))
	shows("within a second nobody looks", "one.test")
	c.Move(2 * time.Second)
	shows("with the new chain and the old key", "one.test")
	if !strings.Contains(log.String(), "the old one stays") {
		t.Errorf("nobody was told: %s", log)
	}
	write(t, p.TLSKey, read(t, second.TLSKey))
	c.Move(2 * time.Second)
	shows("with both", "second.test")
	write(t, p.TLSKey, []byte("nonsense"))
	c.Move(2 * time.Second)
	shows("with a broken key", "second.test")
	if err := os.Remove(p.TLSCert); err != nil {
		t.Fatal(err)
	}
	c.Move(2 * time.Second)
	shows("with no file", "second.test")
}

func TestTLSMistakesAreExplained(t *testing.T) {
	p, other := newPair(t, "one.test"), newPair(t, "other.test")
	open := newPair(t, "open.test")
	if err := os.Chmod(open.TLSKey, 0o644); err != nil { //nolint:gosec // that is the mistake
		t.Fatal(err)
	}
	kek := filepath.Join(t.TempDir(), "kek")
	if code, _, errs := florin(t, "key", "new-kek", kek); code != 0 {
		t.Fatal(errs)
	}
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct{ args, cure string }{
		{"--tls-cert " + p.TLSCert, "--tls-key"},
		{"--tls-key " + p.TLSKey, "--tls-cert"},
		{"--tls-cert " + p.TLSCert + " --tls-key " + other.TLSKey, "cannot be used"},
		{"--tls-cert " + p.TLSCert + " --tls-key " + p.TLSKey + "x", "no such file"},
		{"--tls-cert " + open.TLSCert + " --tls-key " + open.TLSKey, "chmod 600"},
		{"--tls-cert " + p.TLSCert + " --tls-key " + p.TLSKey + " --acme-domain a.test", "one of the two"},
		{"--tls-cert " + p.TLSCert + " --tls-key " + p.TLSKey + " --behind-proxy", "leave one out"},
		{"--acme-domain a.test --acme-ca " + p.TLSKey, "no certificate in PEM"},
		{"--acme-domain a.test --acme-ca " + p.TLSKey + "x", "--acme-ca"},
	} {
		args := append([]string{"serve", "--data", data, "--kek-file", kek, "--listen", "0.0.0.0:0"}, strings.Fields(c.args)...)
		if code, _, errs := florin(t, args...); code != 1 || !strings.Contains(errs, c.cure) {
			t.Errorf("%s: exit %d, %s; want %q", c.args, code, errs, c.cure)
		}
	}
}

// running is a server under test and how to call it.
type running struct {
	world
	caller *http.Client
	stop   func()
}

// devTLS runs 'florin dev --tls' in this process until it is stopped or the test ends.
func devTLS(t *testing.T, data string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	file, done := filepath.Join(t.TempDir(), "ready.json"), make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"dev", "--tls", "--data", data, "--listen", "127.0.0.1:0", "--ready-file", file}, io.Discard, os.Stderr)
	}()
	r := running{stop: sync.OnceFunc(func() {
		cancel()
		<-done
	})}
	t.Cleanup(r.stop)
	ready, err := readReady(ctx, file)
	if err != nil {
		t.Fatal(err)
	}
	r.world = ready
	if r.caller, err = trusting(r.CAFile); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDevOverTLS: the sandbox serves HTTPS, over HTTP/2 for who can, with one
// certificate for all its starts.
func TestDevOverTLS(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	r := devTLS(t, data)
	if !strings.HasPrefix(r.URL, "https://127.0.0.1:") {
		t.Fatalf("the ready file says %s", r.URL)
	}
	for _, proto := range []string{"HTTP/2.0", "HTTP/1.1"} {
		config := r.caller.Transport.(*http.Transport).TLSClientConfig.Clone()
		protocols := new(http.Protocols)
		protocols.SetHTTP1(proto == "HTTP/1.1")
		protocols.SetHTTP2(proto == "HTTP/2.0")
		one := &http.Client{Transport: &http.Transport{TLSClientConfig: config, Protocols: protocols}}
		q, err := http.NewRequest("GET", r.URL+"/v1/payments", nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+r.SandboxKey)
		a, err := one.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Object string }
		err = json.NewDecoder(a.Body).Decode(&list)
		a.Body.Close()
		if a.StatusCode != 200 || a.Proto != proto || list.Object != "list" || err != nil {
			t.Errorf("%s: %d over %s, %v", proto, a.StatusCode, a.Proto, err)
		}
		if a.Header.Get("Strict-Transport-Security") != "" {
			t.Error("a sandbox on this machine's name must not bind the name to TLS")
		}
	}
	if _, err := new(http.Client).Get(r.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("who trusts nothing is let in: %v", err)
	}
	old := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10} //nolint:gosec // it must fail
	if c, err := tls.Dial("tcp", strings.TrimPrefix(r.URL, "https://"), old); err == nil {
		c.Close()
		t.Error("TLS 1.1 is spoken")
	}
	weak := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}} //nolint:gosec // it must fail
	if c, err := tls.Dial("tcp", strings.TrimPrefix(r.URL, "https://"), weak); err == nil {
		c.Close()
		t.Error("a suite with CBC is spoken")
	}
	before := read(t, r.CAFile)
	if code, out, errs := florin(t, "doctor", "--data", data); code != 0 || !strings.Contains(out, "certificate") {
		t.Errorf("doctor: exit %d\n%s%s", code, out, errs)
	}
	r.stop()
	if again := devTLS(t, filepath.Clean(data)); !bytes.Equal(read(t, again.CAFile), before) {
		t.Error("a second start has another certificate")
	}
}

// TestDoctorLooksAtCertificates: dates and keys, each with its cure.
func TestDoctorLooksAtCertificates(t *testing.T) {
	now := machine.Now()
	for _, c := range []struct {
		from, to time.Duration
		sick     bool
	}{
		{-24 * time.Hour, 60 * 24 * time.Hour, false},
		{-24 * time.Hour, -time.Hour, true},
		{time.Hour, 60 * 24 * time.Hour, true},
		{-80 * 24 * time.Hour, 10 * 24 * time.Hour, true},
		{-2 * 24 * time.Hour, 4 * 24 * time.Hour, false}, // one of six days
		{-5*24*time.Hour - time.Hour, 23 * time.Hour, true},
	} {
		got := dates("x", &x509.Certificate{NotBefore: now.Add(c.from), NotAfter: now.Add(c.to)}, "renew")
		if (got.cure != "") != c.sick {
			t.Errorf("from %s to %s: %+v", c.from, c.to, got)
		}
	}
	p, other := newPair(t, "one.test"), newPair(t, "other.test")
	if err := os.Chmod(p.TLSKey, 0o644); err != nil { //nolint:gosec // that is the mistake
		t.Fatal(err)
	}
	data := t.TempDir()
	folder := filepath.Join(data, acmeFolder)
	if err := os.Mkdir(folder, 0o755); err != nil { //nolint:gosec // that is the mistake
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "got.test"), append(read(t, p.TLSKey), read(t, p.TLSCert)...))
	write(t, filepath.Join(folder, "acme_account+key"), read(t, p.TLSKey))
	_, out, _ := florin(t, "doctor", "--data", data, "--tls-cert", other.TLSCert, "--tls-key", p.TLSKey)
	for _, want := range []string{"chmod 600 " + p.TLSKey, "its own key", "got.test: until", "chmod 700 " + folder} {
		if !strings.Contains(out, want) {
			t.Errorf("doctor does not say %q:\n%s", want, out)
		}
	}
}
