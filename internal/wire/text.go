package wire

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// XML 1.0 is the format that can carry the fewest characters: no control characters
// but tab, line feed and carriage return, and neither U+FFFE nor U+FFFF. A retry may
// come in another format than the first request, so every format takes only these.
// Source: XML 1.0 §2.2.

// unsayable reports whether an ASCII character cannot be carried.
func unsayable(c byte) bool { return c < ' ' && c != '\t' && c != '\n' && c != '\r' }

// holdsNoncharacter reports whether valid UTF-8 holds U+FFFE or U+FFFF.
func holdsNoncharacter(text []byte) bool {
	for {
		i := bytes.IndexByte(text, 0xEF)
		if i < 0 || i+2 >= len(text) {
			return false
		}
		if text[i+1] == 0xBF && text[i+2] >= 0xBE {
			return true
		}
		text = text[i+1:]
	}
}

// textFault is the code that refuses a text, or "".
func textFault(text []byte) (code string) {
	ascii := true
	for _, c := range text {
		if unsayable(c) {
			return CodeInvalidCharacter
		}
		ascii = ascii && c < utf8.RuneSelf
	}
	switch {
	case ascii:
		return ""
	case !utf8.Valid(text):
		return CodeInvalidUTF8
	case holdsNoncharacter(text):
		return CodeInvalidCharacter
	}
	return ""
}

// sayable is text with U+FFFD in the place of what no format can carry. Nothing that
// was taken needs it: it guards the answers against everything else.
func sayable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf && unsayable(byte(r)) || r == 0xFFFE || r == 0xFFFF {
			return utf8.RuneError
		}
		return r
	}, text)
}
