//go:build interop

package interop

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/test/process"
)

// sandbox is a server that curl calls, with some payments in it.
type sandbox struct{ *process.Process }

func stocked(t *testing.T, flags ...string) sandbox {
	t.Helper()
	s := sandbox{dev(t, flags...)}
	for i := range 30 {
		if a := s.curl(t, "/v1/payments", "--data", fmt.Sprintf(`{"amount":%d,"currency":"USD","source":"%s"}`, 100+i, s.Wallet)); a.status != "200" {
			t.Fatalf("a payment: %+v", a)
		}
	}
	return s
}

// curled is what curl saw.
type curled struct {
	exit            int
	status, version string
	size            string // bytes that came, as packed
	header          http.Header
	body, errs      string
}

// curl asks for a path as curl does with these flags.
func (s sandbox) curl(t *testing.T, path string, flags ...string) curled {
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
	a := curled{errs: errs.String()}
	if exit, ok := err.(*exec.ExitError); ok {
		a.exit = exit.ExitCode()
		return a
	}
	if err != nil {
		t.Fatalf("curl: %v", err)
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
	servers := map[bool]sandbox{false: stocked(t), true: stocked(t, "--tls")}
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

// pipe runs text through a program.
func pipe(t *testing.T, text []byte, program string, args ...string) []byte {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.Command(program, args...)
	c.Stdin, c.Stdout, c.Stderr = bytes.NewReader(text), &out, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, errs.String())
	}
	return out.Bytes()
}

// TestHTTPPackedRequests: what gzip and zstd pack is read here.
func TestHTTPPackedRequests(t *testing.T) {
	s := stocked(t)
	body := []byte(`{"amount":4200,"currency":"USD","source":"` + s.Wallet + `"}`)
	var first string
	for i, packed := range []struct {
		coding string
		body   []byte
	}{
		{"gzip", pipe(t, body, "gzip", "-9")}, {"gzip", pipe(t, body, "gzip", "-1")},
		{"zstd", pipe(t, body, "zstd", "-3")}, {"zstd", pipe(t, body, "zstd", "-19", "--long=23")},
	} {
		file := keep(t, "body", packed.body)
		a := s.curl(t, "/v1/payments", "--data-binary", "@"+file, "-H", "Content-Encoding: "+packed.coding, "-H", "Idempotency-Key: once")
		if i == 0 {
			first = a.body
		}
		if a.status != "200" || a.body != first {
			t.Errorf("%s: %+v", packed.coding, a)
		}
	}
	bomb := keep(t, "bomb", pipe(t, make([]byte, 100<<20), "gzip"))
	began := time.Now()
	a := s.curl(t, "/v1/payments", "--data-binary", "@"+bomb, "-H", "Content-Encoding: gzip")
	t.Logf("100 MiB of zeros: %s in %s", a.status, time.Since(began))
	if a.status != "413" {
		t.Errorf("100 MiB of zeros: %+v", a)
	}
}

// TestHTTPDictionary: the zstd of its own authors reads what we pack with the dictionary.
func TestHTTPDictionary(t *testing.T) {
	s := stocked(t, "--tls")
	const list = "/v1/payments?limit=10"
	link := s.curl(t, list, "-H", "Accept-Encoding: dcz").header.Get("Link")
	path, _, _ := strings.Cut(strings.TrimPrefix(link, "<"), ">")
	if path == "" {
		t.Fatalf("nobody says where the dictionary is: %q", link)
	}
	dictionary := keep(t, "dictionary", []byte(s.curl(t, path).body))
	sum := strings.TrimSpace(string(pipe(t, nil, "sh", "-c", "openssl dgst -sha256 -binary "+dictionary+" | base64")))
	plain := s.curl(t, list)
	packed := s.curl(t, list, "-H", "Accept-Encoding: dcz", "-H", "Available-Dictionary: :"+sum+":")
	if packed.header.Get("Content-Encoding") != "dcz" {
		t.Fatalf("%v", packed.header)
	}
	if got := pipe(t, []byte(packed.body), "zstd", "-d", "-c", "-D", dictionary); string(got) != plain.body {
		t.Errorf("zstd reads another list: %s", got)
	}
	t.Logf("dcz: %s bytes of %s", packed.size, plain.size)
}
