package identity_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

func person(login string) identity.Draft {
	return identity.Draft{Login: login, Name: "梅", Locale: identity.Chinese}
}

// mei signs up by passkey.
func (w *world) mei(login string) (identity.Person, identity.SignedIn, *authenticator) {
	w.Helper()
	a := newAuthenticator()
	p, in, err := w.FinishSignUp(w.Context(), a.create(must(w.BeginSignUp(w.Context(), person(login)))), browser)
	if err != nil {
		w.Fatal(err)
	}
	return p, in, a
}

func (w *world) byPasskey(a *authenticator) (identity.SignedIn, error) {
	return w.FinishSignIn(w.Context(), a.get(must(w.BeginSignIn(w.Context()))), browser)
}

func (w *world) add(s identity.Session, a *authenticator, name string) (identity.Passkey, error) {
	options, err := w.BeginPasskey(w.Context(), s)
	if err != nil {
		return identity.Passkey{}, err
	}
	return w.FinishPasskey(w.Context(), s, a.create(options), name, browser)
}

func TestAPersonBeginsWithAPasskey(t *testing.T) {
	each(t, func(w *world) {
		o := read(must(w.BeginSignUp(t.Context(), person("mei@example.com"))))
		if o.Selection.UserVerification != "required" || o.Selection.ResidentKey != "required" || o.RP.ID != rpID || o.Timeout != 300_000 || o.Attestation != "none" {
			t.Errorf("asked for %+v", o)
		}
		p, in, a := w.mei("mei@example.com")
		if in.Session.ACR != identity.ByPasskey || !in.Session.Fresh(w.clock.Now()) || !w.works(in.Cookie) || p.Name != "梅" || id.Person(a.handle) != p.ID {
			t.Errorf("signed up as %+v by %+v", p, in.Session)
		}
		w.clock.move(time.Hour)
		again, err := w.byPasskey(a)
		if err != nil || again.Session.Person != p.ID || again.Session.ACR != identity.ByPasskey || !again.Session.Fresh(w.clock.Now()) {
			t.Fatalf("signed in: %+v, %v", again.Session, err)
		}
		list := must(w.Passkeys(t.Context(), p.ID))
		if len(list) != 1 || !list[0].LastUsedAt.Equal(w.clock.Now()) || list[0].BackedUp || list[0].CloneWarned || list[0].Name != "Passkey" {
			t.Errorf("listed %+v", list)
		}
		_, err = w.signIn("mei@example.com", "", "")
		is(t, err, identity.ErrSignInFailed, "a password that there is not")
		want := []string{"person.signed_up ok", "session.begun ok", "session.begun ok", "session.refused password_wrong"}
		if got := w.trail(p.ID); !reflect.DeepEqual(got, want) {
			t.Errorf("the trail is %q", got)
		}
	})
}

// lies are answers that an authenticator or a page must not get through with.
var lies = map[string]func(*authenticator){
	"no user verification": func(a *authenticator) { a.flags &^= userVerified },
	"no user presence":     func(a *authenticator) { a.flags &^= userPresent },
	"another page":         func(a *authenticator) { a.origin = "https://pay.example.evil.test" },
	"another scheme":       func(a *authenticator) { a.origin = "http://pay.example" },
	"another port":         func(a *authenticator) { a.origin = "https://pay.example:8443" },
	"another domain":       func(a *authenticator) { a.rpID = "evil.test" },
	"in a foreign frame":   func(a *authenticator) { a.crossOrigin = true },
	"another challenge":    func(a *authenticator) { a.challenge = b64.EncodeToString(make([]byte, 32)) },
	"no challenge":         func(a *authenticator) { a.challenge = "-" },
	"an impossible backup": func(a *authenticator) { a.flags |= backedUp },
}

