package card

import "github.com/florinpay/florin/internal/fault"

// ErrCVVInvalid: the text is not a card security code, or not one of this brand.
var ErrCVVInvalid = fault.New(fault.Invalid, "cvv_invalid",
	"The CVV is invalid. Give the 3 digits on the back of the card, or the 4 on the front of an American Express card.")

// CVV is a card's security code, 3 or 4 digits, by whatever name the network
// calls it. It prints as **** and refuses to be encoded. It lives in memory
// only and must never be kept, not even encrypted (PCI DSS 3.3.1). Copies share
// their digits, also a Wipe.
type CVV struct{ secret }

// ParseCVV reads 3 or 4 digits.
// Error: ErrCVVInvalid.
func ParseCVV(s string) (CVV, error) {
	if len(s) != 3 && len(s) != 4 {
		return CVV{}, ErrCVVInvalid
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return CVV{}, ErrCVVInvalid
		}
	}
	return CVV{conceal([]byte(s))}, nil
}

// CheckBrand checks that the code has as many digits as b prints on its cards:
// 4 on American Express, 3 on all others.
// Error: ErrCVVInvalid.
func (c CVV) CheckBrand(b Brand) error {
	want := 3
	if b == Amex {
		want = 4
	}
	if len(c.digits()) != want {
		return ErrCVVInvalid.With("The CVV is invalid: it must have %d digits for this card.", want)
	}
	return nil
}
