package money

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// BPSMax is the whole in basis points.
const BPSMax = 10_000

// Split returns bps basis points of a (0..10_000, rounded half to even) and the
// rest; part+rest == a. It fits for every amount.
// Error: ErrRange.
func (a Amount) Split(bps int) (part, rest Amount, err error) {
	if bps < 0 || bps > BPSMax {
		return Amount{}, Amount{}, ErrRange.With("The share is out of range. Give 0 to %d basis points.", BPSMax)
	}
	minor, _ := halfEven(a.Minor, int64(bps), BPSMax) // at most |a|, so it fits
	return Amount{minor, a.Currency}, Amount{a.Minor - minor, a.Currency}, nil
}

// MulDiv gives a*num/den, rounded half to even, exact in between.
// Errors: ErrRange if den is 0, ErrOverflow.
func (a Amount) MulDiv(num, den int64) (Amount, error) {
	if den == 0 {
		return Amount{}, ErrRange.With("The ratio is out of range. Give a denominator other than 0.")
	}
	minor, ok := halfEven(a.Minor, num, den)
	if !ok {
		return Amount{}, ErrOverflow
	}
	return Amount{minor, a.Currency}, nil
}

// Allocate shares a out by weights so that the shares sum to a exactly: each
// gets its weight's part rounded towards zero, and the units left over go to the
// largest remainders, the earlier first among equals. A weight of 0 gets 0.
// Error: ErrRange if a weight is negative, all are 0 or absent, or their sum
// passes 2^63-1.
func (a Amount) Allocate(weights ...int64) ([]Amount, error) {
	total, err := totalWeight(weights)
	if err != nil {
		return nil, err
	}
	whole := magnitude(a.Minor)
	shares, left := make([]uint64, len(weights)), whole
	remainders := make([]remainder, len(weights))
	for i, w := range weights {
		hi, lo := bits.Mul64(whole, uint64(w))
		q, r := bits.Div64(hi, lo, total) // w <= total, so q <= whole and hi < total
		shares[i], remainders[i] = q, remainder{r, i}
		left -= q
	}
	slices.SortStableFunc(remainders, func(x, y remainder) int { return cmp.Compare(y.size, x.size) })
	for _, r := range remainders[:left] { // fewer than one unit is left per weight
		shares[r.index]++
	}
	out := make([]Amount, len(shares))
	for i, s := range shares {
		out[i] = Amount{signed(s, a.Minor < 0), a.Currency}
	}
	return out, nil
}

// remainder is what rounding down took from the share at index.
type remainder struct {
	size  uint64
	index int
}

func totalWeight(weights []int64) (uint64, error) {
	var total int64
	for _, w := range weights {
		if w < 0 || total > math.MaxInt64-w {
			return 0, ErrRange.With("The weights are out of range. Give weights from 0, with a sum up to 2^63-1.")
		}
		total += w
	}
	if total == 0 {
		return 0, ErrRange.With("The weights are out of range. Give at least one weight above 0.")
	}
	return uint64(total), nil
}

// halfEven is a*num/den, rounded half to even, and whether it fits int64. This
// is the one place where money is rounded. It panics if den is 0.
func halfEven(a, num, den int64) (int64, bool) {
	negative := (a < 0) != (num < 0) != (den < 0)
	d := magnitude(den)
	hi, lo := bits.Mul64(magnitude(a), magnitude(num))
	if hi >= d && d != 0 {
		return 0, false // the quotient needs more than 64 bits
	}
	q, r := bits.Div64(hi, lo, d)
	if q > 1<<63 {
		return 0, false // refused before rounding, so that q+1 cannot wrap
	}
	if up := d - r; r > up || r == up && q&1 == 1 {
		q++
	}
	if q > math.MaxInt64 && !(negative && q == 1<<63) {
		return 0, false
	}
	return signed(q, negative), true
}

// magnitude is |x|, also for -2^63.
func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

// signed undoes magnitude. m is at most 2^63-1, or 2^63 if negative.
func signed(m uint64, negative bool) int64 {
	if negative {
		return int64(-m)
	}
	return int64(m)
}