func TestA25ALyingRegistrationIsRefused(t *testing.T) {
	each(t, func(w *world) {
		_, in, _ := w.mei("mei@example.com")
		for name, lie := range lies {
			a := newAuthenticator()
			lie(a)
			_, err := w.add(in.Session, a, "phone")
			is(t, err, identity.ErrPasskeyRefused, name)
			_, _, err = w.FinishSignUp(t.Context(), a.create(must(w.BeginSignUp(t.Context(), person("eve@example.com")))), browser)
			is(t, err, identity.ErrPasskeyRefused, name+", at sign-up")
		}
		a := newAuthenticator()
		a.self, a.spoil = true, true
		_, err := w.add(in.Session, a, "phone")
		is(t, err, identity.ErrPasskeyRefused, "a spoiled self-attestation")
		a.spoil = false
		if k, err := w.add(in.Session, a, "key"); err != nil || k.Name != "key" {
			t.Error("a self-attestation:", err)
		}
		if list := must(w.Passkeys(t.Context(), in.Session.Person)); len(list) != 2 {
			t.Errorf("%d passkeys, want 2", len(list))
		}
		_, err = w.Named(t.Context(), "eve@example.com")
		is(t, err, fault.ErrNotFound, "a person of a refused sign-up")
	})
}

func TestA25ALyingSignInIsRefused(t *testing.T) {
	each(t, func(w *world) {
		_, _, honest := w.mei("mei@example.com")
		stranger, unknown := newAuthenticator(), newAuthenticator()
		w.mei("bob@example.com")
		stranger.handle, unknown.handle = honest.handle, []byte("person_x\x00")
		cases := map[string]func(*authenticator){
			"a spoiled signature": func(a *authenticator) { a.spoil = true },
			"another key":         func(a *authenticator) { a.key = stranger.key },
			"another passkey":     func(a *authenticator) { a.id = stranger.id },
			"another person":      func(a *authenticator) { a.handle = []byte(id.Derive[id.Person]("x")) },
			"odd bytes":           func(a *authenticator) { a.handle = unknown.handle },
			"nobody":              func(a *authenticator) { a.handle = nil },
			"eligible now":        func(a *authenticator) { a.flags |= eligible },
		}
		for name, lie := range lies {
			cases[name] = lie
		}
		var first *fault.Fault
		for name, lie := range cases {
			liar := *honest
			liar.count += 100
			lie(&liar)
			in, err := w.byPasskey(&liar)
			is(t, err, identity.ErrSignInFailed, name)
			f := fault.Of(err)
			if first == nil {
				first = f
			}
			if f.Detail != first.Detail || f.Code != first.Code || in != (identity.SignedIn{}) {
				t.Errorf("%s: %v, %+v", name, f, in)
			}
		}
		if _, err := w.byPasskey(honest); err != nil {
			t.Error("the honest one, afterwards:", err)
		}
	})
}

func TestA25AnAnswerWorksOnceAndForFiveMinutes(t *testing.T) {
	each(t, func(w *world) {
		_, in, a := w.mei("mei@example.com")
		answer := a.get(must(w.BeginSignIn(t.Context())))
		must(w.FinishSignIn(t.Context(), answer, browser))
		_, err := w.FinishSignIn(t.Context(), answer, browser)
		is(t, err, identity.ErrSignInFailed, "a replay")
		late := a.get(must(w.BeginSignIn(t.Context())))
		options := must(w.BeginPasskey(t.Context(), in.Session))
		w.clock.move(5 * time.Minute)
		_, err = w.FinishSignIn(t.Context(), late, browser)
		is(t, err, identity.ErrSignInFailed, "five minutes later")
		_, err = w.FinishPasskey(t.Context(), in.Session, newAuthenticator().create(options), "late", browser)
		is(t, err, identity.ErrPasskeyRefused, "a late registration")
		spoiled := a.getAgain(must(w.BeginSignIn(t.Context())))
		var m map[string]any
		_ = json.Unmarshal(spoiled, &m)
		sig := m["response"].(map[string]any)["signature"]
		m["response"].(map[string]any)["signature"] = "AAAA"
		_, err = w.FinishSignIn(t.Context(), must(json.Marshal(m)), browser)
		is(t, err, identity.ErrSignInFailed, "a spoiled answer")
		m["response"].(map[string]any)["signature"] = sig
		_, err = w.FinishSignIn(t.Context(), must(json.Marshal(m)), browser)
		is(t, err, identity.ErrSignInFailed, "the right one, once the challenge is used up")
	})
}

