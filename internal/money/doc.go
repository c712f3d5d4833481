// Package money counts money: an [Amount] is a whole number of a currency's
// minor units, a [Currency] an active ISO 4217 code. There is no float here and
// no conversion to one.
//
// Rules that always hold:
//   - two currencies never meet in one sum ([ErrCurrencyMismatch]);
//   - a result that does not fit is refused, never wrapped ([ErrOverflow]);
//   - rounding is half to even and happens in one function, halfEven;
//   - what is split or allocated adds up to the whole again.
//
// Source: ISO 4217 for codes and minor units.
package money
