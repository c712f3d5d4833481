//go:build interop

// Package interop holds the real binary against clients and tools that we did not
// write. Run it with: go test -tags interop ./test/interop/...
//
// The http tests need curl, gzip and zstd (Debian's packages of these names) and build
// h2spec and pebble from tools/go.mod.
package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const root = "../.." // of the repository

// httpFlorin is the binary under test, built once.
var httpFlorin = sync.OnceValues(func() (string, error) { return httpBuild(root, "./cmd/florin", "florin") })

// httpBuild builds a program of the module in dir into bin/.
func httpBuild(dir, pkg, name string) (string, error) {
	path, err := filepath.Abs(filepath.Join(root, "bin", name))
	if err != nil {
		return "", err
	}
	c := exec.Command("go", "build", "-o", path, pkg)
	c.Dir, c.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return path, nil
}

// httpTool builds a program that tools/go.mod pins.
func httpTool(t *testing.T, pkg string) string {
	t.Helper()
	path, err := httpBuild(filepath.Join(root, "tools"), pkg, filepath.Base(pkg))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// httpRun starts a program that runs until the test ends, and gives what it prints.
func httpRun(t *testing.T, environment []string, program string, args ...string) *httpLog {
	t.Helper()
	log := &httpLog{}
	c := exec.Command(program, args...)
	c.Stdout, c.Stderr, c.Env = log, log, append(os.Environ(), environment...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	log.stop = sync.OnceFunc(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait()
	})
	t.Cleanup(log.stop)
	return log
}

// httpLog is what a program has printed so far.
type httpLog struct {
	mu   sync.Mutex
	text bytes.Buffer
	stop func()
}

func (l *httpLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *httpLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

const httpPatience = 60 * time.Second

// httpAwait asks until it is so.
func httpAwait(t *testing.T, what string, log *httpLog, so func() bool) {
	t.Helper()
	for end := time.Now().Add(httpPatience); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not %s after %s:\n%s", what, httpPatience, log)
		}
	}
}

// httpServer is a sandbox with some payments in it.
type httpServer struct {
	URL    string `json:"url"`
	Key    string `json:"sandbox_key"`
	Wallet string `json:"wallet_id"`
	CAFile string `json:"ca_file"`
}

