package api

import (
	"os"
	"path/filepath"
	"testing"
)

// update says to write the golden files anew, as `make golden` does.
var update = os.Getenv("FLORIN_UPDATE_GOLDEN") != ""

// golden compares got with the file of that name in testdata, or writes it for `make golden`.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs; if the change is meant, run make golden\n got %s\nwant %s", path, got, want)
	}
}
