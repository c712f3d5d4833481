package identity_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

func TestSessionsAreListedAndEnded(t *testing.T) {
	each(t, func(w *world) {
		p, a := w.ada("ada@example.com")
		b := must(w.signIn("ada@example.com", password, ""))
		c := must(w.signIn("ada@example.com", password, ""))
		_, other := w.ada("bob@example.com")
		list := must(w.Sessions(t.Context(), p.ID))
		if len(list) != 3 || list[0].ID != c.Session.ID || list[0].Address != browser.Address || list[0].Agent != browser.Agent || !list[2].CreatedAt.Equal(w.clock.Now()) {
			t.Errorf("listed %+v", list)
		}
		is(t, w.EndSession(t.Context(), other.Session, a.Session.ID, browser), fault.ErrNotFound, "another's")
		is(t, w.EndSession(t.Context(), a.Session, "ses_x", browser), fault.ErrNotFound, "odd")
		if err := w.EndSession(t.Context(), a.Session, b.Session.ID, browser); err != nil || w.works(b.Cookie) || !w.works(a.Cookie) || !w.works(c.Cookie) {
			t.Error("one of three ended:", err)
		}
		if err := w.EndOthers(t.Context(), a.Session, browser); err != nil || w.works(c.Cookie) || !w.works(a.Cookie) {
			t.Error("the others ended:", err)
		}
		d := must(w.signIn("ada@example.com", password, ""))
		if err := w.EndAll(t.Context(), d.Session, browser); err != nil || w.works(d.Cookie) || w.works(a.Cookie) || !w.works(other.Cookie) {
			t.Error("all ended:", err)
		}
		is(t, w.EndAll(t.Context(), d.Session, browser), identity.ErrSignedOut, "by a session that ended")
		if list := must(w.Sessions(t.Context(), p.ID)); len(list) != 0 {
			t.Errorf("%d sessions are left", len(list))
		}
	})
}

func TestASignInEndsTheBrowsersSessionBefore(t *testing.T) {
	each(t, func(w *world) {
		_, first := w.ada("ada@example.com")
		w.ada("bob@example.com")
		again := browser
		again.Cookie = first.Cookie
		_, err := w.SignIn(t.Context(), identity.Attempt{Login: "bob@example.com", Password: "wrong password"}, again)
		if is(t, err, identity.ErrSignInFailed, "a wrong password"); !w.works(first.Cookie) {
			t.Error("a failure ended the session before")
		}
		if in, err := w.SignIn(t.Context(), identity.Attempt{Login: "bob@example.com", Password: password}, again); err != nil || !w.works(in.Cookie) || w.works(first.Cookie) {
			t.Error("both sessions live:", err)
		}
	})
}

func TestOddCookiesAreNobodys(t *testing.T) {
	each(t, func(w *world) {
		_, in := w.ada("ada@example.com")
		for _, c := range []string{"", "x", "\x00", in.Cookie + "A", in.Cookie[:42], "_" + in.Cookie[1:], in.Cookie + "\n"} {
			if c != in.Cookie && w.works(c) {
				t.Errorf("%q works", c)
			}
		}
	})
}

// TestWhatEndsASessionEndsItEverywhere within five seconds, and here at once.
func TestWhatEndsASessionEndsItEverywhere(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, dbtest.Open(t, db.Config{URL: url}))
		far := w.node(w.d)
		if db.IsPostgres(url) {
			far = w.node(dbtest.Open(t, db.Config{URL: url}))
		}
		_, in := w.ada("ada@example.com")
		must(far.Authenticate(t.Context(), in.Cookie))
		if !w.works(in.Cookie) {
			t.Fatal("a new session does not work")
		}
		if err := w.EndAll(t.Context(), in.Session, browser); err != nil || w.works(in.Cookie) {
			t.Error("not ended here:", err)
		}
		w.clock.move(5 * time.Second)
		_, err := far.Authenticate(t.Context(), in.Cookie)
		is(t, err, identity.ErrSignedOut, "elsewhere, five seconds later")
	})
}

// TestARoleShortensSessions: those that are there, too.
func TestA24ARoleShortensSessions(t *testing.T) {
	each(t, func(w *world) {
		p, in := w.ada("ada@example.com")
		if w.clock.move(time.Hour); !w.works(in.Cookie) {
			t.Fatal("an hour of silence ended a long session")
		}
		w.appoint(p, cafe, identity.Finance)
		if s := w.again(in.Cookie); !s.Strict || !s.EndsAt().Equal(w.clock.Now().Add(identity.IdleStrict)) {
			t.Errorf("after the role: %+v until %v", s, s.EndsAt())
		}
		if w.clock.move(identity.IdleStrict); w.works(in.Cookie) {
			t.Error("15 minutes of silence did not end it")
		}
	})
}

func TestLastSeenIsStoredOnceAMinute(t *testing.T) {
	each(t, func(w *world) {
		p, in := w.ada("ada@example.com")
		began := w.clock.Now()
		for _, step := range []struct{ after, want time.Duration }{
			{59 * time.Second, 0}, {time.Second, time.Minute}, {30 * time.Second, time.Minute}, {30 * time.Second, 2 * time.Minute},
		} {
			w.clock.move(step.after)
			_, _ = atOnce(5, func(int) error { _, err := w.Authenticate(t.Context(), in.Cookie); return err })
			if got := must(w.Sessions(t.Context(), p.ID))[0].LastSeenAt.Sub(began); got != step.want {
				t.Errorf("at %v: seen at %v, want %v", w.clock.Now().Sub(began), got, step.want)
			}
		}
	})
}

