package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/florinpay/florin/internal/id"
)

const (
	cookieBytes   = 32 // 256 bits
	recoveryChars = 28 // of 5 bits each: 140 bits, so that a plain hash tells nothing
	recoveryGroup = 4  // characters between dashes
	recoveryCodes = 10

	recoveryAlphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford: no i, l, o, u
)

// newToken makes the 43 characters of a cookie or a claim.
func newToken() string { return base64.RawURLEncoding.EncodeToString(random(cookieBytes)) }

// digest names a secret of high entropy in the database, in hex. A plain SHA-256 is
// right: there is nothing to guess that a slow or salted hash would protect. purpose
// keeps the digests of one kind from being those of another.
func digest(purpose, secret string) string {
	sum := sha256.Sum256([]byte(purpose + "|" + secret))
	return hex.EncodeToString(sum[:])
}

// isToken reports whether s has the form that newToken gives: nothing else is looked up.
func isToken(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == cookieBytes && len(s) == base64.RawURLEncoding.EncodedLen(cookieBytes)
}

func cookieHash(cookie string) string { return digest("cookie", cookie) }

// newRecoveryCode makes a code such as k3hz-0a7v-….
func newRecoveryCode() string {
	var b strings.Builder
	for i, c := range random(recoveryChars) {
		if i > 0 && i%recoveryGroup == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(recoveryAlphabet[c&31])
	}
	return b.String()
}

// recoveryHash names a person's recovery code.
func recoveryHash(person id.Person, code string) string {
	return digest("recovery", string(person)+"|"+code)
}

// code is what was typed into the field of a code.
type code struct {
	totp     string // six digits, or ""
	recovery string // a recovery code without dashes, or ""
}

// readCode tells codes apart. Spaces, dashes and capitals do not matter, nor does
// reading o for 0 or l for 1.
func readCode(s string) (c code) {
	if len(s) > 4*recoveryChars {
		return c
	}
	s = strings.NewReplacer(" ", "", "-", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(s))
	switch {
	case len(s) == totpDigits && strings.Trim(s, "0123456789") == "":
		c.totp = s
	case len(s) == recoveryChars && strings.Trim(s, recoveryAlphabet) == "":
		c.recovery = s
	}
	return c
}
