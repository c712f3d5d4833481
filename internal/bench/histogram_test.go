package bench

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// durations are drawn over all magnitudes, not only among the large ones.
func durations() *rapid.Generator[time.Duration] {
	return rapid.Custom(func(t *rapid.T) time.Duration {
		bits := rapid.IntRange(0, 42).Draw(t, "bits")
		return time.Duration(rapid.Int64Range(0, 1<<bits).Draw(t, "ns"))
	})
}

func TestQuantilesAgreeWithSortedSamples(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.SliceOfN(durations(), 1, 300).Draw(t, "samples")
		cut := rapid.IntRange(0, len(samples)).Draw(t, "cut")
		var h, second histogram
		for i, d := range samples {
			if i < cut {
				h.add(d)
			} else {
				second.add(d)
			}
		}
		h.merge(&second)
		slices.Sort(samples)
		for _, q := range []float64{0, .5, .9, .99, .999, 1} {
			rank := max(int(math.Ceil(q*float64(len(samples)))), 1)
			want, got := samples[rank-1], h.quantile(q)
			if off := (got - want).Abs(); off > want/100+time.Microsecond {
				t.Fatalf("quantile %v of %d samples: %v, sorted samples say %v", q, len(samples), got, want)
			}
		}
		if last := samples[len(samples)-1]; h.max != last || h.quantile(1) > last {
			t.Fatalf("the most is %v and quantile 1 is %v, not %v", h.max, h.quantile(1), last)
		}
	})
}

func TestHistogramAtItsEnds(t *testing.T) {
	var h histogram
	if got := h.quantile(.5); got != 0 {
		t.Errorf("an empty histogram's median is %v", got)
	}
	h.add(-time.Second) // a clock that stepped back
	h.add(math.MaxInt64)
	if h.total != 2 || h.quantile(.5) > time.Microsecond || h.max != math.MaxInt64 {
		t.Errorf("total %d, median %v, max %v", h.total, h.quantile(.5), h.max)
	}
}

func TestBucketsGrowWithoutAGap(t *testing.T) {
	for us := uint64(1); us < 1<<20; us++ {
		if step := bucketOf(us) - bucketOf(us-1); step < 0 || step > 1 {
			t.Fatalf("bucket steps by %d at %d µs", step, us)
		}
	}
}
