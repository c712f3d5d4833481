package bench

import (
	"math"
	"math/bits"
	"time"
)

// bucketsMax covers 2^45 microseconds, over a year.
const bucketsMax = 64 * 40

// histogram counts durations in microseconds, in buckets at most 1.6 % wide;
// below 128 µs every microsecond has its own.
type histogram struct {
	counts [bucketsMax]uint32
	total  uint64
	max    time.Duration
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[min(bucketOf(uint64(d.Microseconds())), bucketsMax-1)]++
	h.total++
	h.max = max(h.max, d)
}

func (h *histogram) merge(other *histogram) {
	for i, n := range other.counts {
		h.counts[i] += n
	}
	h.total += other.total
	h.max = max(h.max, other.max)
}

// quantile is the middle of the bucket that holds the sample of rank ceil(q*n):
// within 0.8 % of it, or half a microsecond. Zero if nothing was added.
func (h *histogram) quantile(q float64) time.Duration {
	rank := max(uint64(math.Ceil(q*float64(h.total))), 1)
	var seen uint64
	for i, n := range h.counts {
		seen += uint64(n)
		if seen >= rank {
			return min(bucketMiddle(i), h.max)
		}
	}
	return 0
}

func bucketOf(us uint64) int {
	if us < 128 {
		return int(us)
	}
	shift := bits.Len64(us) - 7 // leaves 64..127
	return shift*64 + int(us>>shift)
}

func bucketMiddle(i int) time.Duration {
	if i < 128 {
		return time.Duration(i)*time.Microsecond + time.Microsecond/2
	}
	shift := i/64 - 1
	low := time.Duration(i-shift*64) << shift
	return low*time.Microsecond + time.Microsecond<<shift/2
}
