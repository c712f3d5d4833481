package money_test

import (
	"errors"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/money"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]string{
		"1.0842": "1 EUR = 1.0842 USD", "2": "1 EUR = 2 USD", "0.0000000001": "1 EUR = 0.0000000001 USD", "0.50": "1 EUR = 0.50 USD",
		"1000000000000000": "1 EUR = 1000000000000000 USD",
	} {
		if r, err := money.ParseRate(money.EUR, money.USD, text); err != nil || r.String() != want {
			t.Errorf("%q: %v %v, want %s", text, r, err, want)
		}
	}
	for _, text := range []string{"", "0", "0.0", "-1", "+1", "1.", ".5", "1e3", "1,5", "1.00000000001", "1000000000000001", " 1", "NaN", "１"} {
		if r, err := money.ParseRate(money.EUR, money.USD, text); !errors.Is(err, money.ErrRate) {
			t.Errorf("%q is read as %v, %v", text, r, err)
		}
	}
	if _, err := money.ParseRate(money.EUR, money.EUR, "1"); !errors.Is(err, money.ErrCurrencyMismatch) {
		t.Errorf("a currency in itself: %v", err)
	}
	if _, err := money.ParseRate("EUX", money.USD, "1"); !errors.Is(err, money.ErrCurrencyUnknown) {
		t.Errorf("an unknown currency: %v", err)
	}
}

func TestConvert(t *testing.T) {
	for _, c := range []struct {
		from, to money.Currency
		rate     string
		minor    int64
		want     int64
		residue  int64 // in 10^-14 minor units
	}{
		{money.EUR, money.USD, "1.0842", 1000, 1084, 20_000_000_000_000},
		{money.EUR, money.USD, "1.0850", 100, 108, 50_000_000_000_000},  // half goes to the even side
		{money.EUR, money.USD, "1.0950", 100, 110, -50_000_000_000_000}, // also upwards
		{money.JPY, money.USD, "0.006606", 100, 66, 6_000_000_000_000},
		{money.USD, money.JPY, "151.37", 199, 301, 22_630_000_000_000},
		{money.KWD, money.USD, "3.2557", 1, 0, 32_557_000_000_000},
		{money.JPY, money.CLF, "0.0002", 5, 10, 0},
		{money.USD, money.KWD, "0.30715", 1000, 3072, -50_000_000_000_000}, // 3071.5
	} {
		r, err := money.ParseRate(c.from, c.to, c.rate)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Convert(c.minor)
		if err != nil || got != money.New(c.want, c.to) {
			t.Errorf("%d minor units at %s are %v, %v; want %d", c.minor, r, got, err, c.want)
		}
		if got := r.Residue(c.minor, c.want); got != c.residue {
			t.Errorf("%d minor units at %s leave %d, want %d", c.minor, r, got, c.residue)
		}
	}
	for _, r := range []money.Rate{
		{From: money.JPY, To: money.CLF, Value: money.RateValueMax, Scale: 0},
		{From: money.EUR, To: money.USD, Value: money.RateValueMax, Scale: 0},
	} {
		if got, err := r.Convert(money.MaxMinor); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("the largest amount at %s is %v, %v", r, got, err)
		}
	}
}

// TestConversionIsExact: what is given and what is left are together exactly the worth,
// whatever the rate, and rounding leaves at most half a minor unit.
func TestConversionIsExact(t *testing.T) {
	currencies := money.Currencies()
	rapid.Check(t, func(t *rapid.T) {
		r := money.Rate{
			From: rapid.SampledFrom(currencies).Draw(t, "from"), To: rapid.SampledFrom(currencies).Draw(t, "to"),
			Value: rapid.Int64Range(1, money.RateValueMax).Draw(t, "value"), Scale: rapid.IntRange(0, money.RateScaleMax).Draw(t, "scale"),
		}
		minor := rapid.Int64Range(0, money.MaxMinor).Draw(t, "minor")
		got, err := r.Convert(minor)
		if errors.Is(err, money.ErrOverflow) {
			return
		}
		left := r.Residue(minor, got.Minor)
		if left > money.ResidueUnit/2 || left < -money.ResidueUnit/2 {
			t.Fatalf("%d at %s: rounding left %d", minor, r, left)
		}
		// minor · value · 10^toExponent · unit == (got·unit + left) · 10^(scale + fromExponent)
		exact := product(minor, r.Value, pow10(r.To.Exponent()), money.ResidueUnit)
		kept := new(big.Int).Add(product(got.Minor, money.ResidueUnit), big.NewInt(left))
		if kept.Mul(kept, product(pow10(r.Scale), pow10(r.From.Exponent()))); kept.Cmp(exact) != 0 {
			t.Fatalf("%d at %s: given %v and left %d are not its worth", minor, r, got, left)
		}
	})
}

func product(factors ...int64) *big.Int {
	p := big.NewInt(1)
	for _, f := range factors {
		p.Mul(p, big.NewInt(f))
	}
	return p
}

func pow10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
