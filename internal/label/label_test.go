package label_test

import (
	"testing"

	"github.com/florinpay/florin/internal/label"
)

func TestLabels(t *testing.T) {
	for s, want := range map[string][2]bool{ // plain, shown
		"Books & Co": {true, true}, "Café Noir": {true, true}, "付款": {true, true}, "محل": {true, true}, "🦊": {true, true}, "می\u200cخواهم": {true, true},
		"": {true, false}, " ": {true, false}, "\u00a0": {true, false}, "\u200b": {true, false}, "\u3164": {true, false}, "\u0301": {true, false},
		"a\x00": {false, false}, "a\n": {false, false}, "\xff": {false, false}, "pay\u202egnp": {false, false}, "\u2067a": {false, false},
	} {
		if got := [2]bool{label.Plain(s), label.Shown(s)}; got != want {
			t.Errorf("%q: plain and shown %v, want %v", s, got, want)
		}
	}
}