// TestAChallengeIsForOneThing: of one kind, of one session.
func TestAChallengeIsForOneThing(t *testing.T) {
	each(t, func(w *world) {
		_, in, a := w.mei("mei@example.com")
		_, other, _ := w.mei("bob@example.com")
		_, err := w.FinishSignIn(t.Context(), a.get(must(w.BeginStepUp(t.Context(), in.Session))), browser)
		is(t, err, identity.ErrSignInFailed, "a step-up as a sign-in")
		_, err = w.FinishStepUp(t.Context(), in.Session, a.get(must(w.BeginSignIn(t.Context()))), browser)
		is(t, err, identity.ErrSignInFailed, "a sign-in as a step-up")
		_, err = w.FinishStepUp(t.Context(), other.Session, a.get(must(w.BeginStepUp(t.Context(), in.Session))), browser)
		is(t, err, identity.ErrSignInFailed, "another's step-up")
		options := must(w.BeginPasskey(t.Context(), in.Session))
		_, err = w.FinishPasskey(t.Context(), other.Session, newAuthenticator().create(options), "x", browser)
		is(t, err, identity.ErrPasskeyRefused, "another's registration")
		_, _, err = w.FinishSignUp(t.Context(), newAuthenticator().create(options), browser)
		is(t, err, identity.ErrPasskeyRefused, "a registration as a sign-up")
	})
}

// TestOneChallengeAtOnceWorksOnce on every way that there is.
func TestOneChallengeAtOnceWorksOnce(t *testing.T) {
	each(t, func(w *world) {
		_, in, a := w.mei("mei@example.com")
		for name, try := range map[string]func() func(i int) error{
			"registration": func() func(int) error {
				options := must(w.BeginPasskey(t.Context(), in.Session))
				return func(i int) error { // different keys: only the challenge can tell
					_, err := w.FinishPasskey(t.Context(), in.Session, newAuthenticator().create(options), fmt.Sprint("key ", i), browser)
					return err
				}
			},
			"sign-up": func() func(int) error {
				options := must(w.BeginSignUp(t.Context(), person("eve@example.com")))
				return func(int) error {
					_, _, err := w.FinishSignUp(t.Context(), newAuthenticator().create(options), browser)
					return err
				}
			},
			"sign-in": func() func(int) error {
				answer := a.get(must(w.BeginSignIn(t.Context())))
				return func(int) error { _, err := w.FinishSignIn(t.Context(), answer, browser); return err }
			},
		} {
			if good, _ := atOnce(6, try()); good != 1 {
				t.Errorf("one challenge of a %s worked %d times", name, good)
			}
		}
		if list := must(w.Passkeys(t.Context(), in.Session.Person)); len(list) != 2 {
			t.Errorf("%d passkeys, want 2", len(list))
		}
	})
}

