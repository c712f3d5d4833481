package money

import (
	"strconv"
	"strings"

	"github.com/florinpay/florin/internal/fault"
)

// ErrMalformed: the text is not a decimal amount of the currency.
var ErrMalformed = fault.New(fault.Invalid, "amount_malformed",
	"The amount is malformed. Write digits with exactly the decimals of the currency, for example 12.34 for USD.")

// ParseDecimal reads what [Amount.Decimal] prints, and nothing else: digits, then
// a point and exactly as many digits as c's exponent (no point if that is 0). A
// minus may stand in front of an amount other than zero. No plus, exponent,
// leading zero, space or grouping. The whole range of 64 bits is read; a request
// must also keep [MaxMinor].
// Errors: ErrCurrencyUnknown, ErrMalformed, ErrOverflow.
func ParseDecimal(s string, c Currency) (Amount, error) {
	if !c.Valid() {
		return Amount{}, ErrCurrencyUnknown
	}
	unsigned, negative := strings.CutPrefix(s, "-")
	whole, fraction, point := strings.Cut(unsigned, ".")
	exponent := c.Exponent()
	canonical := digits(whole) && digits(fraction) && len(fraction) == exponent && point == (exponent > 0) &&
		whole != "" && (whole[0] != '0' || len(whole) == 1)
	if !canonical || negative && strings.Trim(unsigned, "0.") == "" {
		return Amount{}, ErrMalformed.With("The amount is malformed. Write a %s amount with exactly %d decimals and no leading zero, for example %s.",
			c, exponent, Amount{1234, c}.Decimal())
	}
	signed := whole + fraction
	if negative {
		signed = "-" + signed
	}
	minor, err := strconv.ParseInt(signed, 10, 64)
	if err != nil {
		return Amount{}, ErrOverflow // the form is right, so only its size can be wrong
	}
	return Amount{minor, c}, nil
}

// Decimal prints a in major units with exactly the decimals of its currency:
// "12.34", "-0.05", or "1234" for JPY. A currency that is not valid has none.
func (a Amount) Decimal() string {
	exponent := a.Currency.Exponent()
	text := strconv.FormatUint(magnitude(a.Minor), 10)
	if exponent > 0 {
		if missing := exponent + 1 - len(text); missing > 0 {
			text = strings.Repeat("0", missing) + text
		}
		point := len(text) - exponent
		text = text[:point] + "." + text[point:]
	}
	if a.Minor < 0 {
		return "-" + text
	}
	return text
}

// String prints the decimal amount and its currency: "12.34 USD".
func (a Amount) String() string {
	if a.Currency == "" {
		return a.Decimal()
	}
	return a.Decimal() + " " + string(a.Currency)
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
