package oauth

import (
	"errors"
	"strings"
	"time"
)

// Interval is an ISO 8601 repeating interval: a start, and a span that comes again.
type Interval struct {
	Repeats       int // how often it comes again after the first; -1: for ever
	Start         time.Time
	Years, Months int
	Days          int
	Seconds       int64
}

var errInterval = errors.New("interval must be like R11/2027-01-01T00:00:00Z/P1M")

const (
	repeatsMax  = 99_999
	spanPartMax = 9_999
)

// ParseInterval reads R[n]/start/duration: the start in UTC to the second, the duration in
// whole parts, each once and in order, not shorter than a minute. Errors: errors that say
// what it must be like. Source: ISO 8601-1:2019 §5.6.
func ParseInterval(text string) (i Interval, err error) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || !strings.HasPrefix(parts[0], "R") {
		return i, errInterval
	}
	i.Repeats = -1
	if n := parts[0][1:]; n != "" {
		value, rest, ok := digits(n, repeatsMax)
		if !ok || rest != "" {
			return i, errInterval
		}
		i.Repeats = int(value)
	}
	const second = "2006-01-02T15:04:05Z"
	if i.Start, err = time.Parse(second, parts[1]); err != nil || i.Start.Format(second) != parts[1] || i.Start.Year() < 1970 {
		return i, errInterval
	}
	return i, i.span(parts[2])
}

// span reads a duration such as P1M or P1DT12H.
func (i *Interval) span(text string) error {
	rest, ok := strings.CutPrefix(text, "P")
	date, clock, timed := strings.Cut(rest, "T")
	if !ok || rest == "" || timed && clock == "" {
		return errInterval
	}
	var hours, minutes, secs, weeks int64
	var years, months, days int64
	if !readParts(date, "YMWD", []*int64{&years, &months, &weeks, &days}) || !readParts(clock, "HMS", []*int64{&hours, &minutes, &secs}) {
		return errInterval
	}
	if weeks > 0 && (years+months+days > 0 || timed) {
		return errInterval // weeks stand alone
	}
	i.Years, i.Months, i.Days = int(years), int(months), int(days+7*weeks)
	i.Seconds = hours*3600 + minutes*60 + secs
	if i.Years+i.Months+i.Days == 0 && i.Seconds < 60 {
		return errInterval
	}
	return nil
}

// readParts reads numbers, each with the next unit of some, in their order.
func readParts(text, units string, into []*int64) bool {
	from := 0
	for text != "" {
		value, rest, ok := digits(text, spanPartMax)
		if !ok || rest == "" {
			return false
		}
		at := strings.IndexByte(units[from:], rest[0])
		if at < 0 || value == 0 {
			return false
		}
		*into[from+at] = value
		from, text = from+at+1, rest[1:]
	}
	return true
}

// digits reads a number without a leading zero from the front of text.
func digits(text string, valueMax int64) (value int64, rest string, ok bool) {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' && value <= valueMax {
		value = value*10 + int64(text[n]-'0')
		n++
	}
	return value, text[n:], n > 0 && value <= valueMax && (n == 1 || text[0] != '0')
}
