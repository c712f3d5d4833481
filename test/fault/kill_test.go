package fault

import (
	"math/rand/v2"
	"testing"
	"time"
)

const (
	clients    = 6
	cycles     = 50
	checkEvery = 10 // cycles between two looks at the store
	lifeMin    = 50 * time.Millisecond
	lifeMax    = 1500 * time.Millisecond
)

// TestKillLoop kills the server again and again while clients pay, and while it
// starts, and finds nothing lost and nothing doubled.
func TestKillLoop(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		r := chance(t)
		l := newLoad(t)
		starts := 300 * time.Millisecond // how long one takes
		killWhileStarting(t, p, r, starts, 5)
		for n := range numberFrom(t, "FLORIN_KILL_CYCLES", cycles) {
			if n%10 == 9 {
				killWhileStarting(t, p, r, starts, 1)
			}
			s := start(t, p)
			starts = s.took
			if n%checkEvery == checkEvery-1 {
				l.look(s)
			}
			l.liveAndDie(s, r)
			if t.Failed() {
				break
			}
		}
		l.finish(start(t, p))
	})
}

// killWhileStarting kills servers at random moments of their start: the first
// times amid the migrations, later amid recovery.
func killWhileStarting(t *testing.T, p place, r *rand.Rand, starts time.Duration, times int) {
	t.Helper()
	for range times {
		s := launch(t, p)
		time.Sleep(time.Duration(r.Int64N(int64(starts))))
		s.kill()
	}
}

// liveAndDie loads s for a random while and kills it amid the load.
func (l *load) liveAndDie(s *server, r *rand.Rand) {
	stop := make(chan struct{})
	life := lifeMin + time.Duration(r.Int64N(int64(lifeMax-lifeMin)))
	killed := make(chan struct{})
	go func() {
		time.Sleep(life)
		s.kill()
		close(stop)
		close(killed)
	}()
	l.run(s.api, r, clients, stop)
	<-killed
}

// look checks between two cycles, when nothing is under way but what a crash left.
func (l *load) look(s *server) {
	l.t.Helper()
	all, err := read(s.api, false)
	if err != nil {
		l.t.Fatal(err)
	}
	l.check(s.api, all, false)
}

// TestUnknownResolvesAlone leaves a payment whose rail is silent, kills the server,
// and never asks again: the new one finds out by itself.
func TestUnknownResolvesAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		s := start(t, p)
		a, err := s.api.pay("silent", "tok_unknown", 4200)
		if err != nil || a.shown().state() != "processing" {
			t.Fatalf("a payment by a silent card: %v %s", err, a)
		}
		s.kill()
		s = start(t, p)
		eventually(t, 30*time.Second, "the payment resolves", func() bool {
			return s.api.payment(t, a.shown().ID).state() == "succeeded"
		})
		if again, err := s.api.pay("silent", "tok_unknown", 4200); err != nil || !again.replayed || again.shown().ID != a.shown().ID {
			t.Errorf("the retry after it: %v %s", err, again)
		}
		p.verify(t)
	})
}
