package wire

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// TestSeriesGolden shows each format with no message, one and three.
func TestSeriesGolden(t *testing.T) {
	var out []byte
	for i := range AllSeries {
		f := &AllSeries[i]
		for _, n := range []int{0, 1, 3} {
			body := scroll(f, n)
			out = append(out, f.Type+"\n"+string(body)+"\n"...)
			if got := readSeries(t, f, body); got != n {
				t.Errorf("%s: %d messages come back as %d", f.Media, n, got)
			}
		}
	}
	golden(t, "series.golden.txt", out)
}

// scroll is a body of n transfers.
func scroll(f *Series, n int) []byte {
	out, x := f.Begin(nil, contract, contract["florin.v1.Transfer"])
	for i := range n {
		out = x.Append(out, &florinv1.Transfer{Id: "xfer_1", Sequence: int64(i + 1), Cause: "=1+1, \"quoted\"\r\n"})
	}
	return x.End(out)
}

// readSeries counts the messages with readers that are not ours.
func readSeries(t *testing.T, f *Series, body []byte) int {
	t.Helper()
	switch f.Ending {
	case "csv":
		lines, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return len(lines) - 1
	case "json":
		var list struct {
			Object string
			Data   []struct{ Sequence int64 }
		}
		if err := json.Unmarshal(body, &list); err != nil || list.Object != "list" {
			t.Fatalf("%v: %s", err, body)
		}
		return len(list.Data)
	}
	lines := strings.SplitAfter(string(body), "\n")
	for _, line := range lines[:len(lines)-1] {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	return len(lines) - 1
}

// TestACutSeriesIsNotWhole: wherever JSON ends too early, no reader takes it.
func TestACutSeriesIsNotWhole(t *testing.T) {
	body := scroll(&AllSeries[0], 3)
	for n := range len(body) - 1 { // the line's end at the end may be missing
		if json.Valid(body[:n]) {
			t.Fatalf("it reads as whole after %d of %d bytes: %s", n, len(body), body[:n])
		}
	}
}

func TestSeriesNamed(t *testing.T) {
	for _, f := range AllSeries {
		if got := SeriesNamed(f.Ending); got == nil || got.Media != f.Media {
			t.Errorf("%s names %v", f.Ending, got)
		}
	}
	if SeriesNamed("xlsx") != nil {
		t.Error("there is no such format")
	}
}