// TestTwoServersAgree: what works once works once in all.
func TestTwoServersAgree(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, dbtest.Open(t, db.Config{URL: url}))
		rooms := []*identity.Room{w.Room, w.node(w.d)}
		if db.IsPostgres(url) {
			rooms[1] = w.node(dbtest.Open(t, db.Config{URL: url}))
		}
		_, in := w.ada("ada@example.com")
		_, codes := w.enroll(&in)
		a := newAuthenticator()
		must(w.add(in.Session, a, "phone"))
		for round := range 5 {
			answer := a.get(must(w.BeginSignIn(t.Context())))
			options := must(w.BeginPasskey(t.Context(), in.Session))
			attempt := identity.Attempt{Login: "ada@example.com", Password: password, Code: codes[round]}
			for name, try := range map[string]func(*identity.Room) error{
				"recovery code": func(r *identity.Room) error { _, err := r.SignIn(t.Context(), attempt, browser); return err },
				"sign-in":       func(r *identity.Room) error { _, err := r.FinishSignIn(t.Context(), answer, browser); return err },
				"registration": func(r *identity.Room) error {
					_, err := r.FinishPasskey(t.Context(), in.Session, newAuthenticator().create(options), "key", browser)
					return err
				},
				"login": func(r *identity.Room) error {
					_, _, err := r.SignUp(t.Context(), draft(fmt.Sprintf("twin%d@example.com", round)), browser)
					return err
				},
			} {
				if good, errs := atOnce(4, func(i int) error { return try(rooms[i%2]) }); good != 1 {
					t.Errorf("one %s worked %d times: %v", name, good, errs)
				}
			}
		}
	})
}

func TestA25ACopyIsNoticed(t *testing.T) {
	each(t, func(w *world) {
		p, in, a := w.mei("mei@example.com")
		copied := *a
		must(w.byPasskey(a))
		up, err := w.FinishStepUp(t.Context(), in.Session, a.get(must(w.BeginStepUp(t.Context(), in.Session))), browser)
		if err != nil || !up.Session.Fresh(w.clock.Now()) || w.works(in.Cookie) {
			t.Fatal("before there is a copy:", err)
		}
		w.clock.move(identity.FreshFor)
		byCopy, err := w.FinishStepUp(t.Context(), up.Session, copied.get(must(w.BeginStepUp(t.Context(), up.Session))), browser)
		if err != nil || byCopy.Session.Fresh(w.clock.Now()) {
			t.Errorf("a step-up by the copy, where there is nothing better: %+v, %v", byCopy.Session, err)
		}
		if list := must(w.Passkeys(t.Context(), p.ID)); !list[0].CloneWarned {
			t.Error("the copy was not noticed")
		}
		byFirst, err := w.FinishStepUp(t.Context(), byCopy.Session, a.get(must(w.BeginStepUp(t.Context(), byCopy.Session))), browser)
		if err != nil || byFirst.Session.Fresh(w.clock.Now()) {
			t.Errorf("a step-up by the first: who can tell? %+v, %v", byFirst.Session, err)
		}
		weak, err := w.byPasskey(a)
		if err != nil || weak.Session.ACR != identity.ByPassword || weak.Session.Fresh(w.clock.Now()) {
			t.Errorf("a sign-in proves %+v, %v", weak.Session, err)
		}
		better := newAuthenticator()
		must(w.FinishPasskey(t.Context(), weak.Session, better.create(must(w.BeginPasskey(t.Context(), weak.Session))), "Another", browser))
		_, err = w.FinishStepUp(t.Context(), weak.Session, a.get(must(w.BeginStepUp(t.Context(), weak.Session))), browser)
		is(t, err, identity.ErrSignInFailed, "a step-up by what may be a copy, where there is something better")
		noted := 0
		for _, line := range w.trail(p.ID) {
			if line == "passkey.regressed passkey_cloned" {
				noted++
			}
		}
		if noted != 1 {
			t.Errorf("noted %d times in %q", noted, w.trail(p.ID))
		}
	})
}

// TestAPasskeyWithoutACounterIsNoCopy: most that are synchronised always say 0.
func TestAPasskeyWithoutACounterIsNoCopy(t *testing.T) {
	each(t, func(w *world) {
		a := newAuthenticator()
		a.flags |= eligible
		p, _, err := w.FinishSignUp(t.Context(), a.create(must(w.BeginSignUp(t.Context(), person("mei@example.com")))), browser)
		if err != nil {
			t.Fatal(err)
		}
		a.flags |= backedUp
		for range 2 {
			in, err := w.FinishSignIn(t.Context(), a.getAgain(must(w.BeginSignIn(t.Context()))), browser)
			if err != nil || in.Session.ACR != identity.ByPasskey {
				t.Errorf("%+v, %v", in.Session, err)
			}
		}
		if k := must(w.Passkeys(t.Context(), p.ID))[0]; !k.BackedUp || k.CloneWarned {
			t.Errorf("%+v", k)
		}
	})
}

