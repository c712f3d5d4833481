// Package label judges the texts by which people and things are called: they must look
// like what they are, in a database, in a terminal and on a page that asks for consent.
package label

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain reports whether both databases can keep s and a terminal can show it: UTF-8
// without control characters, and without those that turn the direction of the text
// around them. Source: Unicode Standard Annex 9 §2.
func Plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
	})
}

// Shown reports whether s is plain and there is something to see in it.
func Shown(s string) bool {
	return Plain(s) && strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r)
	})
}
