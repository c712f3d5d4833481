package wire

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unescape resolves the escapes of a string that the scanner has passed. The code is
// empty, or says why the text is refused.
func unescape(raw []byte) (text string, code string) {
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			i++
			continue
		}
		if raw[i+1] != 'u' {
			c := escaped[raw[i+1]]
			if unsayable(c) {
				return "", CodeInvalidCharacter
			}
			out = append(out, c)
			i += 2
			continue
		}
		r, width := unicodeEscape(raw[i:])
		switch {
		case r == utf8.RuneError && width == 0:
			return "", CodeInvalidUTF8
		case r < utf8.RuneSelf && unsayable(byte(r)):
			return "", CodeInvalidCharacter
		}
		out = utf8.AppendRune(out, r)
		i += width
	}
	if holdsNoncharacter(out) {
		return "", CodeInvalidCharacter
	}
	return string(out), ""
}

var escaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unicodeEscape reads \uXXXX, or two of them that are a surrogate pair, with its width
// in bytes; half a pair has width 0.
func unicodeEscape(raw []byte) (r rune, width int) {
	r, _ = hex4(raw[2:])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
		low, _ := hex4(raw[8:])
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			return r, 12
		}
	}
	return utf8.RuneError, 0
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		value := hexValue(c)
		if value > 15 {
			return 0, false
		}
		r = r<<4 | rune(value)
	}
	return r, true
}

// hexValue is the value of a hexadecimal digit; above 15 it is none.
func hexValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return 16
}

const hexDigits = "0123456789abcdef"

// appendQuoted writes s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendQuoted(out []byte, s string) []byte {
	out = append(out, '"')
	kept := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, width := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && width == 1 {
				out = append(append(out, s[kept:i]...), "\uFFFD"...)
				kept = i + 1
			}
			i += width
			continue
		}
		out = append(out, s[kept:i]...)
		out = appendEscaped(out, c)
		i++
		kept = i
	}
	return append(append(out, s[kept:]...), '"')
}

func appendEscaped(out []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(out, '\\', c)
	case '\n':
		return append(out, '\\', 'n')
	case '\r':
		return append(out, '\\', 'r')
	case '\t':
		return append(out, '\\', 't')
	}
	return append(out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