// model is what a session should be.
type model struct {
	in            identity.SignedIn
	created, seen time.Time
	ended         bool
}

// TestSessionsLiveAsLongAsTheyShould: whatever happens in whatever order, a session lives
// exactly until it is ended, idle or old; being seen counts by the minute.
func TestSessionsLiveAsLongAsTheyShould(t *testing.T) {
	each(t, func(w *world) {
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			login := fmt.Sprintf("p%d@example.com", round)
			p, first := w.ada(login)
			idle, absolute := identity.Idle, identity.Absolute
			if rapid.Bool().Draw(rt, "strict") {
				w.appoint(p, id.Derive[id.Merchant](login), identity.Owner)
				idle, absolute = identity.IdleStrict, identity.AbsoluteStrict
			}
			all := []*model{{in: first, created: w.clock.Now(), seen: w.clock.Now()}}
			alive := func(m *model) bool {
				now := w.clock.Now()
				return !m.ended && now.Before(m.seen.Add(idle)) && now.Before(m.created.Add(absolute))
			}
			look := func(m *model) {
				want := alive(m)
				if got := w.works(m.in.Cookie); got != want {
					rt.Fatalf("%+v at %v: works %v, want %v", m, w.clock.Now(), got, want)
				}
				if now := w.clock.Now(); want && now.Sub(m.seen) >= time.Minute {
					m.seen = now
				}
			}
			for range rapid.IntRange(1, 14).Draw(rt, "steps") {
				m := all[rapid.IntRange(0, len(all)-1).Draw(rt, "session")]
				switch rapid.IntRange(0, 5).Draw(rt, "what") {
				case 0:
					in := must(w.signIn(login, password, ""))
					all = append(all, &model{in: in, created: w.clock.Now(), seen: w.clock.Now()})
				case 1:
					w.clock.move(rapid.SampledFrom([]time.Duration{time.Second, 6 * time.Second, time.Minute, 14 * time.Minute, idle - time.Second, idle, absolute / 3}).Draw(rt, "time"))
				case 2:
					which := all[rapid.IntRange(0, len(all)-1).Draw(rt, "which")]
					if err := w.EndSession(t.Context(), m.in.Session, which.in.Session.ID, browser); (err == nil) != alive(m) {
						rt.Fatal("ending one:", err)
					} else if err == nil {
						which.ended = true
					}
				case 3:
					if err := w.EndOthers(t.Context(), m.in.Session, browser); (err == nil) != alive(m) {
						rt.Fatal("ending the others:", err)
					} else if err == nil {
						for _, x := range all {
							x.ended = x.ended || x != m
						}
					}
				default:
					look(m)
				}
			}
			for _, m := range all {
				look(m)
			}
		})
	})
}

// TestALockIsWhatTheFailuresSay: a model of the counter, in any order of events.
func TestALockIsWhatTheFailuresSay(t *testing.T) {
	each(t, func(w *world) {
		round := 0
		rapid.Check(t, func(rt *rapid.T) {
			round++
			login := fmt.Sprintf("q%d@example.com", round)
			_, in := w.ada(login)
			w.enroll(&in)
			fails, until := 0, time.Time{}
			fail := func() {
				if w.clock.Now().Before(until) {
					return
				}
				if fails++; fails == identity.FailsMax {
					fails, until = 0, w.clock.Now().Add(identity.LockFor)
				}
			}
			for range rapid.IntRange(5, 40).Draw(rt, "steps") {
				switch rapid.IntRange(0, 9).Draw(rt, "what") {
				case 0:
					w.clock.move(rapid.SampledFrom([]time.Duration{time.Second, 29 * time.Minute, 30 * time.Minute}).Draw(rt, "time"))
				case 1, 2, 3, 4, 5:
					_, err := w.signIn(login, "wrong password", "")
					is(t, err, identity.ErrSignInFailed, "a wrong password")
					fail()
				default:
					_, err := w.signIn(login, password, rapid.SampledFrom([]string{"", "00000", "abcd-abcd-abcd-abcd-abcd-abcd-abcd"}).Draw(rt, "code"))
					is(t, err, identity.ErrSignInFailed, "a wrong code")
					fail()
				}
				ways := must(w.WaysOf(t.Context(), in.Session.Person))
				if locked, want := w.clock.Now().Before(ways.LockedUntil), w.clock.Now().Before(until); locked != want || locked && !ways.LockedUntil.Equal(until) {
					rt.Fatalf("locked until %v, want %v", ways.LockedUntil, until)
				}
			}
		})
	})
}

// TestTheMemoryOfSessionsIsConsistent while they end and begin on all sides.
func TestTheMemoryOfSessionsIsConsistent(t *testing.T) {
	each(t, func(w *world) {
		var wg sync.WaitGroup
		for i := range 6 {
			_, in := w.ada(fmt.Sprintf("r%d@example.com", i))
			wg.Go(func() {
				for range 20 {
					next, err := w.signIn(fmt.Sprintf("r%d@example.com", i), password, "")
					if err != nil || !w.works(next.Cookie) {
						t.Error("a new session does not work:", err)
						return
					}
					if err := w.EndSession(t.Context(), next.Session, in.Session.ID, browser); err != nil || w.works(in.Cookie) {
						t.Error("an ended session works:", err)
					}
					in = next
				}
			})
		}
		wg.Wait()
		if n := w.Remembered(); n > 6 {
			t.Errorf("%d sessions in memory for 6 that live", n)
		}
	})
}
