package grant

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// ErrInterval: the text is not a repeating interval that is understood here.
var ErrInterval = errors.New("the interval is malformed: write R, how many periods there are (or nothing for no end), when the first begins, and one duration, for example R12/2026-01-01T00:00:00Z/P1M")

// Interval is a period that repeats: [Begin, Begin+1·Step), [Begin+1·Step, …) and so on.
// The zero Interval is one period without an end.
type Interval struct {
	Begin time.Time // UTC, to the second
	Step  Step
	Times int // how many periods there are; 0: no end
}

// Step is one duration of the calendar, in UTC: so many of one unit.
type Step struct {
	Count int
	Unit  rune // Y, M, W, D or H
}

// Limits of what is read: a period between an hour and some years.
const (
	timesMax = 10_000
	countMax = 1_000
	earliest = 2000 // the year: the instant 0 stands for no period at all in a row
)

// ParseInterval reads R[n]/begin/duration of ISO 8601, where begin is an instant in UTC
// to the second and duration has one unit: P1D, P2W, P1M, P1Y or PT12H. "" is one period
// without an end. Error: ErrInterval.
func ParseInterval(text string) (Interval, error) {
	if text == "" {
		return Interval{}, nil
	}
	parts := strings.Split(text, "/")
	if len(parts) != 3 || !strings.HasPrefix(parts[0], "R") {
		return Interval{}, ErrInterval
	}
	var i Interval
	var ok bool
	if n := parts[0][1:]; n != "" {
		if i.Times, ok = whole(n, timesMax); !ok {
			return Interval{}, ErrInterval
		}
	}
	begin, err := time.Parse("2006-01-02T15:04:05Z", parts[1])
	if err != nil || begin.Nanosecond() != 0 || begin.Year() < earliest || begin.Year() > 9000 || parts[1] != begin.Format("2006-01-02T15:04:05Z") {
		return Interval{}, ErrInterval
	}
	i.Begin = begin
	if i.Step, ok = parseStep(parts[2]); !ok {
		return Interval{}, ErrInterval
	}
	return i, nil
}

func parseStep(text string) (s Step, ok bool) {
	text, ok = strings.CutPrefix(text, "P")
	if !ok || len(text) < 2 {
		return s, false
	}
	units := "YMWD"
	if rest, hours := strings.CutPrefix(text, "T"); hours {
		text, units = rest, "H"
	}
	last := len(text) - 1
	if last < 1 || !strings.ContainsRune(units, rune(text[last])) {
		return s, false
	}
	s.Unit = rune(text[last])
	s.Count, ok = whole(text[:last], countMax)
	return s, ok
}

// whole reads 1 to most, in digits without a leading zero.
func whole(text string, most int) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1 && n <= most && text == strconv.Itoa(n)
}

// String is the text that ParseInterval reads.
func (i Interval) String() string {
	if i.Step.Count == 0 {
		return ""
	}
	times, t := "", ""
	if i.Times > 0 {
		times = strconv.Itoa(i.Times)
	}
	if i.Step.Unit == 'H' {
		t = "T"
	}
	return "R" + times + "/" + i.Begin.Format("2006-01-02T15:04:05Z") + "/P" + t + strconv.Itoa(i.Step.Count) + string(i.Step.Unit)
}

// Period is the period that an instant is in: from is its first moment, to the first
// after it, zero for none. It is not there before the beginning and after the last.
func (i Interval) Period(at time.Time) (from, to time.Time, there bool) {
	if i.Step.Count == 0 {
		return time.Time{}, time.Time{}, true
	}
	at = at.UTC()
	if at.Before(i.Begin) {
		return from, to, false
	}
	n := i.about(at)
	for n > 0 && at.Before(i.start(n)) {
		n--
	}
	for !at.Before(i.start(n + 1)) {
		n++
	}
	return i.start(n), i.start(n + 1), i.Times == 0 || n < i.Times
}

// about is a number of whole steps between the beginning and at, or a few more.
func (i Interval) about(at time.Time) int {
	switch i.Step.Unit {
	case 'Y':
		return (at.Year() - i.Begin.Year()) / i.Step.Count
	case 'M':
		return (12*(at.Year()-i.Begin.Year()) + int(at.Month()) - int(i.Begin.Month())) / i.Step.Count
	}
	hours := map[rune]int64{'W': 7 * 24, 'D': 24, 'H': 1}[i.Step.Unit] * int64(i.Step.Count)
	return int((at.Unix() - i.Begin.Unix()) / 3600 / hours)
}

// start is the beginning of the n-th period, from 0. Where a month lacks the day, it is
// the month's last.
func (i Interval) start(n int) time.Time {
	n *= i.Step.Count
	switch i.Step.Unit {
	case 'Y':
		return month(i.Begin, 12*n)
	case 'M':
		return month(i.Begin, n)
	case 'W':
		return i.Begin.AddDate(0, 0, 7*n)
	case 'D':
		return i.Begin.AddDate(0, 0, n)
	}
	return i.Begin.Add(time.Duration(n) * time.Hour)
}

func month(begin time.Time, n int) time.Time {
	first := time.Date(begin.Year(), begin.Month()+time.Month(n), 1, begin.Hour(), begin.Minute(), begin.Second(), 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(begin.Day(), last)-1)
}
