//go:build interop

package interop

import (
	"encoding/xml"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

// explained are h2spec's tests that fail, by their RFC 7540 section and name, and why
// that is Go's own choice: https://go.dev/issue/38647.
var explained = map[string]string{
	"3.5 Sends invalid connection preface":                                                                   "in the clear only: what is no HTTP/2 preface is read as HTTP/1.1 and answered 400, as on any port that speaks both",
	"6.5.3 Sends multiple values of SETTINGS_INITIAL_WINDOW_SIZE":                                            "Go hangs up on a SETTINGS frame that repeats itself, against floods (serverConn.processSettings)",
	"8.1.2.2 Sends a HEADERS frame that contains the connection-specific header field":                       "answered 400 and not reset, as RFC 9113 §8.1.1 permits (checkValidHTTP2RequestHeaders)",
	"8.1.2.2 Sends a HEADERS frame that contains the TE header field with any value other than \"trailers\"": "the same",
}

// racing are h2spec's tests that fail on a busy machine: the answer, a 200 or a 405, is
// complete before the wrong frame comes, as RFC 9113 §8.1 permits, and nobody looks at
// the frame then. Each must pass alone, by the number that h2spec has for it.
var racing = map[string]string{
	"6.9.1 Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream":                                       "http2/6.9.1/3",
	"8.1.2.6 Sends a HEADERS frame with the \"content-length\" header field which does not equal the DATA frame payload length":                      "http2/8.1.2.6/1",
	"8.1.2.6 Sends a HEADERS frame with the \"content-length\" header field which does not equal the sum of the multiple DATA frames payload length": "http2/8.1.2.6/2",
}

// wins runs a test that races until it passes, and says how often it did not. Most do
// at once: 30 failures in a row are no race.
func wins(t *testing.T, h2spec, number string, args ...string) bool {
	t.Helper()
	for lost := range 30 {
		if _, err := run(t, patience, ".", nil, h2spec, append([]string{number}, args...)...); err == nil {
			t.Logf("%s passed after %d more failures", number, lost)
			return true
		}
	}
	return false
}

// TestHTTPConformance runs h2spec's tests of HTTP/2 and HPACK against the server, over
// TLS and in the clear. Nothing may fail that is not explained.
func TestHTTPConformance(t *testing.T) {
	h2spec := tool(t, goTools, "h2spec")
	for name, c := range map[string]struct {
		florin, h2spec []string
		unexplained    string // what does not fail here
	}{
		"in the clear": {nil, nil, ""},
		"over TLS":     {[]string{"--tls"}, []string{"-t", "-k"}, "3.5 Sends invalid connection preface"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // they wait more than they work
			s := dev(t, c.florin...)
			at, err := url.Parse(s.URL)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "report.xml")
			args := append([]string{"-h", at.Hostname(), "-p", at.Port(), "-P", "/healthz", "-o", "5"}, c.h2spec...)
			out, _ := run(t, patience, ".", nil, h2spec, append(args, "-j", path)...) // it fails if any test does: the report says which
			var report struct {
				Suites []struct {
					ID    string `xml:"id,attr"`
					Tests []struct {
						Name    string    `xml:"classname,attr"`
						Failure *struct{} `xml:"failure"`
						Error   *struct{} `xml:"error"`
					} `xml:"testcase"`
				} `xml:"testsuite"`
			}
			text, err := os.ReadFile(path)
			if err == nil {
				err = xml.Unmarshal(text, &report)
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			ran, failed := 0, 0
			for _, suite := range report.Suites {
				for _, test := range suite.Tests {
					ran++
					if test.Failure == nil && test.Error == nil {
						continue
					}
					name := suite.ID + " " + test.Name
					if number := racing[name]; number != "" && wins(t, h2spec, number, args...) {
						continue
					}
					failed++
					if why := explained[name]; why == "" || name == c.unexplained {
						t.Errorf("%s\n%s", name, out)
					}
				}
			}
			t.Logf("%d tests, %d failed and explained", ran, failed)
			if ran < 140 {
				t.Errorf("only %d tests ran:\n%s", ran, out)
			}
		})
	}
}
