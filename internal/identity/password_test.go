package identity

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/label"
)

func TestAHashIsReadByWhatItWasMadeOf(t *testing.T) {
	if testing.Short() {
		t.Skip("hashes at full cost")
	}
	h := newHasher(passwordCost)
	stored, err := h.hash(t.Context(), "a long walk at noon")
	if err != nil || !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(stored, err)
	}
	cheaper := newHasher(cost{64, 1, 1}) // other parameters now: what is stored says its own
	for password, want := range map[string]bool{"a long walk at noon": true, "a long walk at noon ": false, "": false} {
		if got, err := cheaper.check(t.Context(), stored, password); got != want || err != nil {
			t.Errorf("%q: %v, %v", password, got, err)
		}
	}
	again, err := h.hash(t.Context(), "a long walk at noon")
	if err != nil || again == stored {
		t.Error("two hashes share their salt", err)
	}
}

// TestAPasswordOfNobodyCostsAHashAndOpensNothing, not even to who knows the dummy.
func TestAPasswordOfNobodyCostsAHashAndOpensNothing(t *testing.T) {
	h := newHasher(cost{64, 1, 1})
	for _, stored := range []string{"", "$argon2id$", "plain"} {
		for _, password := range []string{"", "x", strings.Repeat("x", 10_000), "\xff"} {
			before := h.count.Load()
			matched, err := h.check(t.Context(), stored, password)
			if matched || err != nil || h.count.Load() != before+1 {
				t.Errorf("%q of %q: %v, %v, %d hashes", password, stored, matched, err, h.count.Load()-before)
			}
		}
	}
}

func TestHashesAreFewAtATime(t *testing.T) {
	h := newHasher(cost{64, 1, 1})
	for range hashesMax {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.check(ctx, "", "x"); !errors.Is(err, fault.ErrUnavailable) || h.count.Load() != 0 {
		t.Errorf("one more than fit: %v", err)
	}
	<-h.slots
	if _, err := h.check(t.Context(), "", "x"); err != nil {
		t.Error(err)
	}
}

func TestCommonPasswords(t *testing.T) {
	for password, want := range map[string]bool{
		"password1234": true, "1234567890ab": false, "123456789012": true, "aaaaaaaaaaaa": true, "密密密密密密密密密密密密": true,
		"2024!welcome!": true, "a long walk at noon": false, "correcthorsebatterystaple": true, "woaini1314520": true,
	} {
		if got := common(password); got != want {
			t.Errorf("%s: %v", password, got)
		}
	}
}

func FuzzPHC(f *testing.F) {
	f.Add(newHasher(passwordCost).dummy)
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=99999999,t=2,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		if p.String() != s || p.memoryKiB > 256*1024 || p.passes > 16 || len(p.sum) != hashBytes {
			t.Errorf("%q was read as %+v", s, p)
		}
	})
}

func FuzzLogin(f *testing.F) {
	for _, s := range []string{"ada@example.com", " ADA@x.y ", "a@b@c", "é@example.com", "a@-b", "a@b..c", "İ@x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		login, ok := normalLogin(s)
		if !ok {
			return
		}
		if again, ok := normalLogin(login); !ok || again != login || len(login) > LoginMax || strings.Count(login, "@") != 1 || strings.ToLower(login) != login || !label.Plain(login) {
			t.Errorf("%q became %q, then %q", s, login, again)
		}
	})
}

func FuzzCode(f *testing.F) {
	f.Add("123 456")
	f.Add(newRecoveryCode())
	f.Add("OIL0-OIL0-OIL0-OIL0-OIL0-OIL0-OIL0")
	f.Fuzz(func(t *testing.T, s string) {
		c := readCode(s)
		if c.totp != "" && (c.recovery != "" || len(c.totp) != totpDigits) || c.recovery != "" && len(c.recovery) != recoveryChars {
			t.Errorf("%q was read as %+v", s, c)
		}
		if again := readCode(c.totp + c.recovery); again != c {
			t.Errorf("%q was read as %+v, then as %+v", s, c, again)
		}
	})
}
