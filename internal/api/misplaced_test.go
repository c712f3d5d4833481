package api

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestHoldsCard(t *testing.T) {
	for text, want := range map[string]bool{
		"":                                     false,
		"order 1234":                           false,
		"4242424242424242":                     true,
		"my card is 4242 4242 4242 4242 ok":    true,
		"3782-822463-10005":                    true,
		"4242424242424242 123":                 true,
		"12/99 4242424242424242":               true,
		"4242424242424241":                     false, // not Luhn-valid
		"0000000000000000":                     false, // no brand
		"a4242b4242c4242d4242":                 false,
		"2026-11-24 01:13:48.535861":           false,
		"550e8400-e29b-41d4-a716-446655440000": false,
	} {
		if got := holdsCard(text); got != want {
			t.Errorf("holdsCard(%q) = %t", text, got)
		}
	}
}

// Random keys and references are refused never, not even once in a thousand.
func TestNoUUIDIsACard(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		a, b := random.Uint64(), random.Uint64()
		key := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&0xffffffffffff)
		for _, text := range []string{key, "order " + key, strings.ReplaceAll(key, "-", ""), strings.ToUpper(key)} {
			if holdsCard(text) {
				t.Fatalf("holdsCard(%q)", text)
			}
		}
	}
}
