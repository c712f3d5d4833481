package wire

import (
	"strings"
	"testing"
)

func TestEcho(t *testing.T) {
	for name, want := range map[string]string{
		"":                        "",
		"amuont":                  "amuont",
		"line4 123":               "line4 123",
		"12345":                   "…",
		"a12345b6789":             "a…b6789",
		"4242 4242-4242 4242":     "…",
		"4242  4242":              "4242  4242",
		"x 4242424242424242 y":    "x … y",
		strings.Repeat("é", 30):   strings.Repeat("é", 20) + "…",
		strings.Repeat("ab", 300): strings.Repeat("ab", 20) + "…",
	} {
		if got := Echo(name); got != want {
			t.Errorf("%q is echoed as %q, want %q", name, got, want)
		}
	}
}

func TestMaskLeavesShortRunsInTheLog(t *testing.T) {
	if got := MaskDigits("key=pay_01 at 2030-01-02, card 4242-4242-4242-4242.", LogDigits); got != "key=pay_01 at 2030-01-02, card …." {
		t.Errorf("masked as %q", got)
	}
}