func TestAPasskeyOpensWhatIsLocked(t *testing.T) {
	each(t, func(w *world) {
		p, in := w.ada("ada@example.com")
		a := newAuthenticator()
		if _, err := w.add(in.Session, a, "phone"); err != nil {
			t.Fatal(err)
		}
		for range identity.FailsMax {
			_, _ = w.signIn("ada@example.com", "wrong password", "")
		}
		_, err := w.signIn("ada@example.com", password, "")
		is(t, err, identity.ErrSignInFailed, "locked")
		must(w.byPasskey(a))
		if !must(w.WaysOf(t.Context(), p.ID)).LockedUntil.IsZero() {
			t.Error("still locked")
		}
		if weak := must(w.signIn("ada@example.com", password, "")); weak.Session.Fresh(w.clock.Now()) {
			t.Error("a password beside a passkey is fresh")
		} else {
			_, err := w.BeginPasskey(t.Context(), weak.Session)
			is(t, err, identity.ErrStepUpNeeded, "a password adds no passkey beside one")
			_, err = w.StepUp(t.Context(), weak.Session, password, "", browser)
			is(t, err, identity.ErrSignInFailed, "a password steps up beside a passkey")
		}
	})
}

func TestPasskeysAreNamedAndRevoked(t *testing.T) {
	each(t, func(w *world) {
		p, in, a := w.mei("mei@example.com")
		first := must(w.Passkeys(t.Context(), p.ID))[0]
		is(t, w.RevokePasskey(t.Context(), in.Session, first.ID, browser), identity.ErrLastWayIn, "the last way in")
		w.clock.move(time.Second)
		b := newAuthenticator()
		second := must(w.add(in.Session, b, "key"))
		if o := read(must(w.BeginPasskey(t.Context(), in.Session))); len(o.Exclude) != 2 {
			t.Errorf("%d excluded, want 2", len(o.Exclude))
		}
		_, err := w.add(in.Session, b, "key again")
		is(t, err, identity.ErrPasskeyRefused, "the same passkey again")
		_, other, _ := w.mei("bob@example.com")
		stolen := *b
		_, err = w.add(other.Session, &stolen, "stolen")
		is(t, err, identity.ErrPasskeyRefused, "another's passkey")
		is(t, w.RenamePasskey(t.Context(), other.Session, second.ID, "mine", browser), fault.ErrNotFound, "naming another's")
		if err := w.RenamePasskey(t.Context(), in.Session, second.ID, "", browser); field(err) != "/name invalid_text" {
			t.Error(err)
		}
		if err := w.RenamePasskey(t.Context(), in.Session, second.ID, "蓝色钥匙", browser); err != nil || must(w.Passkeys(t.Context(), p.ID))[1].Name != "蓝色钥匙" {
			t.Error("renamed:", err)
		}
		lost := must(w.byPasskey(a))
		if err := w.RevokePasskey(t.Context(), in.Session, first.ID, browser); err != nil {
			t.Fatal(err)
		}
		if w.works(lost.Cookie) || !w.works(in.Cookie) {
			t.Error("the wrong sessions ended")
		}
		_, err = w.byPasskey(a)
		is(t, err, identity.ErrSignInFailed, "a revoked passkey")
		_, err = w.add(in.Session, a, "back again")
		is(t, err, identity.ErrPasskeyRefused, "a revoked passkey, anew")
		must(w.byPasskey(b))
		w.clock.move(identity.FreshFor)
		is(t, w.RevokePasskey(t.Context(), in.Session, second.ID, browser), identity.ErrStepUpNeeded, "without a step-up")
		must(0, w.RenamePasskey(t.Context(), in.Session, second.ID, "b", browser))
	})
}

