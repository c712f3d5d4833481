package main

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestBenchWire: the figures come from a server, each coding is smaller than the one
// before, and only their own section of the page changes.
func TestBenchWire(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	write(t, page, []byte("# Page\n\n## Bytes on the wire\n\nold\n\n## Other\n\nstays\n"))
	code, out, errs := florin(t, "bench", "wire", "--data", t.TempDir(), "--markdown", page)
	if code != 0 {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	text := string(read(t, page))
	if strings.Contains(text, "old") || !strings.HasSuffix(text, "\n## Other\n\nstays\n") {
		t.Errorf("the page is now:\n%s", text)
	}
	rows := regexp.MustCompile(`(?m)^\| (\d+ \w+), JSON \| ([\d,]+) \| ([\d,]+) .* \| ([\d,]+) .* \| ([\d,]+) .* \| ([\d,]+) `).FindAllStringSubmatch(text, -1)
	if len(rows) != 3 {
		t.Fatalf("%d rows:\n%s", len(rows), text)
	}
	for _, row := range rows {
		last := 1 << 30
		for _, cell := range row[2:] {
			n, err := strconv.Atoi(strings.ReplaceAll(cell, ",", ""))
			if err != nil || n >= last {
				t.Errorf("%s: %v: each must be smaller than the one before", row[1], row[2:])
			}
			last = n
		}
	}
}
