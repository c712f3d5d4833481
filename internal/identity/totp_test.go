package identity

import (
	stdbase32 "encoding/base32"
	"testing"
	"time"
)

// The vectors of RFC 6238 appendix B, for SHA-1.
func TestCodesAreThoseOfTheStandard(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471", 1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := hotp(secret, stepAt(time.Unix(at, 0)), 8); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
	for counter, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} { // RFC 4226 appendix D
		if got := hotp(secret, int64(counter), 6); got != want {
			t.Errorf("counter %d: %s, want %s", counter, got, want)
		}
	}
}

func TestACodeWorksForAStepEitherWayAndOnce(t *testing.T) {
	secret, now := []byte("12345678901234567890"), time.Unix(1_900_000_000, 0)
	at := stepAt(now)
	for offset, want := range map[int64]bool{-2: false, -1: true, 0: true, 1: true, 2: false} {
		step, ok := totpStep(secret, hotp(secret, at+offset, totpDigits), 0, now)
		if ok != want || ok && step != at+offset {
			t.Errorf("%d steps off: %d, %v", offset, step-at, ok)
		}
	}
	for last, want := range map[int64]bool{at - 1: true, at: false, at + 1: false} {
		if _, ok := totpStep(secret, hotp(secret, at, totpDigits), last, now); ok != want {
			t.Errorf("after step %d: %v", last-at, ok)
		}
	}
	if _, ok := totpStep(secret, "", 0, now); ok {
		t.Error("no code is a code")
	}
}

// The vectors of RFC 4648 §10, without padding, and the standard library's opinion.
func TestBase32IsThatOfTheStandard(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "f": "MY", "fo": "MZXQ", "foo": "MZXW6", "foob": "MZXW6YQ", "fooba": "MZXW6YTB", "foobar": "MZXW6YTBOI",
	} {
		if got := base32([]byte(in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
	for n := range 41 {
		b := random(n)
		if got, want := base32(b), stdbase32.StdEncoding.WithPadding(stdbase32.NoPadding).EncodeToString(b); got != want {
			t.Errorf("%x: %s, want %s", b, got, want)
		}
	}
}

func TestAnAppReadsTheSecretOffAURI(t *testing.T) {
	got := totpURI("Florin Pay", "ada+x@example.com", []byte("12345678901234567890"))
	want := "otpauth://totp/Florin%20Pay:ada+x@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Florin%20Pay&algorithm=SHA1&digits=6&period=30"
	if got != want {
		t.Error(got)
	}
}
