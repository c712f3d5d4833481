package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/identity"
)

func TestAnAppIsTheSecondFactor(t *testing.T) {
	each(t, func(w *world) {
		p, in := w.ada("ada@example.com")
		secret, codes := w.enroll(&in)
		if s := w.again(in.Cookie); s.ACR != identity.ByTwo || !s.Fresh(w.clock.Now()) || len(codes) != 10 {
			t.Errorf("enrolled: %+v, %d codes", s, len(codes))
		}
		_, err := w.signIn("ada@example.com", password, identity.CodeAt(secret, w.clock.Now()))
		is(t, err, identity.ErrSignInFailed, "the code that confirmed")
		code := w.code(secret)
		_, err = w.signIn("ada@example.com", "wrong password", code)
		is(t, err, identity.ErrSignInFailed, "a wrong password with a right code")
		second, err := w.signIn("ada@example.com", password, code[:3]+" "+code[3:])
		if err != nil || second.Session.ACR != identity.ByTwo || !second.Session.Fresh(w.clock.Now()) {
			t.Fatalf("%+v, %v", second.Session, err)
		}
		_, err = w.signIn("ada@example.com", password, code)
		is(t, err, identity.ErrSignInFailed, "the same code again")
		w.clock.move(time.Minute + 30*time.Second)
		_, err = w.signIn("ada@example.com", password, code)
		is(t, err, identity.ErrSignInFailed, "an old code")
		if ways := must(w.WaysOf(t.Context(), p.ID)); !ways.TOTP || !ways.Password || ways.RecoveryLeft != 10 || ways.Passkeys != 0 {
			t.Errorf("ways in: %+v", ways)
		}
	})
}

func TestEnrollmentNeedsItsFirstCode(t *testing.T) {
	each(t, func(w *world) {
		_, in := w.ada("ada@example.com")
		_, _, err := w.ConfirmTOTP(t.Context(), in.Session, "123456", browser)
		is(t, err, identity.ErrEnrollmentEnded, "without a beginning")
		must(w.BeginTOTP(t.Context(), in.Session))
		for _, code := range []string{"", "12345", "abcdef", "-1"} {
			_, _, err = w.ConfirmTOTP(t.Context(), in.Session, code, browser)
			is(t, err, identity.ErrCodeWrong, "a wrong code")
		}
		if _, err := w.signIn("ada@example.com", password, ""); err != nil {
			t.Error("a beginning alone asks for codes:", err)
		}
		w.clock.move(identity.FreshFor)
		_, err = w.BeginTOTP(t.Context(), in.Session)
		is(t, err, identity.ErrStepUpNeeded, "long after the password")
	})
}

func TestOneCodeAtOnceOpensOnce(t *testing.T) {
	each(t, func(w *world) {
		p, in := w.ada("ada@example.com")
		secret, codes := w.enroll(&in)
		for name, code := range map[string]string{"TOTP": w.code(secret), "recovery": codes[3]} {
			good, _ := atOnce(6, func(int) error { _, err := w.signIn("ada@example.com", password, code); return err })
			if good != 1 {
				t.Errorf("one %s code opened %d times", name, good)
			}
			if _, err := w.signIn("ada@example.com", password, codes[map[string]int{"TOTP": 0, "recovery": 1}[name]]); err != nil {
				t.Error("a right code after five failures:", err)
			}
		}
		if n := must(w.WaysOf(t.Context(), p.ID)).RecoveryLeft; n != 7 {
			t.Errorf("%d recovery codes left, want 7", n)
		}
	})
}

func TestRecoveryCodesWorkOnceAndUntilRenewed(t *testing.T) {
	each(t, func(w *world) {
		_, in := w.ada("ada@example.com")
		_, codes := w.enroll(&in)
		bob, other := w.ada("bob@example.com")
		w.enroll(&other)
		_, err := w.signIn(bob.Login, password, codes[0])
		is(t, err, identity.ErrSignInFailed, "another's code")
		typed := strings.ToUpper(strings.ReplaceAll(codes[0], "-", " "))
		if in, err := w.signIn("ada@example.com", password, typed); err != nil || in.Session.ACR != identity.ByTwo {
			t.Error(err)
		}
		_, err = w.signIn("ada@example.com", password, codes[0])
		is(t, err, identity.ErrSignInFailed, "a used code")
		good, _ := atOnce(2, func(int) error {
			_, err := w.RenewRecovery(t.Context(), in.Session, browser)
			return err
		})
		if n := must(w.WaysOf(t.Context(), in.Session.Person)).RecoveryLeft; n != 10 || good != 2 {
			t.Errorf("renewed twice at once: %d codes work", n)
		}
		renewed := must(w.RenewRecovery(t.Context(), in.Session, browser))
		_, err = w.signIn("ada@example.com", password, codes[1])
		is(t, err, identity.ErrSignInFailed, "a code of the set before")
		if _, err := w.signIn("ada@example.com", password, renewed[9]); err != nil {
			t.Error("a renewed code:", err)
		}
		if err := w.RemoveTOTP(t.Context(), in.Session, browser); err != nil {
			t.Fatal(err)
		}
		if in, err := w.signIn("ada@example.com", password, renewed[0]); err != nil || in.Session.ACR != identity.ByPassword {
			t.Errorf("without an app: %+v, %v", in.Session, err)
		}
		_, err = w.RenewRecovery(t.Context(), in.Session, browser)
		is(t, err, identity.ErrNotEnrolled, "codes without an app")
	})
}

