package identity

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/florinpay/florin/internal/fault"
)

// Limits of a password. Source: NIST SP 800-63B-4 §3.1.1.2 asks for 15 characters where
// a password stands alone and 8 beside another factor; no rules of composition.
const (
	PasswordMin      = 12  // characters
	PasswordMaxBytes = 128 // of UTF-8 in Unicode's form NFC
)

// cost is what one hash takes.
type cost struct {
	memoryKiB, passes uint32
	lanes             uint8
}

// passwordCost is about 30 ms of one core. Source: OWASP Password Storage Cheat Sheet.
var passwordCost = cost{19 * 1024, 2, 1}

const (
	hashesMax = 4 // at once: they hold 19 MiB each
	saltBytes = 16
	hashBytes = 32
)

// hasher makes and checks password hashes, a few at a time.
type hasher struct {
	cost  cost
	slots chan struct{}
	dummy string       // stands in for the hash of nobody
	count atomic.Int64 // hashes computed, for tests of equal work
}

func newHasher(c cost) *hasher {
	h := &hasher{cost: c, slots: make(chan struct{}, hashesMax)}
	h.dummy = phc{c, random(saltBytes), random(hashBytes)}.String() // the hash of no known password
	return h
}

func random(n int) []byte {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		panic("identity: no randomness: " + err.Error()) // crypto/rand never fails on Linux
	}
	return b
}

// hash gives the text to keep of a password. Error: fault.ErrUnavailable if ctx ends
// before its turn comes.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	p := phc{cost: h.cost, salt: random(saltBytes)}
	sum, err := h.sum(ctx, p, password)
	p.sum = sum
	return p.String(), err
}

// check reports whether password is the one that stored was made of. It computes one
// hash whatever it is given: stored may be "", password of any length. Error:
// fault.ErrUnavailable if ctx ends before its turn comes.
func (h *hasher) check(ctx context.Context, stored, password string) (bool, error) {
	password, fits := normalPassword(password)
	p, err := parsePHC(stored)
	known := err == nil && fits
	if !known {
		p, _ = parsePHC(h.dummy)
	}
	sum, err := h.sum(ctx, p, password)
	return known && subtle.ConstantTimeCompare(sum, p.sum) == 1, err
}

func (h *hasher) sum(ctx context.Context, p phc, password string) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fault.ErrUnavailable.WithCause(context.Cause(ctx))
	}
	defer func() { <-h.slots }()
	h.count.Add(1)
	return argon2.IDKey([]byte(password), p.salt, p.passes, p.memoryKiB, p.lanes, hashBytes), nil
}

// normalPassword is a password as it is hashed: in form NFC, so that every keyboard
// gives the same bytes. What does not fit comes back empty.
func normalPassword(s string) (password string, fits bool) {
	if len(s) > 4*PasswordMaxBytes || !utf8.ValidString(s) {
		return "", false
	}
	s = norm.NFC.String(s)
	return s, len(s) <= PasswordMaxBytes
}

// checkPassword says what is wrong with a new password. Error: fault.ErrInvalid with
// the field.
func checkPassword(login, password string) (string, error) {
	bad := func(code, detail string) (string, error) {
		return "", fault.ErrInvalid.WithField("/password", code, detail)
	}
	password, fits := normalPassword(password)
	folded := strings.ToLower(password)
	switch {
	case !fits:
		return bad("too_long", fmt.Sprintf("Send at most %d bytes.", PasswordMaxBytes))
	case utf8.RuneCountInString(password) < PasswordMin:
		return bad("too_short", fmt.Sprintf("Send at least %d characters.", PasswordMin))
	case strings.Contains(folded, login):
		return bad("contains_login", "Choose a password that does not contain the login.")
	case common(folded):
		return bad("too_common", "This password is among the first that are guessed. Choose another.")
	}
	return password, nil
}

// phc is a hash with what it was made by, as text: $argon2id$v=19$m=19456,t=2,p=1$salt$hash.
// Source: the PHC string format; RFC 9106 §3.1.
type phc struct {
	cost
	salt, sum []byte
}

var b64 = base64.RawStdEncoding.Strict()

func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memoryKiB, p.passes, p.lanes,
		b64.EncodeToString(p.salt), b64.EncodeToString(p.sum))
}

// parsePHC reads what String wrote, and nothing else. Costs are bounded, so that no
// row can ask for a machine's memory.
func parsePHC(s string) (p phc, err error) {
	bad := func() (phc, error) { return phc{}, fmt.Errorf("identity: not an argon2id hash of ours") }
	parts := strings.Split(s, "$")
	if len(parts) != 6 {
		return bad()
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memoryKiB, &p.passes, &p.lanes); err != nil {
		return bad()
	}
	var err1, err2 error
	p.salt, err1 = b64.DecodeString(parts[4])
	p.sum, err2 = b64.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(p.salt) != saltBytes || len(p.sum) != hashBytes ||
		p.memoryKiB < 8 || p.memoryKiB > 256*1024 || p.passes < 1 || p.passes > 16 || p.lanes < 1 || p.lanes > 4 || p.String() != s {
		return bad()
	}
	return p, nil
}
