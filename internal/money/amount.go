package money

import (
	"cmp"
	"math"

	"github.com/florinpay/florin/internal/fault"
)

// MaxMinor is the largest amount, in minor units, that a request may carry:
// 2^53-1, the largest integer that every JSON reader keeps exact (RFC 8259 §6).
const MaxMinor int64 = 1<<53 - 1

var (
	// ErrOverflow: the result does not fit 64 bits of minor units.
	ErrOverflow = fault.New(fault.Invalid, "amount_overflow",
		"The amount overflows: it is larger than the platform can count. Use a smaller amount.")

	// ErrCurrencyMismatch: two amounts of different currencies met.
	ErrCurrencyMismatch = fault.New(fault.Invalid, "currency_mismatch",
		"The currencies mismatch. Use the same currency for both amounts.")

	// ErrRange: an amount, a share or a weight is outside its limits.
	ErrRange = fault.New(fault.Invalid, "amount_out_of_range",
		"The amount is out of range. See the limits of this field in the API reference.")
)

// Amount is a number of minor units of one currency: {1234, USD} is 12.34 USD.
// Amounts compare with ==. The zero Amount has no currency and adds to nothing
// but itself.
type Amount struct {
	Minor    int64
	Currency Currency
}

// New makes an amount of minor units. It does not check c; see [ParseCurrency].
func New(minor int64, c Currency) Amount { return Amount{minor, c} }

// Add gives a+b.
// Errors: ErrCurrencyMismatch, ErrOverflow.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, mismatch(a, b)
	}
	sum := a.Minor + b.Minor
	if (a.Minor^sum)&(b.Minor^sum) < 0 { // both signs differ from the sum's: it wrapped
		return Amount{}, ErrOverflow
	}
	return Amount{sum, a.Currency}, nil
}

// Sub gives a-b.
// Errors: ErrCurrencyMismatch, ErrOverflow.
func (a Amount) Sub(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, mismatch(a, b)
	}
	diff := a.Minor - b.Minor
	if (a.Minor^b.Minor)&(a.Minor^diff) < 0 {
		return Amount{}, ErrOverflow
	}
	return Amount{diff, a.Currency}, nil
}

// Neg gives -a.
// Error: ErrOverflow for the one amount that has no opposite, -2^63.
func (a Amount) Neg() (Amount, error) {
	if a.Minor == math.MinInt64 {
		return Amount{}, ErrOverflow
	}
	return Amount{-a.Minor, a.Currency}, nil
}

// Cmp is -1 if a < b, 0 if a == b and +1 if a > b.
// Error: ErrCurrencyMismatch.
func (a Amount) Cmp(b Amount) (int, error) {
	if a.Currency != b.Currency {
		return 0, mismatch(a, b)
	}
	return cmp.Compare(a.Minor, b.Minor), nil
}

// Sign is -1, 0 or +1.
func (a Amount) Sign() int { return cmp.Compare(a.Minor, 0) }

// IsZero reports whether a is nothing, in whatever currency.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// mismatch names the currencies only when both are valid: the text of an
// unchecked one may be anything.
func mismatch(a, b Amount) error {
	if !a.Currency.Valid() || !b.Currency.Valid() {
		return ErrCurrencyMismatch
	}
	return ErrCurrencyMismatch.With("The currencies mismatch: %s and %s. Use the same currency for both amounts.", a.Currency, b.Currency)
}
