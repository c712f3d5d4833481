package identity

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238's default, the only one that every authenticator app knows
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The parameters that every authenticator app knows. Source: RFC 6238 §4.
const (
	totpPeriod      = 30 * time.Second
	totpDigits      = 6
	totpSecretBytes = 20 // RFC 4226 §4 R6
	totpSkew        = 1  // steps of tolerance either way, RFC 6238 §5.2
)

const base32Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// base32 writes b as authenticator apps read it, without padding. Source: RFC 4648 §6.
func base32(b []byte) string {
	out := make([]byte, 0, (len(b)*8+4)/5)
	bits, n := uint32(0), 0
	for _, c := range b {
		bits, n = bits<<8|uint32(c), n+8
		for ; n >= 5; n -= 5 {
			out = append(out, base32Alphabet[bits>>(n-5)&31])
		}
	}
	if n > 0 {
		out = append(out, base32Alphabet[bits<<(5-n)&31])
	}
	return string(out)
}

// hotp is the code of a counter. Source: RFC 4226 §5.3.
func hotp(secret []byte, counter int64, digits int) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter))) //nolint:gosec // steps since 1970 are not negative
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	n, modulus := binary.BigEndian.Uint32(sum[offset:])&0x7fffffff, uint32(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%modulus)
}

// stepAt is the step that an instant lies in.
func stepAt(now time.Time) int64 { return now.Unix() / int64(totpPeriod/time.Second) }

// totpStep finds the step whose code this is, after the last one used: a code that
// was seen once must not work again. Source: RFC 6238 §5.2.
func totpStep(secret []byte, code string, last int64, now time.Time) (step int64, ok bool) {
	at := stepAt(now)
	for s := at - totpSkew; s <= at+totpSkew; s++ {
		if subtle.ConstantTimeCompare([]byte(hotp(secret, s, totpDigits)), []byte(code)) == 1 && s > last && !ok {
			step, ok = s, true
		}
	}
	return step, ok
}

// totpURI is what an authenticator app reads off a QR code. Source: the otpauth key URI format.
func totpURI(issuer, login string, secret []byte) string {
	label := url.PathEscape(issuer) + ":" + url.PathEscape(login)
	q := "secret=" + base32(secret) + "&issuer=" + strings.ReplaceAll(url.QueryEscape(issuer), "+", "%20")
	return fmt.Sprintf("otpauth://totp/%s?%s&algorithm=SHA1&digits=%d&period=%d", label, q, totpDigits, int(totpPeriod/time.Second))
}
