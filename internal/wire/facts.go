package wire

import (
	"maps"
	"slices"
)

// Sparse reports whether members without a value are left out of answers.
func (s *Shape) Sparse() bool { return s.sparse }

// List is the words, in the order of their numbers.
func (v *Vocabulary) List() []string {
	words := make([]string, 0, len(v.words))
	for _, n := range slices.Sorted(maps.Keys(v.words)) {
		words = append(words, v.words[n])
	}
	return words
}
