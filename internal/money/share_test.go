package money_test

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/florinpay/florin/internal/money"
	"pgregory.net/rapid"
)

func TestSplitRoundsHalfToEven(t *testing.T) {
	for _, c := range []struct {
		minor int64
		bps   int
		part  int64
	}{
		{1000, 290, 29}, {100, 50, 0}, {300, 50, 2}, {500, 50, 2}, {700, 50, 4}, // halves go to the even neighbour
		{-100, 50, 0}, {-300, 50, -2}, {-500, 50, -2},
		{101, 50, 1}, {99, 50, 0},
		{0, 5000, 0}, {1, 0, 0}, {1, 10_000, 1}, {1, 5000, 0}, {3, 5000, 2},
		{most, 10_000, most}, {least, 10_000, least}, {least, 0, 0}, {least, 5000, least / 2}, {most, 5000, 1 << 62},
	} {
		part, rest, err := usd(c.minor).Split(c.bps)
		if err != nil || part != usd(c.part) || rest != usd(c.minor-c.part) {
			t.Errorf("Split(%d, %d bps) = %v, %v, %v; want part %d", c.minor, c.bps, part, rest, err, c.part)
		}
	}
	for _, bps := range []int{-1, 10_001, most, least} {
		if _, _, err := usd(100).Split(bps); !errors.Is(err, money.ErrRange) {
			t.Errorf("Split by %d bps: %v", bps, err)
		}
	}
}

func TestSplitLosesNothingAndAgreesWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := usd(anyMinor.Draw(t, "minor"))
		bps := rapid.IntRange(0, money.BPSMax).Draw(t, "bps")
		part, rest, err := a.Split(bps)
		if err != nil {
			t.Fatal(err)
		}
		if sum, err := part.Add(rest); err != nil || sum != a {
			t.Fatalf("%v splits into %v and %v", a, part, rest)
		}
		if part.Sign()*rest.Sign() < 0 || part.Sign()*a.Sign() < 0 {
			t.Fatalf("%v splits into %v and %v: signs differ", a, part, rest)
		}
		if want := roundedRatio(a.Minor, int64(bps), money.BPSMax); want.Cmp(big.NewInt(part.Minor)) != 0 {
			t.Fatalf("%d bps of %v is %v, want %v", bps, a, part, want)
		}
	})
}

func TestMulDivAgreesWithBig(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, num, den := anyMinor.Draw(t, "a"), anyMinor.Draw(t, "num"), anyMinor.Draw(t, "den")
		got, err := usd(a).MulDiv(num, den)
		if den == 0 {
			if !errors.Is(err, money.ErrRange) {
				t.Fatalf("division by zero: %v", err)
			}
			return
		}
		want := roundedRatio(a, num, den)
		if !want.IsInt64() {
			if !errors.Is(err, money.ErrOverflow) {
				t.Fatalf("%d*%d/%d = %v, %v; want overflow", a, num, den, got, err)
			}
			return
		}
		if err != nil || got != usd(want.Int64()) {
			t.Fatalf("%d*%d/%d = %v, %v; want %v", a, num, den, got, err, want)
		}
	})
}

func TestMulDivAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		a, num, den, want int64
		err               error
	}{
		{5, 1, 2, 2, nil}, {7, 1, 2, 4, nil}, {-5, 1, 2, -2, nil}, {5, -1, 2, -2, nil}, {5, -1, -2, 2, nil},
		{least, least, least, least, nil}, {least, 1, 1, least, nil}, {least, -1, 1, 0, money.ErrOverflow},
		{most, most, most, most, nil}, {most, 2, 1, 0, money.ErrOverflow}, {least, least, 1, 0, money.ErrOverflow},
		{most, 3, 3, most, nil}, {most - 1, 1<<62 + 1, 1 << 61, 0, money.ErrOverflow}, // 2^64-1 and a bit: rounding up would wrap
		{least, most, most, least, nil},
		{1, most, most - 1, 1, nil}, {0, 0, 1, 0, nil}, {1, 1, 0, 0, money.ErrRange},
	} {
		got, err := usd(c.a).MulDiv(c.num, c.den)
		if !errors.Is(err, c.err) || err == nil && got != usd(c.want) {
			t.Errorf("%d*%d/%d = %v, %v; want %d, %v", c.a, c.num, c.den, got, err, c.want, c.err)
		}
	}
}

