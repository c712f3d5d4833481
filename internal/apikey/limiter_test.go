package apikey_test

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/id"
)

func limited(name string, rate, burst int) apikey.Key {
	key := id.Derive[id.APIKey](name)
	return apikey.Key{ID: key, Allowance: key, RatePerSecond: rate, Burst: burst}
}

// asTold is a gap of as long as the last decision said.
const asTold int64 = -1

// Whatever the schedule: in every stretch of time t at most burst + rate × t
// calls are allowed, and each decision's numbers come true.
func TestALimitedKeyNeverPassesItsRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, burst := rapid.IntRange(1, 5000).Draw(t, "rate"), rapid.IntRange(1, 30).Draw(t, "burst")
		c, k := newStillClock(), limited("k", rate, burst)
		l := apikey.NewLimiter(c)
		interval := int64(time.Second)/int64(rate) + 1
		gaps := rapid.SliceOfN(rapid.OneOf(rapid.Just(int64(0)), rapid.Just(asTold), rapid.Int64Range(0, 2*interval), rapid.Int64Range(0, int64(burst)*interval*2)), 1, 150).Draw(t, "gaps")
		var allowed []time.Time
		var d apikey.Decision
		for _, gap := range gaps {
			if gap == asTold {
				gap = int64(d.RetryAfter)
			}
			c.move(time.Duration(gap))
			d = l.Allow(k.Share())
			if d.Limit != burst || d.Remaining < 0 || d.Remaining >= burst || d.OK != (d.RetryAfter == 0) || d.ResetAfter <= 0 {
				t.Fatalf("decision %+v", d)
			}
			if !d.OK {
				if d.Remaining != 0 || d.RetryAfter > time.Duration(interval) {
					t.Fatalf("refused with %+v", d)
				}
				continue
			}
			allowed = append(allowed, c.Now())
			for i, first := range allowed {
				count, span := int64(len(allowed)-i), c.Now().Sub(first)
				if (count-int64(burst))*int64(time.Second) > int64(rate)*int64(span) {
					t.Fatalf("%d calls in %v, with a burst of %d and a rate of %d", count, span, burst, rate)
				}
			}
		}
	})
}

func TestALimitersNumbersComeTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate, burst := rapid.IntRange(1, 5000).Draw(t, "rate"), rapid.IntRange(1, 30).Draw(t, "burst")
		c, k := newStillClock(), limited("k", rate, burst)
		l := apikey.NewLimiter(c)
		for range rapid.IntRange(0, 40).Draw(t, "calls") {
			l.Allow(k.Share())
			c.move(time.Duration(rapid.Int64Range(0, int64(time.Second)/int64(rate)).Draw(t, "gap")))
		}
		for d := l.Allow(k.Share()); d.OK; { // Remaining calls may follow at once, and no more
			next := l.Allow(k.Share())
			if next.OK != (d.Remaining > 0) || next.OK && next.Remaining != d.Remaining-1 {
				t.Fatalf("%+v was followed by %+v", d, next)
			}
			d = next
		}
		refused := l.Allow(k.Share())
		c.move(refused.RetryAfter - 1)
		if l.Allow(k.Share()).OK {
			t.Fatal("allowed before RetryAfter")
		}
		c.move(1)
		d := l.Allow(k.Share())
		if !d.OK {
			t.Fatalf("refused after RetryAfter: %+v", d)
		}
		c.move(d.ResetAfter)
		if d = l.Allow(k.Share()); !d.OK || d.Remaining != burst-1 {
			t.Fatalf("not at rest after ResetAfter: %+v", d)
		}
	})
}

func TestASteadyCallerIsNeverRefused(t *testing.T) {
	c, k := newStillClock(), limited("k", 8, 1)
	l := apikey.NewLimiter(c)
	for i := range 1000 {
		if d := l.Allow(k.Share()); !d.OK {
			t.Fatalf("call %d: %+v", i, d)
		}
		c.move(time.Second / 8)
	}
}

func TestAnUnlimitedKeyHasNoNumbers(t *testing.T) {
	l := apikey.NewLimiter(newStillClock())
	for range 1000 {
		if d := l.Allow(limited("k", 0, 0).Share()); d != (apikey.Decision{OK: true}) {
			t.Fatalf("decision %+v", d)
		}
	}
}

func TestKeysAreLimitedApart(t *testing.T) {
	c := newStillClock()
	l := apikey.NewLimiter(c)
	for l.Allow(limited("a", 1, 5).Share()).OK {
	}
	if d := l.Allow(limited("b", 1, 5).Share()); !d.OK || d.Remaining != 4 {
		t.Errorf("another key has %+v", d)
	}
}

func TestAClockSetBackDoesNotLockAKeyOut(t *testing.T) {
	c, k := newStillClock(), limited("k", 10, 2)
	l := apikey.NewLimiter(c)
	for l.Allow(k.Share()).OK {
	}
	c.move(-time.Hour)
	if d := l.Allow(k.Share()); d.OK || d.RetryAfter > time.Second/10 {
		t.Errorf("decision %+v", d)
	}
}

func TestConcurrentCallsShareOneLimit(t *testing.T) {
	c, k := newStillClock(), limited("k", 10, 100)
	l := apikey.NewLimiter(c)
	var mu sync.Mutex
	allowed := 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if l.Allow(k.Share()).OK {
					mu.Lock()
					allowed++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	if allowed != 100 {
		t.Errorf("%d of 800 calls allowed, want the burst of 100", allowed)
	}
}
