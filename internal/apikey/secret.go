package apikey

import (
	"crypto/rand"
	"crypto/sha256"
	"hash/crc32"
	"strings"
)

const (
	alphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford: no i, l, o, u

	modeSandbox = "fl_sandbox_"
	modeLive    = "fl_live_"

	randomBytes = 32
	randomChars = (randomBytes*8 + 4) / 5 // 5 bits a character
	checkChars  = 7                       // 32 bits
	shownChars  = 8                       // of the random part, in Key.Prefix
	secretMax   = len(modeSandbox) + randomChars + checkChars
)

// hash names a secret in the database and in memory. A plain SHA-256 is right
// here: the secret is 256 random bits, so there is nothing to guess that a slow
// or salted hash would protect, and every call has to pay for it. It also makes
// the lookup safe by time: how far a lookup got tells something of the hash,
// and nobody can choose secrets by their hash.
type hash [sha256.Size]byte

// NewSecret makes a secret that no key has yet; see the package comment for its form.
func NewSecret(live bool) string {
	var random [randomBytes]byte
	if _, err := rand.Read(random[:]); err != nil {
		panic("apikey: no randomness: " + err.Error()) // crypto/rand never fails on Linux
	}
	return spell(live, random[:])
}

// spell writes random bytes as a secret.
func spell(live bool, random []byte) string {
	b := make([]byte, 0, secretMax)
	b = append(b, mode(live)...)
	bits, n := uint32(0), 0
	for _, r := range random {
		bits, n = bits<<8|uint32(r), n+8
		for ; n >= 5; n -= 5 {
			b = append(b, alphabet[bits>>(n-5)&31])
		}
	}
	b = append(b, alphabet[bits<<(5-n)&31])
	return string(appendCheck(b, checksum(string(b))))
}

func mode(live bool) string {
	if live {
		return modeLive
	}
	return modeSandbox
}

// checksum is crc32.ChecksumIEEE, which would move its argument to the heap, and
// this runs on every call.
func checksum(s string) uint32 {
	sum := ^uint32(0)
	for i := range len(s) {
		sum = crc32.IEEETable[byte(sum)^s[i]] ^ sum>>8
	}
	return ^sum
}

func appendCheck(b []byte, sum uint32) []byte {
	for shift := 5 * (checkChars - 1); shift >= 0; shift -= 5 {
		b = append(b, alphabet[uint64(sum)>>shift&31])
	}
	return b
}

// read hashes a secret, and reports whether it is whole: of the right length,
// for one of the modes, with the right check characters. It says nothing of
// whether there is such a key.
func read(secret string) (h hash, live, whole bool) {
	live = strings.HasPrefix(secret, modeLive)
	if !strings.HasPrefix(secret, mode(live)) || len(secret) != len(mode(live))+randomChars+checkChars {
		return h, live, false
	}
	var room [secretMax]byte
	body := len(secret) - checkChars
	if string(appendCheck(room[:0], checksum(secret[:body]))) != secret[body:] {
		return h, live, false
	}
	return sha256.Sum256(append(room[:0], secret...)), live, true
}

// prefixOf is what may be shown of a whole secret, to tell it from others: 40 of its 256 bits.
func prefixOf(secret string) string { return secret[:len(secret)-randomChars-checkChars+shownChars] }