func TestAllocateGivesTheRestToTheLargestRemainders(t *testing.T) {
	for _, c := range []struct {
		minor   int64
		weights []int64
		want    []int64
	}{
		{100, []int64{1, 1, 1}, []int64{34, 33, 33}},
		{-100, []int64{1, 1, 1}, []int64{-34, -33, -33}},
		{5, []int64{3, 7}, []int64{2, 3}}, // 1.5 and 3.5: equal remainders, the earlier wins
		{10, []int64{1, 0, 2}, []int64{3, 0, 7}},
		{1, []int64{0, 1, 1, 0}, []int64{0, 1, 0, 0}},
		{0, []int64{4, 5}, []int64{0, 0}},
		{7, []int64{9}, []int64{7}},
		{least, []int64{most}, []int64{least}},
		{least, []int64{most / 2, most / 2}, []int64{least / 2, least / 2}},
		{most, []int64{most - 1, 1}, []int64{most - 1, 1}},
	} {
		got, err := usd(c.minor).Allocate(c.weights...)
		want := make([]money.Amount, len(c.want))
		for i, minor := range c.want {
			want[i] = usd(minor)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d by %v: %v, %v; want %v", c.minor, c.weights, got, err, want)
		}
	}
	for _, weights := range [][]int64{nil, {0}, {0, 0}, {-1}, {2, -1}, {most, 1}, {most, most, 2}} {
		if got, err := usd(100).Allocate(weights...); !errors.Is(err, money.ErrRange) || got != nil {
			t.Errorf("by %v: %v, %v", weights, got, err)
		}
	}
}

func TestAllocateSumsAndStaysWithinOneUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := usd(anyMinor.Draw(t, "minor"))
		weights := rapid.SliceOfN(rapid.Int64Range(0, most/20), 1, 20).Draw(t, "weights")
		shares, err := a.Allocate(weights...)
		if err != nil {
			if slices.Max(weights) > 0 {
				t.Fatal(err)
			}
			return
		}
		total, sum := new(big.Int), new(big.Int)
		for i, w := range weights {
			total.Add(total, big.NewInt(w))
			sum.Add(sum, big.NewInt(shares[i].Minor))
		}
		if sum.Cmp(big.NewInt(a.Minor)) != 0 {
			t.Fatalf("%v by %v sums to %v", a, weights, sum)
		}
		for i, w := range weights { // |share*total - a*w| < total
			off := new(big.Int).Mul(big.NewInt(shares[i].Minor), total)
			off.Sub(off, new(big.Int).Mul(big.NewInt(a.Minor), big.NewInt(w)))
			if off.CmpAbs(total) >= 0 || w == 0 && !shares[i].IsZero() || shares[i].Sign()*a.Sign() < 0 {
				t.Fatalf("%v by %v: share %d is %v", a, weights, i, shares[i])
			}
		}
	})
}

// roundedRatio is a*num/den by the definition: the nearest integer, and of two
// equally near the even one.
func roundedRatio(a, num, den int64) *big.Int {
	exact := big.NewRat(1, 1).SetFrac(new(big.Int).Mul(big.NewInt(a), big.NewInt(num)), big.NewInt(den))
	floor := new(big.Int).Div(exact.Num(), exact.Denom()) // Euclidean: floor, as Denom > 0
	above := new(big.Rat).Sub(exact, new(big.Rat).SetInt(floor))
	switch above.Cmp(big.NewRat(1, 2)) {
	case 1:
		floor.Add(floor, big.NewInt(1))
	case 0:
		floor.Add(floor, big.NewInt(int64(floor.Bit(0))))
	}
	return floor
}

func ExampleAmount_Split() {
	paid := money.New(1050, money.USD)
	fee, rest, _ := paid.Split(290) // 2.9 %: 30.45 cents
	fmt.Println(fee, "+", rest)
	// Output: 0.30 USD + 10.20 USD
}

func ExampleAmount_Allocate() {
	shares, _ := money.New(1000, money.JPY).Allocate(1, 1, 1)
	fmt.Println(shares)
	// Output: [334 JPY 333 JPY 333 JPY]
}

func BenchmarkSplit(b *testing.B) {
	a := usd(123_456_789)
	for b.Loop() {
		if _, _, err := a.Split(290); err != nil {
			b.Fatal(err)
		}
	}
}
