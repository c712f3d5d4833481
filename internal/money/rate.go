package money

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// Limits of a rate.
const (
	RateScaleMax       = 10
	RateValueMax int64 = 1e15
)

// ResidueScale is the number of decimals that a residue counts of one minor unit:
// enough for every rate between every two currencies.
const ResidueScale = RateScaleMax + exponentMax

// ResidueUnit is one minor unit as a residue counts.
const ResidueUnit int64 = 1e14

const exponentMax = 4 // of ISO 4217: CLF, UYW

// ErrRate: the text is not a rate. Operators see it, callers of the API give no rates.
var ErrRate = errors.New("the rate is malformed: write a number above zero with at most 10 decimals and 15 digits, for example 1.0842")

// Rate is a price between two currencies: one major unit of From is worth
// Value / 10^Scale major units of To. It is exact; no float is on its way.
type Rate struct {
	From, To Currency
	Value    int64 // 1..RateValueMax
	Scale    int   // 0..RateScaleMax
}

// ParseRate reads a decimal number such as "1.0842" as the price of from in to.
// Errors: ErrRate, ErrCurrencyUnknown, ErrCurrencyMismatch if both are the same.
func ParseRate(from, to Currency, text string) (Rate, error) {
	switch {
	case !from.Valid() || !to.Valid():
		return Rate{}, ErrCurrencyUnknown
	case from == to:
		return Rate{}, ErrCurrencyMismatch.With("There is no rate of a currency in itself. Name two currencies.")
	}
	whole, fraction, point := strings.Cut(text, ".")
	if !digits(whole) || !digits(fraction) || whole == "" || point && fraction == "" || len(fraction) > RateScaleMax {
		return Rate{}, ErrRate
	}
	value, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil || value <= 0 || value > RateValueMax {
		return Rate{}, ErrRate
	}
	return Rate{from, to, value, len(fraction)}, nil
}

// String prints the rate: "1 EUR = 1.0842 USD".
func (r Rate) String() string {
	text := strconv.FormatInt(r.Value, 10)
	if missing := r.Scale + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	if r.Scale > 0 {
		text = text[:len(text)-r.Scale] + "." + text[len(text)-r.Scale:]
	}
	return "1 " + string(r.From) + " = " + text + " " + string(r.To)
}

// Convert gives what minor units of From are worth in To, rounded half to even:
// the one rounding of a conversion. Error: ErrOverflow.
func (r Rate) Convert(minor int64) (Amount, error) {
	num, den := r.ratio()
	to, ok := halfEven(minor, num, den)
	if !ok || num == 0 {
		return Amount{}, ErrOverflow
	}
	return Amount{to, r.To}, nil
}

// Residue is what minor units of From are worth exactly, less the settled minor units
// of To that were given for them, in 1/[ResidueUnit] minor units of To. settled must be
// within 10,000 units of the exact worth: a residue is what rounding left.
func (r Rate) Residue(minor, settled int64) int64 {
	num, den := r.ratio()
	left := minor*num - settled*den // the true difference is small, so wrapping on the way is harmless
	return left * (ResidueUnit / den)
}

// ratio is the rate between minor units as a fraction. den is a power of ten up to
// ResidueUnit; num is 0 if it does not fit, which ends in ErrOverflow.
func (r Rate) ratio() (num, den int64) {
	decimals := r.Scale + r.From.Exponent() - r.To.Exponent()
	if decimals >= 0 {
		return r.Value, power(decimals)
	}
	if scale := power(-decimals); r.Value <= math.MaxInt64/scale {
		return r.Value * scale, 1
	}
	return 0, 1
}

func power(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