func TestAStepUpIsAProofAnew(t *testing.T) {
	each(t, func(w *world) {
		_, in := w.ada("ada@example.com")
		secret, codes := w.enroll(&in)
		w.clock.move(identity.FreshFor)
		old := w.again(in.Cookie)
		is(t, w.SetPassword(t.Context(), old, "another long walk", browser), identity.ErrStepUpNeeded, "without one")
		for name, x := range map[string][2]string{"no code": {password, ""}, "a wrong password": {"x", w.code(secret)}, "a recovery code": {password, codes[0]}} {
			_, err := w.StepUp(t.Context(), old, x[0], x[1], browser)
			is(t, err, identity.ErrSignInFailed, name)
		}
		up, err := w.StepUp(t.Context(), old, password, w.code(secret), browser)
		if err != nil || !up.Session.Fresh(w.clock.Now()) || up.Session.ID != old.ID || up.Cookie == in.Cookie {
			t.Fatalf("%+v, %v", up.Session, err)
		}
		if w.works(in.Cookie) || !w.works(up.Cookie) {
			t.Error("the cookie was not rotated")
		}
		_, err = w.StepUp(t.Context(), old, password, w.code(secret), browser)
		is(t, err, identity.ErrSignedOut, "by the cookie before")
		if err := w.SetPassword(t.Context(), up.Session, "another long walk", browser); err != nil {
			t.Error(err)
		}
		w.clock.move(identity.FreshFor)
		if up.Session.Fresh(w.clock.Now()) {
			t.Error("fresh for longer than five minutes")
		}
	})
}

// TestAStepUpCountsFailuresAndIsLockedToo: a stolen cookie is no way round the lock.
func TestAStepUpCountsFailuresAndIsLockedToo(t *testing.T) {
	each(t, func(w *world) {
		_, in := w.ada("ada@example.com")
		secret, _ := w.enroll(&in)
		for range identity.FailsMax {
			_, err := w.StepUp(t.Context(), in.Session, "wrong password", "", browser)
			is(t, err, identity.ErrSignInFailed, "a wrong password")
		}
		_, err := w.StepUp(t.Context(), in.Session, password, w.code(secret), browser)
		is(t, err, identity.ErrSignInFailed, "locked")
		_, err = w.signIn("ada@example.com", password, w.code(secret))
		is(t, err, identity.ErrSignInFailed, "the sign-in is locked with it")
		if !w.works(in.Cookie) {
			t.Error("a lock ended a session")
		}
	})
}

// TestAPasswordAloneIsNeverFresh: it allows its person to add a factor, and no more.
func TestAPasswordAloneIsNeverFresh(t *testing.T) {
	each(t, func(w *world) {
		_, in := w.ada("ada@example.com")
		w.clock.move(identity.FreshFor)
		_, err := w.BeginPasskey(t.Context(), in.Session)
		is(t, err, identity.ErrStepUpNeeded, "long after the password")
		up, err := w.StepUp(t.Context(), in.Session, password, "", browser)
		if err != nil || up.Session.Fresh(w.clock.Now()) || up.Session.ACR != identity.ByPassword {
			t.Fatalf("%+v, %v", up.Session, err)
		}
		if _, err := w.BeginTOTP(t.Context(), up.Session); err != nil {
			t.Error(err)
		}
	})
}

func TestANewPasswordEndsOtherSessions(t *testing.T) {
	each(t, func(w *world) {
		_, in := w.ada("ada@example.com")
		other := must(w.signIn("ada@example.com", password, ""))
		if err := w.SetPassword(t.Context(), in.Session, "short", browser); field(err) != "/password too_short" {
			t.Error(err)
		}
		if err := w.SetPassword(t.Context(), in.Session, "another long walk", browser); err != nil {
			t.Fatal(err)
		}
		if !w.works(in.Cookie) || w.works(other.Cookie) {
			t.Error("the wrong sessions ended")
		}
		_, err := w.signIn("ada@example.com", password, "")
		is(t, err, identity.ErrSignInFailed, "the old password")
		must(w.signIn("ada@example.com", "another long walk", ""))
		is(t, w.RemovePassword(t.Context(), in.Session, browser), identity.ErrLastWayIn, "the only way in")
		p := must(w.Change(t.Context(), in.Session, "Ada Lovelace", identity.Chinese, browser))
		if p.Name != "Ada Lovelace" || p.Locale != identity.Chinese || must(w.Named(t.Context(), "ADA@example.com")) != p {
			t.Errorf("changed to %+v", p)
		}
	})
}
