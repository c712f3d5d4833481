package api

import (
	"strings"

	"github.com/florinpay/florin/internal/wire"
)

// writes finds the codec for an answer by the request's Accept header; nil if
// none is acceptable. Among equally wanted formats the table's order decides.
// Source: RFC 9110 §12.5.1.
func (t codecs) writes(header []string) *codec {
	if len(header) == 0 || len(header) == 1 && (header[0] == "*/*" || header[0] == t[0].media) {
		return &t[0]
	}
	return best(t, header, func(c *codec, ranges []mediaRange) int { return quality(ranges, c.media) })
}

// complains finds the codec for a problem: one whose answers are acceptable, or whose
// media type for problems is named; the first one if there is none.
func (t codecs) complains(header []string) *codec {
	c := best(t, header, func(c *codec, ranges []mediaRange) int {
		q := quality(ranges, c.media)
		for _, r := range ranges {
			if r.media == c.problemMedia {
				q = max(q, r.quality)
			}
		}
		return q
	})
	if c == nil {
		c = &t[0]
	}
	return c
}

// seriesFor finds among all the format of a stream by the request's Accept header, as
// writes does.
func seriesFor(all []wire.Series, header []string) *wire.Series {
	return best(all, header, func(f *wire.Series, ranges []mediaRange) int { return quality(ranges, f.Media) })
}

// best is what of a table is wanted most, nil if nothing is. An empty header wants the first.
func best[Format any](table []Format, header []string, wanted func(*Format, []mediaRange) int) *Format {
	ranges := parseAccept(header)
	if len(ranges) == 0 {
		return &table[0]
	}
	var best *Format
	bestQuality := 0
	for i := range table {
		if q := wanted(&table[i], ranges); q > bestQuality {
			best, bestQuality = &table[i], q
		}
	}
	return best
}

// mediaRange is one element of an Accept header.
type mediaRange struct {
	media   string // type/subtype, type/* or */*
	quality int    // thousandths
}

func parseAccept(header []string) []mediaRange {
	var ranges []mediaRange
	for _, line := range header {
		for element := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(element) != "" {
				ranges = append(ranges, parseRange(element))
			}
		}
	}
	return ranges
}

// parseRange reads one element. One that cannot be understood, or asks for
// parameters that no answer has, matches nothing.
func parseRange(element string) mediaRange {
	media, parameters, _ := strings.Cut(element, ";")
	r := mediaRange{strings.ToLower(strings.TrimSpace(media)), 1000}
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		switch name = strings.TrimSpace(name); {
		case name == "" || utf8Only(parameter):
		case strings.EqualFold(name, "q"):
			q, ok := parseQuality(strings.TrimSpace(value))
			if !ok {
				return mediaRange{}
			}
			r.quality = q
		default:
			return mediaRange{}
		}
	}
	return r
}

// parseQuality reads 0 to 1 with at most three decimals, as thousandths.
func parseQuality(s string) (thousandths int, ok bool) {
	if s == "" || len(s) > len("0.000") || s[0] != '0' && s[0] != '1' || len(s) > 1 && s[1] != '.' {
		return 0, false
	}
	thousandths = int(s[0]-'0') * 1000
	for i, unit := 2, 100; i < len(s); i, unit = i+1, unit/10 {
		if s[i]-'0' > 9 {
			return 0, false
		}
		thousandths += int(s[i]-'0') * unit
	}
	return thousandths, thousandths <= 1000
}

// quality is how much media is wanted: by the most specific range that names it.
func quality(ranges []mediaRange, media string) int {
	kind, _, _ := strings.Cut(media, "/")
	q, specific := 0, 0
	for _, r := range ranges {
		s := 0
		switch r.media {
		case media:
			s = 3
		case kind + "/*":
			s = 2
		case "*/*":
			s = 1
		}
		if s > specific || s == specific && s > 0 && r.quality > q {
			q, specific = r.quality, s
		}
	}
	return q
}
