package api

import (
	"strings"

	"github.com/florinpay/florin/internal/fault"
)

// coding is how a body is packed. Source: RFC 9110 §8.4.1, RFC 8878, RFC 9842 §5.
type coding uint8

// The codings; among equally wanted ones the first that packs is taken.
const (
	asIs coding = iota
	dcz
	zstandard
	gzipped
	codings // their number
)

// codingNames are the codings as Content-Encoding names them.
var codingNames = [codings]string{dcz: "dcz", zstandard: "zstd", gzipped: "gzip", asIs: "identity"}

// readCodings is what an answer to a body of another coding offers.
const readCodings = "gzip, zstd"

// Faults of codings.
var (
	ErrEncoding       = fault.New(fault.MediaType, "content_encoding_unsupported", "The body's Content-Encoding is not one that is read here. Send gzip or zstd, once, or a body without Content-Encoding.")
	ErrCodingRefused  = fault.New(fault.NotAcceptable, "coding_not_acceptable", "No coding that Accept-Encoding allows can be answered here. Allow identity; what is read by GET may also be gzip or zstd.")
	ErrEncodingBroken = fault.New(fault.Invalid, "content_encoding_broken", "The body is not what its Content-Encoding says: broken, cut short, or followed by something else. Send it whole, or without Content-Encoding.")
)

// wanted is how much a caller wants each coding, in thousandths; 0: not at all.
type wanted [codings]int

// parseAcceptEncoding reads the header. An element that cannot be understood, or
// names another coding, says nothing. Source: RFC 9110 §12.5.3.
func parseAcceptEncoding(header []string) wanted {
	const unsaid = -1
	w, others := wanted{unsaid, unsaid, unsaid, unsaid}, unsaid
	for _, line := range header {
		for element := range strings.SplitSeq(line, ",") {
			name, weight, weighted := strings.Cut(element, ";")
			q := 1000
			if weighted {
				var ok bool
				if q, ok = parseWeight(weight); !ok {
					continue
				}
			}
			name = strings.TrimSpace(name)
			if name == "*" {
				others = max(others, q)
			} else if c := codingNamed(name); c != codings {
				w[c] = max(w[c], q)
			}
		}
	}
	for c := range w {
		switch {
		case w[c] != unsaid:
		case coding(c) == asIs && others != 0:
			w[c] = 1 // unless it is refused it will do, after all that was asked for
		default:
			w[c] = max(others, 0)
		}
	}
	return w
}

func parseWeight(text string) (thousandths int, ok bool) {
	name, value, _ := strings.Cut(text, "=")
	if !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 0, false
	}
	return parseQuality(strings.TrimSpace(value))
}

// codingNamed is the coding of that name, or codings. Source: RFC 9110 §8.4.1.3
// for x-gzip.
func codingNamed(name string) coding {
	if strings.EqualFold(name, "x-gzip") {
		return gzipped
	}
	for c, known := range codingNames {
		if strings.EqualFold(name, known) {
			return coding(c)
		}
	}
	return codings
}

// best is the coding that is wanted most, or codings if none is acceptable.
func (w wanted) best() coding {
	best, most := codings, 0
	for _, c := range [...]coding{dcz, zstandard, gzipped, asIs} {
		if w[c] > most {
			best, most = c, w[c]
		}
	}
	return best
}

// agreeCoding decides how the answer will be packed, before anything is done. A
// caller that does not ask pays nothing. Error: ErrCodingRefused.
func (v *visit) agreeCoding() error {
	header := v.r.Header["Accept-Encoding"]
	if len(header) == 0 {
		return nil
	}
	w := parseAcceptEncoding(header)
	switch {
	case !packable(v.route):
		w = wanted{asIs: w[asIs]}
	case w[dcz] > 0 && (v.route.stream || !v.offersDictionary()): // what is long repeats itself
		w[dcz] = 0
	}
	c := w.best()
	if c == codings {
		return ErrCodingRefused
	}
	v.packing = packing{coding: c, forced: w[asIs] == 0}
	return nil
}