func httpDev(t *testing.T, flags ...string) *httpServer {
	t.Helper()
	program, err := httpFlorin()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready.json")
	log := httpRun(t, nil, program, append([]string{"dev", "--data", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--ready-file", ready}, flags...)...)
	s := &httpServer{}
	httpAwait(t, "ready", log, func() bool {
		text, err := os.ReadFile(ready)
		return err == nil && json.Unmarshal(text, s) == nil
	})
	for i := range 30 {
		if a := s.curl(t, "/v1/payments", "--data", fmt.Sprintf(`{"amount":%d,"currency":"USD","source":"%s"}`, 100+i, s.Wallet)); a.status != "200" {
			t.Fatalf("a payment: %+v", a)
		}
	}
	return s
}

// httpAnswer is what curl saw.
type httpAnswer struct {
	exit            int
	status, version string
	size            string // bytes that came, as packed
	header          http.Header
	body, errs      string
}

// curl asks for a path as curl does with these flags.
func (s *httpServer) curl(t *testing.T, path string, flags ...string) httpAnswer {
	t.Helper()
	dir := t.TempDir()
	body := filepath.Join(dir, "body")
	args := []string{
		"-q", "-sS", "--max-time", "30", "-o", body, "-w", "%{stderr}%{http_code} %{http_version} %{size_download}\n%{header_json}",
		"-H", "Authorization: Bearer " + s.Key, "-H", "Content-Type: application/json",
	}
	if s.CAFile != "" {
		args = append(args, "--cacert", s.CAFile)
	}
	var errs bytes.Buffer
	c := exec.Command("curl", append(append(args, flags...), s.URL+path)...)
	c.Stderr = &errs
	err := c.Run()
	a := httpAnswer{errs: errs.String()}
	if exit, ok := err.(*exec.ExitError); ok {
		a.exit = exit.ExitCode()
		return a
	}
	if err != nil {
		t.Fatalf("curl (Debian's package curl): %v", err)
	}
	line, header, _ := strings.Cut(a.errs, "\n")
	if _, err := fmt.Sscan(line, &a.status, &a.version, &a.size); err != nil {
		t.Fatalf("curl said %q", a.errs)
	}
	lower := map[string][]string{}
	if err := json.Unmarshal([]byte(header), &lower); err != nil {
		t.Fatalf("curl's headers: %v: %s", err, header)
	}
	a.header = http.Header{}
	for name, values := range lower {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	text, err := os.ReadFile(body)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	a.body = string(text)
	return a
}

// TestHTTPVersions: curl speaks each version, in the clear and over TLS, and reads the
// same list in each coding.
func TestHTTPVersions(t *testing.T) {
	const list = "/v1/payments?limit=30"
	servers := map[bool]*httpServer{false: httpDev(t), true: httpDev(t, "--tls")}
	for name, c := range map[string]struct {
		tls      bool
		flags    string
		versions string
		exit     int
	}{
		"1.1":                  {false, "--http1.1", "1.1", 0},
		"2 asked for in clear": {false, "--http2", "1.1", 0}, // no upgrade from 1.1: RFC 9113 took it away
		"2 known in clear":     {false, "--http2-prior-knowledge", "2", 0},
		"1.1 over TLS":         {true, "--http1.1", "1.1", 0},
		"2 over TLS":           {true, "--http2", "2", 0},
		"TLS 1.3":              {true, "--tlsv1.3", "2", 0},
		"TLS 1.2":              {true, "--tls-max 1.2", "2", 0},
		"TLS 1.1":              {true, "--tls-max 1.1", "", 35},
		"TLS 1.2 with CBC":     {true, "--tls-max 1.2 --ciphers ECDHE-ECDSA-AES128-SHA", "", 35},
	} {
		t.Run(name, func(t *testing.T) {
			s := servers[c.tls]
			flags := strings.Fields(c.flags)
			plain := s.curl(t, list, flags...)
			if plain.exit != c.exit || plain.version != c.versions || c.exit == 0 && plain.status != "200" {
				t.Fatalf("%+v", plain)
			}
			if c.exit != 0 {
				return
			}
			if plain.header.Get("Content-Encoding") != "" {
				t.Errorf("nobody asked for %v", plain.header)
			}
			for coding, accepted := range map[string]string{"gzip": "Accept-Encoding: gzip", "zstd": "Accept-Encoding: zstd"} {
				a := s.curl(t, list, append(flags, "--compressed", "-H", accepted)...)
				if a.body != plain.body || a.header.Get("Content-Encoding") != coding || len(a.size) >= len(plain.size) {
					t.Errorf("%s: %s bytes of %s, %v", coding, a.size, plain.size, a.header)
				}
				t.Logf("%s: %s bytes of %s", coding, a.size, plain.size)
				head := s.curl(t, list, append(flags, "--head", "-H", accepted)...)
				if head.header.Get("Content-Length") != a.header.Get("Content-Length") || head.header.Get("Content-Encoding") != coding {
					t.Errorf("HEAD: %v, GET: %v", head.header, a.header)
				}
			}
			if a := s.curl(t, list, append(flags, "--compressed")...); a.body != plain.body || a.header.Get("Content-Encoding") == "" {
				t.Errorf("--compressed: %v", a.header)
			}
		})
	}
}

// httpPipe runs text through a program.
func httpPipe(t *testing.T, text []byte, program string, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command(program, args...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(text), &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%s %v (Debian's package %s): %v\n%s", program, args, program, err, errs.String())
	}
	return out.Bytes()
}

// TestHTTPPackedRequests: what gzip and zstd pack is read here.
func TestHTTPPackedRequests(t *testing.T) {
	s := httpDev(t)
	body := []byte(`{"amount":4200,"currency":"USD","source":"` + s.Wallet + `"}`)
	var first string
	for i, packed := range []struct {
		coding string
		body   []byte
	}{
		{"gzip", httpPipe(t, body, "gzip", "-9")}, {"gzip", httpPipe(t, body, "gzip", "-1")},
		{"zstd", httpPipe(t, body, "zstd", "-3")}, {"zstd", httpPipe(t, body, "zstd", "-19", "--long=23")},
	} {
		file := filepath.Join(t.TempDir(), "body")
		if err := os.WriteFile(file, packed.body, 0o600); err != nil {
			t.Fatal(err)
		}
		a := s.curl(t, "/v1/payments", "--data-binary", "@"+file, "-H", "Content-Encoding: "+packed.coding, "-H", "Idempotency-Key: once")
		if i == 0 {
			first = a.body
		}
		if a.status != "200" || a.body != first {
			t.Errorf("%s: %+v", packed.coding, a)
		}
	}
	bomb := filepath.Join(t.TempDir(), "bomb")
	if err := os.WriteFile(bomb, httpPipe(t, make([]byte, 100<<20), "gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	a := s.curl(t, "/v1/payments", "--data-binary", "@"+bomb, "-H", "Content-Encoding: gzip")
	t.Logf("100 MiB of zeros: %s in %s", a.status, time.Since(began))
	if a.status != "413" {
		t.Errorf("100 MiB of zeros: %+v", a)
	}
}

// TestHTTPDictionary: the zstd of its own authors reads what we pack with the dictionary.
func TestHTTPDictionary(t *testing.T) {
	s := httpDev(t, "--tls")
	const list = "/v1/payments?limit=10"
	link := s.curl(t, list, "-H", "Accept-Encoding: dcz").header.Get("Link")
	path, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if path == "" {
		t.Fatalf("nobody says where the dictionary is: %q", link)
	}
	dictionary := filepath.Join(t.TempDir(), "dictionary")
	if err := os.WriteFile(dictionary, []byte(s.curl(t, path).body), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := strings.TrimSpace(string(httpPipe(t, nil, "sh", "-c", "openssl dgst -sha256 -binary "+dictionary+" | base64")))
	plain := s.curl(t, list)
	packed := s.curl(t, list, "-H", "Accept-Encoding: dcz", "-H", "Available-Dictionary: :"+sum+":")
	if packed.header.Get("Content-Encoding") != "dcz" {
		t.Fatalf("%v", packed.header)
	}
	if got := httpPipe(t, []byte(packed.body), "zstd", "-d", "-c", "-D", dictionary); string(got) != plain.body {
		t.Errorf("zstd reads another list: %s", got)
	}
	t.Logf("dcz: %s bytes of %s", packed.size, plain.size)
}

// httpGet asks over a client, for tests that need more than curl.
func httpGet(client *http.Client, url string) (string, http.Header, error) {
	a, err := client.Get(url)
	if err != nil {
		return "", nil, err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	return string(text), a.Header, err
}
