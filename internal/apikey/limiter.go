package apikey

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/florinpay/florin/internal/clock"
)

const (
	shardCount   = 16
	shardMinimum = 64 // entries of a shard that are not worth sweeping
)

// Share is what a caller draws on: an allowance, and how fast it fills.
type Share struct {
	Allowance     string // whose calls are counted together
	RatePerSecond int    // calls a second for long; 0: no limit
	Burst         int    // calls at once
}

// Share is what the key draws on: keys that made one another have one.
func (k Key) Share() Share { return Share{string(k.Allowance), k.RatePerSecond, k.Burst} }

// Limiter holds callers to their rate by the generic cell rate algorithm: one
// instant per allowance, the theoretical arrival time (TAT) of the next call, says
// everything. It counts on this node only: behind n nodes a caller may get n times its
// rate. Source: ITU-T I.371, annex A.
type Limiter struct {
	clock  clock.Clock
	seed   maphash.Seed
	shards [shardCount]shard
}

type shard struct {
	mu      sync.Mutex
	tat     map[string]int64 // by allowance, nanoseconds since 1970
	sweepAt int              // size at which idle entries are dropped
}

// NewLimiter starts with every caller at rest.
func NewLimiter(c clock.Clock) *Limiter {
	l := &Limiter{clock: c, seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i] = shard{tat: map[string]int64{}, sweepAt: shardMinimum}
	}
	return l
}

// Decision is what the limiter says of one call.
// Source: draft-ietf-httpapi-ratelimit-headers for what the numbers mean.
type Decision struct {
	OK         bool
	Limit      int           // calls at once, the burst; 0: there is no limit
	Remaining  int           // calls that may follow at once
	ResetAfter time.Duration // until Remaining is Limit again, if no call follows
	RetryAfter time.Duration // if not OK: until a call may succeed
}

// Allow counts a call of whoever has the share, if it may be made now.
func (l *Limiter) Allow(of Share) Decision {
	if of.RatePerSecond <= 0 {
		return Decision{OK: true}
	}
	s := &l.shards[maphash.String(l.seed, of.Allowance)%shardCount]
	s.mu.Lock()
	defer s.mu.Unlock()
	now := l.clock.Now().UnixNano() // inside the lock, so that calls come in the order of their time
	if len(s.tat) >= s.sweepAt {
		s.sweep(now)
	}
	next, d := decide(s.tat[of.Allowance], now, of.RatePerSecond, of.Burst)
	if d.OK {
		s.tat[of.Allowance] = next
	}
	return d
}

// decide is the algorithm: a call moves the arrival time on by one interval,
// and is allowed while that stays within burst intervals from now.
func decide(tat, now int64, ratePerSecond, burst int) (next int64, d Decision) {
	interval := (int64(time.Second) + int64(ratePerSecond) - 1) / int64(ratePerSecond) // rounded up: never above the rate
	burst = max(burst, 1)
	room := int64(burst) * interval
	tat = max(tat, now)
	tat = min(tat, now+room) // further only if the clock was set back, or the limit was lowered
	d.Limit = burst
	next = tat + interval
	if over := next - now - room; over > 0 {
		d.ResetAfter, d.RetryAfter = time.Duration(tat-now), time.Duration(over)
		return tat, d
	}
	d.OK = true
	d.Remaining = int((room - (next - now)) / interval)
	d.ResetAfter = time.Duration(next - now)
	return next, d
}

// sweep drops the keys that are at rest: an absent one is the same. It waits
// for twice as many before the next time, so that calls pay for it in constant time.
func (s *shard) sweep(now int64) {
	for key, tat := range s.tat {
		if tat <= now {
			delete(s.tat, key)
		}
	}
	s.sweepAt = max(shardMinimum, 2*len(s.tat))
}
