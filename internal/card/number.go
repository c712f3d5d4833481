package card

import "github.com/florinpay/florin/internal/fault"

// Bounds of a card number's digits. Source: ISO/IEC 7812-1, which allows up to
// 19; no network issues fewer than 12.
const (
	numberMin = 12
	numberMax = 19
)

// ErrNumberInvalid: the text is not a card number. The sentence says what is
// wrong with it, never what it was.
var ErrNumberInvalid = fault.New(fault.Invalid, "card_number_invalid", "The card number is invalid. Check its digits.")

var (
	errNumberMissing = ErrNumberInvalid.With("The card number is missing. Give its %d to %d digits.", numberMin, numberMax)
	errNumberForm    = ErrNumberInvalid.With("The card number is invalid: it may hold only digits, with single spaces or dashes between them.")
	errNumberLength  = ErrNumberInvalid.With("The card number is invalid: it must have %d to %d digits.", numberMin, numberMax)
	errNumberLuhn    = ErrNumberInvalid.With("The card number is invalid: its check digit does not fit. Look for a mistyped digit.")
)

// Number is a card number: 12 to 19 digits with a right check digit. It prints
// as **** and refuses to be encoded. Copies share their digits, also a Wipe.
type Number struct{ secret }

// ParseNumber reads a card number: digits, with single spaces or dashes between
// them if the payer typed groups.
// Error: ErrNumberInvalid; its sentence is safe to show.
func ParseNumber(s string) (Number, error) {
	if s == "" {
		return Number{}, errNumberMissing
	}
	digits := make([]byte, 0, numberMax)
	if err := collect(s, &digits); err != nil {
		clear(digits)
		return Number{}, err
	}
	return Number{conceal(digits)}, nil
}

// collect appends the digits of s to digits, whose capacity is never passed, so
// that no copy of them is left behind.
func collect(s string, digits *[]byte) error {
	separated := true // a separator may stand neither first nor after another
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if len(*digits) == numberMax {
				return errNumberLength
			}
			*digits, separated = append(*digits, c), false
		case (c == ' ' || c == '-') && !separated:
			separated = true
		default:
			return errNumberForm
		}
	}
	switch {
	case separated:
		return errNumberForm
	case len(*digits) < numberMin:
		return errNumberLength
	case !luhn(*digits):
		return errNumberLuhn
	}
	return nil
}

// luhn reports whether the last digit is the right check digit.
// Source: ISO/IEC 7812-1 annex B.
func luhn(digits []byte) bool {
	sum := 0
	for i, c := range digits {
		d := int(c - '0')
		if (len(digits)-i)%2 == 0 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// Last4 is the last four digits, safe to show. Empty for the zero Number.
func (n Number) Last4() string {
	if n.IsZero() {
		return ""
	}
	digits := n.digits()
	return string(digits[len(digits)-4:])
}

// BIN is the first six digits, which name the issuer; with Last4 they are the
// most that may be shown (PCI DSS 3.4.1). Empty for the zero Number.
func (n Number) BIN() string {
	if n.IsZero() {
		return ""
	}
	return string(n.digits()[:6])
}
