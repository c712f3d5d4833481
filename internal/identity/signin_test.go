package identity_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/identity"
)

func TestAPersonSignsUpAndIn(t *testing.T) {
	each(t, func(w *world) {
		p, in := w.ada(" Ada@Example.com ")
		if p.Login != "ada@example.com" || p.State != identity.Active || p.Locale != identity.English {
			t.Errorf("signed up as %+v", p)
		}
		got, err := w.Person(w.Context(), p.ID)
		if err != nil || got != p {
			t.Errorf("stored %+v, %v", got, err)
		}
		if !w.works(in.Cookie) || in.Session.ACR != identity.ByPassword || in.Session.Fresh(w.clock.Now()) {
			t.Errorf("the first session is %+v", in.Session)
		}
		again, err := w.signIn("ADA@example.com", password, "")
		if err != nil || !w.works(again.Cookie) || again.Cookie == in.Cookie {
			t.Errorf("signed in: %+v, %v", again.Session, err)
		}
		want := []string{"person.signed_up ok", "session.begun ok", "session.begun ok"}
		if got := w.trail(p.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("the trail is %q", got)
		}
	})
}

func TestALoginIsOnePersons(t *testing.T) {
	each(t, func(w *world) {
		good, errs := atOnce(8, func(int) error {
			_, _, err := w.SignUp(t.Context(), draft("ada@example.com"), browser)
			return err
		})
		if good != 1 {
			t.Errorf("%d persons have one login", good)
		}
		for _, err := range errs {
			is(t, err, identity.ErrLoginTaken, "the others")
		}
		_, err := w.BeginSignUp(t.Context(), draft("Ada@example.com"))
		is(t, err, identity.ErrLoginTaken, "with a passkey")
	})
}

func TestBadDraftsAreRefusedPlaceByPlace(t *testing.T) {
	each(t, func(w *world) {
		for want, spoil := range map[string]func(*identity.Draft){
			"/login invalid_login":     func(d *identity.Draft) { d.Login = "ada" },
			"/name invalid_text":       func(d *identity.Draft) { d.Name = " " },
			"/locale invalid_locale":   func(d *identity.Draft) { d.Locale = "fr" },
			"/password too_short":      func(d *identity.Draft) { d.Password = "elevenchars" },
			"/password too_long":       func(d *identity.Draft) { d.Password = strings.Repeat("é", 65) },
			"/password contains_login": func(d *identity.Draft) { d.Password = "my Ada@Example.com" },
			"/password too_common":     func(d *identity.Draft) { d.Password = "Password1234!" },
		} {
			d := draft("ada@example.com")
			spoil(&d)
			if _, _, err := w.SignUp(t.Context(), d, browser); field(err) != want {
				t.Errorf("want %s: %v", want, err)
			}
		}
	})
}

func TestAPasswordIsTheSameHoweverItIsTyped(t *testing.T) {
	each(t, func(w *world) {
		d := draft("ada@example.com")
		d.Password = "d\u00e9jeuner sur l'herbe" // one character
		if _, _, err := w.SignUp(t.Context(), d, browser); err != nil {
			t.Fatal(err)
		}
		if _, err := w.signIn("ada@example.com", "de\u0301jeuner sur l'herbe", ""); err != nil {
			t.Error("the same letters in another form are refused:", err)
		}
	})
}

// TestNobodyLearnsWhatWasWrong: sentence, hashes and commits are the same.
func TestA24NobodyLearnsWhatWasWrong(t *testing.T) {
	each(t, func(w *world) {
		_, in := w.ada("ada@example.com")
		w.enroll(&in)
		w.ada("bob@example.com")
		_, closed := w.ada("eve@example.com")
		if err := w.Close(t.Context(), closed.Session, browser); err != nil {
			t.Fatal(err)
		}
		for range identity.FailsMax {
			_, _ = w.signIn("bob@example.com", "wrong password", "")
		}
		var first *fault.Fault
		for name, a := range map[string][3]string{
			"unknown":             {"nobody@example.com", password, ""},
			"no address":          {"nobody", password, ""},
			"wrong password":      {"ada@example.com", "wrong password", ""},
			"long password":       {"ada@example.com", strings.Repeat("x", 1000), ""},
			"no code":             {"ada@example.com", password, ""},
			"wrong code":          {"ada@example.com", password, "000000"},
			"wrong recovery code": {"ada@example.com", password, strings.Repeat("abcd-", 7)},
			"locked":              {"bob@example.com", "wrong password", ""},
			"locked, but right":   {"bob@example.com", password, ""},
			"closed":              {"eve@example.com", password, ""},
		} {
			before, noted := w.Hashes(), w.count("person_record")
			in, err := w.signIn(a[0], a[1], a[2])
			f := fault.Of(err)
			if first == nil {
				first = f
			}
			if !errors.Is(err, identity.ErrSignInFailed) || !reflect.DeepEqual(f, first) || in != (identity.SignedIn{}) {
				t.Errorf("%s: %#v, %+v", name, err, in)
			}
			if hashes, lines := w.Hashes()-before, w.count("person_record")-noted; hashes != 1 || lines != 1 {
				t.Errorf("%s: %d hashes, %d records", name, hashes, lines)
			}
		}
	})
}

func (w *world) count(table string) (n int64) {
	err := w.d.Query(w.Context(), "select count(*) from "+table, func(r db.Row) error { n = r.Int(0); return nil })
	if err != nil {
		w.Fatal(err)
	}
	return n
}

func TestA24TenFailuresLockForHalfAnHour(t *testing.T) {
	each(t, func(w *world) {
		p, _ := w.ada("ada@example.com")
		for range identity.FailsMax - 1 {
			_, err := w.signIn("ada@example.com", "wrong password", "")
			is(t, err, identity.ErrSignInFailed, "a wrong password")
		}
		if _, err := w.signIn("ada@example.com", password, ""); err != nil {
			t.Fatal("the right one after nine:", err)
		}
		for range identity.FailsMax {
			_, _ = w.signIn("ada@example.com", "wrong password", "")
		}
		_, err := w.signIn("ada@example.com", password, "")
		is(t, err, identity.ErrSignInFailed, "locked")
		w.clock.move(identity.LockFor - time.Microsecond)
		_, err = w.signIn("ada@example.com", password, "")
		is(t, err, identity.ErrSignInFailed, "locked until the end")
		w.clock.move(time.Microsecond)
		if _, err := w.signIn("ada@example.com", password, ""); err != nil {
			t.Error("after half an hour:", err)
		}
		locked := 0
		for _, line := range w.trail(p.ID) {
			if line == "person.locked ok" {
				locked++
			}
		}
		if locked != 1 {
			t.Errorf("%d locks in the trail, want 1", locked)
		}
	})
}

// TestOfManyGuessesAtOnceTenAreWeighed: the right one that comes after ten wrong ones is
// refused, however close together they come.
func TestA24OfManyGuessesAtOnceTenAreWeighed(t *testing.T) {
	each(t, func(w *world) {
		p, _ := w.ada("ada@example.com")
		good, _ := atOnce(40, func(int) error { _, err := w.signIn("ada@example.com", "wrong password", ""); return err })
		if good != 0 {
			t.Fatal("a wrong password opened")
		}
		weighed := map[string]int{}
		for _, line := range w.trail(p.ID) {
			weighed[line]++
		}
		if weighed["session.refused password_wrong"] != identity.FailsMax || weighed["session.refused locked"] != 30 {
			t.Errorf("40 guesses: %v", weighed)
		}
	})
}
