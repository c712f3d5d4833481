package api

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"testing"
)

// TestPages: a page is read without a key, asked for anew by its tag, and unpacked
// for who cannot.
func TestPages(t *testing.T) {
	h := newHouse(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("let a = 1"))
	_ = z.Close()
	h.door.Show(
		Page{URL: "/", Type: "text/html", Body: []byte("<p>hello"), Browser: true, Policy: "default-src 'self'"},
		Page{URL: "/a/text", Type: "text/plain", Body: []byte("hello")},
		Page{URL: "/a/script", Type: "text/javascript", Body: packed.Bytes(), Gzipped: true, Forever: true})

	first := h.ask("GET", "/a/text", "", "Authorization:")
	tag := first.Header.Get("ETag")
	if first.StatusCode != 200 || first.body != "hello" || tag == "" || first.Header.Get("Cache-Control") != "no-cache" ||
		first.Header.Get("Content-Security-Policy") != nothingLoads || first.Header.Get("Request-Id") == "" {
		t.Errorf("a page: %d %q %v", first.StatusCode, first.body, first.Header)
	}
	for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if a := h.ask("GET", "/a/text", "", "If-None-Match: "+known); a.StatusCode != http.StatusNotModified || a.body != "" || a.Header.Get("ETag") != tag {
			t.Errorf("If-None-Match: %s: %d %q %v", known, a.StatusCode, a.body, a.Header)
		}
	}
	if a := h.ask("GET", "/a/text", "", `If-None-Match: "other"`); a.StatusCode != 200 || a.body != "hello" {
		t.Errorf("an old tag: %d %q", a.StatusCode, a.body)
	}
	if a := h.ask("HEAD", "/a/text", ""); a.StatusCode != 200 || a.body != "" || a.ContentLength != 5 {
		t.Errorf("HEAD: %d %q, %d bytes announced", a.StatusCode, a.body, a.ContentLength)
	}
	post := h.ask("POST", "/a/text", "")
	post.expect(t, 405, "method_not_allowed")
	if post.Header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("Allow: %s", post.Header.Get("Allow"))
	}

	for accepted, encoding := range map[string]string{"gzip": "gzip", "br, gzip;q=0.5": "gzip", "identity": "", "gzip;q=0": ""} {
		a := h.ask("GET", "/a/script", "", "Accept-Encoding: "+accepted)
		want := "let a = 1"
		if encoding == "gzip" {
			want = packed.String()
		}
		if a.body != want || a.Header.Get("Content-Encoding") != encoding || a.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding: %s: %q %v", accepted, a.body, a.Header)
		}
	}

	if a := h.ask("GET", "/", "", "Accept: text/html,application/xhtml+xml,*/*;q=0.8"); a.body != "<p>hello" || a.Header.Get("Content-Security-Policy") != "default-src 'self'" {
		t.Errorf("a browser at the front: %d %q %v", a.StatusCode, a.body, a.Header)
	}
	for _, accept := range []string{"", "*/*", "application/json", "text/html;q=0"} {
		h.ask("GET", "/", "", "Accept: "+accept).expect(t, 404, "route_not_found")
	}
}