func TestTwentyPasskeysAreEnough(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	_, in, _ := w.mei("mei@example.com")
	options := must(w.BeginPasskey(t.Context(), in.Session))
	for range identity.PasskeysMax - 1 {
		must(w.add(in.Session, newAuthenticator(), "key"))
	}
	_, err := w.BeginPasskey(t.Context(), in.Session)
	is(t, err, identity.ErrTooManyPasskeys, "one more")
	_, err = w.FinishPasskey(t.Context(), in.Session, newAuthenticator().create(options), "key", browser)
	is(t, err, identity.ErrTooManyPasskeys, "one more that was asked for before")
}

func TestAPasskeyIsAddedByAPasswordsPersonAndReplacesIt(t *testing.T) {
	each(t, func(w *world) {
		_, in := w.ada("ada@example.com")
		a := newAuthenticator()
		must(w.add(in.Session, a, "phone"))
		strong := must(w.byPasskey(a))
		if err := w.RemovePassword(t.Context(), strong.Session, browser); err != nil {
			t.Fatal(err)
		}
		_, err := w.signIn("ada@example.com", password, "")
		is(t, err, identity.ErrSignInFailed, "a removed password")
		must(w.byPasskey(a))
	})
}

func FuzzAnswers(f *testing.F) {
	a := newAuthenticator()
	f.Add(a.create([]byte(`{"challenge":"AAAAAAAAAAAAAAAAAAAAAA","rp":{"id":"pay.example"},"user":{"id":"AAAA"}}`)))
	f.Add(a.get([]byte(`{"challenge":"AAAAAAAAAAAAAAAAAAAAAA","rpId":"pay.example"}`)))
	f.Fuzz(func(t *testing.T, answer []byte) {
		identity.ParseAnswers(answer) // must come back
	})
}

// Two tabs ask, and the answers arrive in the other order: the passkey looks like a copy.
// Who has nothing better is not locked out of revoking it, or of adding another.
func TestAPasskeyThatMayBeACopyTrapsNobody(t *testing.T) {
	each(t, func(w *world) {
		for name, change := range map[string]func(identity.Session) error{
			"revoke it": func(s identity.Session) error {
				return w.RevokePasskey(t.Context(), s, must(w.Passkeys(t.Context(), s.Person))[0].ID, browser)
			},
			"set a password": func(s identity.Session) error {
				return w.SetPassword(t.Context(), s, "another long walk at noon", browser)
			},
			"add another":    func(s identity.Session) error { _, err := w.BeginPasskey(t.Context(), s); return err },
			"connect an app": func(s identity.Session) error { _, err := w.BeginTOTP(t.Context(), s); return err },
		} {
			p, in := w.ada(strings.ReplaceAll(name, " ", ".") + "@example.com")
			a := newAuthenticator()
			must(w.FinishPasskey(t.Context(), in.Session, a.create(must(w.BeginPasskey(t.Context(), in.Session))), "Key", browser))
			one, two := must(w.BeginSignIn(t.Context())), must(w.BeginSignIn(t.Context()))
			first, second := a.get(one), a.get(two)
			must(w.FinishSignIn(t.Context(), second, browser))
			must(w.FinishSignIn(t.Context(), first, browser))
			if !must(w.Passkeys(t.Context(), p.ID))[0].CloneWarned {
				t.Fatal("nothing was noticed")
			}
			in = must(w.FinishSignIn(t.Context(), a.get(must(w.BeginSignIn(t.Context()))), browser))
			w.clock.move(6 * time.Minute)
			is(t, change(in.Session), identity.ErrStepUpNeeded, name+" long after")
			in = must(w.FinishStepUp(t.Context(), in.Session, a.get(must(w.BeginStepUp(t.Context(), in.Session))), browser))
			if in.Session.Fresh(w.clock.Now()) || in.Session.ACR != identity.ByPassword {
				t.Errorf("a copy makes a session fresh or strong: %+v", in.Session)
			}
			if err := change(in.Session); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
