//go:build interop

package interop

import (
	"os"
	"testing"
)

// TestPages walks people through the pages in a real browser. What drives it has
// dependencies of its own, and so it is a module of its own.
func TestPages(t *testing.T) {
	folder := root + "/test/browser"
	must(t, folder, []string{"FLORIN_BINARY=" + binary, pictures + "=" + os.Getenv(pictures)}, "go", "test", "-count=1", "./...")
}
