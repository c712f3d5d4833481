package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/florinpay/florin/internal/fault"
)

// Page is a document that the door shows to whoever asks, without a key. It does
// not change while the server runs.
type Page struct {
	URL  string
	Type string // Content-Type
	Body []byte
	// Gzipped says that Body is compressed; who does not take that gets it unpacked.
	Gzipped bool
	// Forever says that the URL names this version: it may be kept for a year.
	// Other pages are asked for anew each time, by their ETag.
	Forever bool
	// Browser shows the page only to who asks for text/html by name; for others
	// there is nothing at the URL.
	Browser bool
	// Policy is the Content-Security-Policy. "" lets nothing load and run.
	Policy string
}

const nothingLoads = "default-src 'none'; frame-ancestors 'none'"

// Show adds pages to what the door answers. Call it before the door is used. It
// panics on a URL that is taken.
func (s *Server) Show(pages ...Page) {
	for _, p := range pages {
		digest := sha256.Sum256(p.Body)
		tag := hex.EncodeToString(digest[:12])
		s.router.add(&route{verb: "GET", pattern: p.URL, page: true, porch: func(v *visit) { v.show(p, tag) }})
	}
}

// show answers with p, or says that the caller has it already. Source: RFC 9110 §13.1.2.
func (v *visit) show(p Page, tag string) {
	if p.Browser && !slices.ContainsFunc(parseAccept(v.r.Header["Accept"]), func(r mediaRange) bool {
		return r.media == "text/html" && r.quality > 0
	}) {
		v.refuse(fault.ErrRouteMissing)
		return
	}
	h := v.w.Header()
	h.Set("Cache-Control", "no-cache")
	if p.Forever {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if p.Policy == "" {
		p.Policy = nothingLoads
	}
	h.Set("Content-Security-Policy", p.Policy)
	h.Set("Referrer-Policy", "no-referrer")
	packed := p.Gzipped && takesGzip(v.r.Header["Accept-Encoding"])
	if p.Gzipped {
		h.Set("Vary", "Accept-Encoding")
	}
	if packed {
		h.Set("Content-Encoding", "gzip")
		tag += "-gzip"
	}
	tag = `"` + tag + `"`
	h.Set("ETag", tag)
	switch {
	case has(v.r.Header["If-None-Match"], tag):
		h.Del("Content-Encoding")
		v.status = http.StatusNotModified
		v.w.WriteHeader(v.status)
	case p.Gzipped && !packed:
		v.send(http.StatusOK, []string{p.Type}, unpacked(p.Body))
	default:
		v.send(http.StatusOK, []string{p.Type}, p.Body)
	}
}

// has reports whether an If-None-Match header names tag, or whatever there is.
func has(header []string, tag string) bool {
	for _, line := range header {
		for element := range strings.SplitSeq(line, ",") {
			element = strings.TrimPrefix(strings.TrimSpace(element), "W/")
			if element == tag || element == "*" {
				return true
			}
		}
	}
	return false
}

// takesGzip reads Accept-Encoding, which is written as Accept is.
func takesGzip(header []string) bool {
	return slices.ContainsFunc(parseAccept(header), func(r mediaRange) bool {
		return (r.media == "gzip" || r.media == "x-gzip") && r.quality > 0
	})
}

func unpacked(body []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		panic("api: a page that says it is compressed is not: " + err.Error()) // a mistake of the build
	}
	text, err := io.ReadAll(r) //nolint:gosec // our own page, whose size the build knows
	if err != nil {
		panic("api: a page is compressed badly: " + err.Error())
	}
	return text
}
