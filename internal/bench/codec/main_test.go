package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const printed = `goos: linux
BenchmarkRoundTrip/json/ours-2           60048	 3000 ns/op	 235.0 bytes	 1736 B/op	 51 allocs/op
BenchmarkRoundTrip/json/ours-2           60048	 9000 ns/op	 235.0 bytes	 1736 B/op	 51 allocs/op
BenchmarkRoundTrip/json/ours-2           60048	 4000 ns/op	 235.0 bytes	 1736 B/op	 51 allocs/op
BenchmarkRoundTrip/json/encoding_json-2  36328	 8000 ns/op	 228.0 bytes	 1312 B/op	 32 allocs/op
PASS
`

func TestSection(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("# Page\n\n## Codecs\n\nold\n\n## After\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := run(strings.NewReader(printed), &out, page); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	for _, want := range []string{"| json | ours | 4.0 | 1.00 | 1736 | 51 |", "| json | encoding/json | 8.0 | 2.00 | 1312 | 32 |", "# Page", "## After"} {
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("the page lacks %q: %v\n%s", want, err, text)
		}
	}
	if strings.Contains(string(text), "old") {
		t.Error("the old section is still there")
	}
	if err := run(strings.NewReader("PASS\n"), &out, page); !errors.Is(err, errEmpty) {
		t.Errorf("nothing was measured: %v", err)
	}
}
