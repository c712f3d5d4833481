package card

import (
	"fmt"
	"time"

	"github.com/florinpay/florin/internal/fault"
)

// ErrExpiryDateInvalid: the text is not a month and a year. That the month is
// past is another matter, see [Expiry.Past].
var ErrExpiryDateInvalid = fault.New(fault.Invalid, "expiry_date_invalid",
	"The expiry date is invalid. Write it as MM/YY, for example 04/30.")

// Expiry is the last month in which a card may be used.
type Expiry struct {
	Month int // 1..12
	Year  int // 2000..2099
}

// ParseExpiry reads MM/YY or MM/YYYY, as years 2000 to 2099. It takes past
// months too.
// Error: ErrExpiryDateInvalid.
func ParseExpiry(s string) (Expiry, error) {
	if len(s) == len("MM/YYYY") && s[3:5] == "20" {
		s = s[:3] + s[5:]
	}
	if len(s) != len("MM/YY") || s[2] != '/' {
		return Expiry{}, ErrExpiryDateInvalid
	}
	month, okMonth := twoDigits(s[:2])
	year, okYear := twoDigits(s[3:])
	if !okMonth || !okYear {
		return Expiry{}, ErrExpiryDateInvalid
	}
	if month < 1 || month > 12 {
		return Expiry{}, ErrExpiryDateInvalid.With("The expiry date is invalid: its month must be 01 to 12.")
	}
	return Expiry{month, 2000 + year}, nil
}

func twoDigits(s string) (int, bool) {
	tens, ones := s[0]-'0', s[1]-'0' // bytes below '0' wrap to above 9
	return int(tens)*10 + int(ones), tens <= 9 && ones <= 9
}

// Past reports whether the card has expired at now: it is valid through the last
// day of its month, in UTC. The zero Expiry is past.
func (e Expiry) Past(now time.Time) bool {
	year, month, _ := now.UTC().Date()
	return year > e.Year || year == e.Year && int(month) > e.Month
}

// String is the expiry as MM/YY.
func (e Expiry) String() string { return fmt.Sprintf("%02d/%02d", e.Month, e.Year%100) }
