package grant_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/grant"
)

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestPeriods(t *testing.T) {
	for _, c := range []struct{ interval, at, from, to string }{
		{"R/2026-01-31T08:00:00Z/P1M", "2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z", "2026-02-28T08:00:00Z"},
		{"R/2026-01-31T08:00:00Z/P1M", "2026-02-28T07:59:59Z", "2026-01-31T08:00:00Z", "2026-02-28T08:00:00Z"},
		{"R/2026-01-31T08:00:00Z/P1M", "2026-03-30T00:00:00Z", "2026-02-28T08:00:00Z", "2026-03-31T08:00:00Z"},
		{"R/2026-01-31T08:00:00Z/P1M", "2028-02-29T08:00:00Z", "2028-02-29T08:00:00Z", "2028-03-31T08:00:00Z"},
		{"R/2024-02-29T00:00:00Z/P1Y", "2026-03-01T00:00:00Z", "2026-02-28T00:00:00Z", "2027-02-28T00:00:00Z"},
		{"R3/2026-01-01T00:00:00Z/P1D", "2026-01-03T23:59:59Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"},
		{"R3/2026-01-01T00:00:00Z/P1D", "2026-01-04T00:00:00Z", "", ""},
		{"R/2026-01-01T00:00:00Z/P1D", "2025-12-31T23:59:59Z", "", ""},
		{"R/2026-01-01T00:00:00Z/P2W", "2026-01-20T00:00:00Z", "2026-01-15T00:00:00Z", "2026-01-29T00:00:00Z"},
		{"R/2026-01-01T00:00:00Z/PT12H", "2026-06-01T13:00:00Z", "2026-06-01T12:00:00Z", "2026-06-02T00:00:00Z"},
	} {
		i, err := grant.ParseInterval(c.interval)
		if err != nil || i.String() != c.interval {
			t.Errorf("%s is read as %s, %v", c.interval, i, err)
			continue
		}
		from, to, there := i.Period(instant(t, c.at))
		if there != (c.from != "") {
			t.Errorf("%s at %s: there %t", c.interval, c.at, there)
		} else if there && (!from.Equal(instant(t, c.from)) || !to.Equal(instant(t, c.to))) {
			t.Errorf("%s at %s: from %s to %s", c.interval, c.at, from, to)
		}
	}
	if from, to, there := (grant.Interval{}).Period(time.Now()); !there || !from.IsZero() || !to.IsZero() {
		t.Error("without an interval there is one period without an end")
	}
}

func TestIntervalsRefused(t *testing.T) {
	for _, text := range []string{
		"R", "P1M", "R/2026-01-01T00:00:00Z", "R0/2026-01-01T00:00:00Z/P1M", "R-1/2026-01-01T00:00:00Z/P1M", "R01/2026-01-01T00:00:00Z/P1M",
		"R/2026-01-01/P1M", "R/2026-01-01T00:00:00+01:00/P1M", "R/2026-01-01T00:00:00.5Z/P1M", "R/2026-13-01T00:00:00Z/P1M", "R/1970-01-01T00:00:00Z/P100Y", "R/2026-02-30T00:00:00Z/P1M",
		"R/2026-01-01T00:00:00Z/P", "R/2026-01-01T00:00:00Z/PM", "R/2026-01-01T00:00:00Z/P0M", "R/2026-01-01T00:00:00Z/P1.5M", "R/2026-01-01T00:00:00Z/P1M1D",
		"R/2026-01-01T00:00:00Z/PT1M", "R/2026-01-01T00:00:00Z/P1H", "R/2026-01-01T00:00:00Z/P1001D", "R/2026-01-01T00:00:00Z/P1M/", " R/2026-01-01T00:00:00Z/P1M",
	} {
		if i, err := grant.ParseInterval(text); !errors.Is(err, grant.ErrInterval) {
			t.Errorf("%q is read as %+v, %v", text, i, err)
		}
	}
}

// TestPeriodsTile: each instant after the beginning is in one period, and the next
// begins where it ends.
func TestPeriodsTile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		i := grant.Interval{
			Begin: time.Unix(rapid.Int64Range(946_684_800, 4e9).Draw(t, "begin"), 0).UTC(),
			Step:  grant.Step{Count: rapid.IntRange(1, 40).Draw(t, "count"), Unit: rapid.SampledFrom([]rune("YMWDH")).Draw(t, "unit")},
		}
		at := i.Begin.Add(time.Duration(rapid.Int64Range(0, 40*365*24*3600).Draw(t, "after")) * time.Second)
		from, to, there := i.Period(at)
		if !there || at.Before(from) || !at.Before(to) {
			t.Fatalf("%s at %s: from %s to %s, %t", i, at, from, to, there)
		}
		if first, _, _ := i.Period(from); !first.Equal(from) {
			t.Fatalf("%s: the period of its own beginning %s is %s", i, from, first)
		}
		if next, _, _ := i.Period(to); !next.Equal(to) {
			t.Fatalf("%s: after %s comes %s", i, to, next)
		}
		if again, err := grant.ParseInterval(i.String()); err != nil || again != i {
			t.Fatalf("%s is read as %s, %v", i, again, err)
		}
	})
}

func FuzzParseInterval(f *testing.F) {
	f.Add("R/2026-01-01T00:00:00Z/P1M")
	f.Fuzz(func(t *testing.T, text string) {
		i, err := grant.ParseInterval(text)
		if err == nil && i.String() != text {
			t.Errorf("%q is written %q", text, i)
		}
	})
}
