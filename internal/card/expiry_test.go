package card_test

import (
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/card"
)

func TestExpiryIsReadAndPrinted(t *testing.T) {
	for _, c := range []struct {
		text string
		want card.Expiry
		out  string
	}{
		{"12/25", card.Expiry{12, 2025}, "12/25"}, {"01/00", card.Expiry{1, 2000}, "01/00"}, {"09/99", card.Expiry{9, 2099}, "09/99"},
		{"12/2025", card.Expiry{12, 2025}, "12/25"}, {"04/2009", card.Expiry{4, 2009}, "04/09"},
	} {
		got, err := card.ParseExpiry(c.text)
		if err != nil || got != c.want || got.String() != c.out {
			t.Errorf("ParseExpiry(%q) = %v, %v; want %s", c.text, got, err, c.out)
		}
	}
	for _, s := range []string{"", "/", "1225", "1/25", "12/5", "12-25", "12 / 25", "12/25 ", " 12/25", "00/25", "13/25", "99/99", "12/1999", "12/2100",
		"12/0025", "12/025", "12//25", "2025/12", "25/12", "ab/cd", "1a/25", "12/2x", "-1/25", "+1/25", "１２/25", "12/20２"} {
		if got, err := card.ParseExpiry(s); !errors.Is(err, card.ErrExpiryDateInvalid) || got != (card.Expiry{}) {
			t.Errorf("ParseExpiry(%q) = %v, %v", s, got, err)
		}
	}
}

func TestACardIsValidThroughItsMonthInUTC(t *testing.T) {
	east := time.FixedZone("east", 14*3600)
	for _, c := range []struct {
		expiry string
		now    time.Time
		past   bool
	}{
		{"06/30", time.Date(2030, 6, 1, 0, 0, 0, 0, time.UTC), false},
		{"06/30", time.Date(2030, 6, 30, 23, 59, 59, 999_999_999, time.UTC), false},
		{"06/30", time.Date(2030, 7, 1, 0, 0, 0, 0, time.UTC), true},
		{"12/30", time.Date(2030, 12, 31, 23, 59, 59, 0, time.UTC), false},
		{"12/30", time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{"02/28", time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC), false},
		{"12/29", time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), true},
		{"01/31", time.Date(2030, 12, 1, 0, 0, 0, 0, time.UTC), false},
		{"06/30", time.Date(2030, 7, 1, 13, 59, 0, 0, east), false}, // 23:59 UTC the day before
		{"06/30", time.Date(2030, 7, 1, 14, 0, 0, 0, east), true},
	} {
		e, err := card.ParseExpiry(c.expiry)
		if err != nil {
			t.Fatal(err)
		}
		if e.Past(c.now) != c.past {
			t.Errorf("%s at %s: Past = %v", e, c.now, !c.past)
		}
	}
	if none := (card.Expiry{}); !none.Past(time.Unix(0, 0)) || none.String() != "00/00" {
		t.Errorf("the zero Expiry prints %s and is not past", none)
	}
}

func FuzzParseExpiry(f *testing.F) {
	for _, s := range []string{"12/25", "01/2030", "13/25", "00/00", "1/1", "", "12/20"} {
		f.Add(s)
	}
	form := regexp.MustCompile(`^(0[1-9]|1[0-2])/(20)?([0-9]{2})$`)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := card.ParseExpiry(s)
		part := form.FindStringSubmatch(s)
		if (part != nil) != (err == nil) {
			t.Fatalf("ParseExpiry(%q) = %v, %v", s, e, err)
		}
		if err != nil {
			if !errors.Is(err, card.ErrExpiryDateInvalid) {
				t.Fatalf("ParseExpiry(%q) fails with %v", s, err)
			}
			return
		}
		if want := part[1] + "/" + part[3]; e.String() != want || e.Month < 1 || e.Month > 12 || e.Year < 2000 || e.Year > 2099 {
			t.Fatalf("ParseExpiry(%q) = %+v, printed %s", s, e, e)
		}
		last := time.Date(e.Year, time.Month(e.Month)+1, 1, 0, 0, 0, -1, time.UTC)
		if e.Past(last) || !e.Past(last.Add(1)) {
			t.Fatalf("%s does not end at %s", e, last)
		}
	})
}

func ExampleExpiry_Past() {
	e, _ := card.ParseExpiry("12/25")
	fmt.Println(e, e.Past(time.Date(2025, 12, 31, 23, 0, 0, 0, time.UTC)), e.Past(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	// Output: 12/25 false true
}
