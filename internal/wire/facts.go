package wire

import (
	"maps"
	"slices"
)

// Sparse reports whether members without a value are left out of answers.
func (s *Shape) Sparse() bool { return s.sparse }

// Root is the name and the namespace of the message's root element in XML.
func (s *Shape) Root() (name, namespace string) { return s.root.name, s.space }

// Item is the name of the elements that a list's own element holds in XML; "" if the
// list has no element of its own and repeats its name instead.
func (x *Member) Item() string {
	if x.item == nil {
		return ""
	}
	return x.item.name
}

// List is the words, in the order of their numbers.
func (v *Vocabulary) List() []string {
	words := make([]string, 0, len(v.words))
	for _, n := range slices.Sorted(maps.Keys(v.words)) {
		words = append(words, v.words[n])
	}
	return words
}
