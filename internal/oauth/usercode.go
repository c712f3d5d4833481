package oauth

import (
	"crypto/rand"
	"strings"
)

const (
	userCodeLetters = "BCDFGHJKLMNPQRSTVWXZ" // no vowels: no words; nothing that is read as a digit
	userCodeLen     = 8                      // 20^8: 34 bits
)

// newUserCode draws a code. Bytes at the top that would favour some letters are drawn
// again. Source: RFC 8628 §6.1.
func newUserCode() string {
	const fair = 256 - 256%len(userCodeLetters)
	out := make([]byte, 0, userCodeLen)
	for b := make([]byte, 2*userCodeLen); len(out) < userCodeLen; {
		if _, err := rand.Read(b); err != nil {
			panic("oauth: no randomness: " + err.Error()) // crypto/rand never fails on Linux
		}
		for _, x := range b {
			if int(x) < fair && len(out) < userCodeLen {
				out = append(out, userCodeLetters[int(x)%len(userCodeLetters)])
			}
		}
	}
	return string(out)
}

// readUserCode takes a code as people type it: in any case, with or without the hyphen.
func readUserCode(text string) (code string, ok bool) {
	if len(text) > 4*userCodeLen {
		return "", false
	}
	code = strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(text))
	if len(code) != userCodeLen {
		return "", false
	}
	for _, c := range []byte(code) {
		if strings.IndexByte(userCodeLetters, c) < 0 {
			return "", false
		}
	}
	return code, true
}

// shown is a code as it is displayed.
func shown(code string) string { return code[:userCodeLen/2] + "-" + code[userCodeLen/2:] }
