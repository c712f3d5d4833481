package money

import (
	"maps"
	"slices"

	"github.com/florinpay/florin/internal/fault"
)

// Currency is an ISO 4217 alphabetic code in capitals. A Currency from
// [ParseCurrency] is valid; one converted from other text is so if Valid says it.
type Currency string

// Currencies that the code or the tests name. Every other active code comes
// through [ParseCurrency].
const (
	CLF Currency = "CLF" // Unidad de Fomento, exponent 4
	CNY Currency = "CNY"
	EUR Currency = "EUR"
	GBP Currency = "GBP"
	JPY Currency = "JPY" // exponent 0
	KWD Currency = "KWD" // exponent 3
	USD Currency = "USD"
)

// ErrCurrencyUnknown: the text is not an active ISO 4217 code with a minor unit.
var ErrCurrencyUnknown = fault.New(fault.Invalid, "currency_unknown",
	"The currency is unknown. Use an active ISO 4217 code that has a minor unit, in capitals, for example USD.")

// ParseCurrency gives the currency named s, in capitals.
// Error: ErrCurrencyUnknown, also for withdrawn codes and for codes without a
// minor unit such as XAU, XXX and XTS. It does not repeat s.
func ParseCurrency(s string) (Currency, error) {
	if c := Currency(s); c.Valid() {
		return c, nil
	}
	return "", ErrCurrencyUnknown
}

// Currencies lists the valid currencies in alphabetic order.
func Currencies() []Currency { return slices.Sorted(maps.Keys(active)) }

// Valid reports whether c is an active code with a minor unit.
func (c Currency) Valid() bool {
	_, ok := active[c]
	return ok
}

// Exponent is the number of decimal digits of the minor unit: 2 for USD, 0 for
// JPY, 3 for KWD. It is 0 if c is not valid.
func (c Currency) Exponent() int { return active[c].exponent }

// Numeric is the ISO 4217 numeric code, three digits: "840" for USD. It is empty
// if c is not valid. ISO 8583 fields 49 to 51 carry it.
func (c Currency) Numeric() string { return active[c].numeric }

// String is the alphabetic code.
func (c Currency) String() string { return string(c) }
