package money_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/money"
)

func TestTheTableHoldsTheActiveCodes(t *testing.T) {
	all := money.Currencies()
	if len(all) != 165 {
		t.Errorf("%d currencies, want 165", len(all))
	}
	if !slices.IsSorted(all) {
		t.Error("Currencies is not sorted")
	}
	numerics, exponents := map[string]money.Currency{}, map[int]int{}
	for _, c := range all {
		if other, ok := numerics[c.Numeric()]; ok {
			t.Errorf("%s and %s share the number %s", c, other, c.Numeric())
		}
		numerics[c.Numeric()] = c
		exponents[c.Exponent()]++
		if len(c) != 3 || strings.Trim(string(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" ||
			len(c.Numeric()) != 3 || strings.Trim(c.Numeric(), "0123456789") != "" {
			t.Errorf("%s %s is not three letters and three digits", c, c.Numeric())
		}
	}
	want := map[int]int{0: 17, 2: 139, 3: 7, 4: 2}
	for exponent, n := range want {
		if exponents[exponent] != n {
			t.Errorf("%d currencies with exponent %d, want %d", exponents[exponent], exponent, n)
		}
	}
}

func TestCurrenciesHaveTheirOwnMinorUnit(t *testing.T) {
	for _, want := range []struct {
		code, numeric string
		exponent      int
	}{
		{"USD", "840", 2}, {"EUR", "978", 2}, {"CNY", "156", 2}, {"ALL", "008", 2}, {"XCG", "532", 2},
		{"JPY", "392", 0}, {"ISK", "352", 0}, {"UGX", "800", 0}, {"XOF", "952", 0},
		{"KWD", "414", 3}, {"BHD", "048", 3}, {"TND", "788", 3},
		{"CLF", "990", 4}, {"UYW", "927", 4},
		{"HUF", "348", 2}, {"IDR", "360", 2}, // CLDR shows these without decimals; ISO 4217 counts them
	} {
		c, err := money.ParseCurrency(want.code)
		if err != nil || !c.Valid() {
			t.Errorf("%s is refused: %v", want.code, err)
			continue
		}
		if c.String() != want.code || c.Numeric() != want.numeric || c.Exponent() != want.exponent {
			t.Errorf("%s is %s with exponent %d, want %s with %d", c, c.Numeric(), c.Exponent(), want.numeric, want.exponent)
		}
	}
}

func TestUnknownCurrenciesAreRefusedWithoutAnEcho(t *testing.T) {
	for _, s := range []string{"", "usd", "Usd", " USD", "USD ", "US", "USDD", "840", "XAU", "XXX", "XTS", "XDR", "XBA",
		"DEM", "HRK", "BGN", "ANG", "SLL", "ZWL", "UЅD", "4242424242424242"} {
		c, err := money.ParseCurrency(s)
		if !errors.Is(err, money.ErrCurrencyUnknown) || c != "" {
			t.Errorf("ParseCurrency(%q) = %q, %v", s, c, err)
			continue
		}
		if len(s) > 3 && strings.TrimSpace(s) == s && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats %q", s)
		}
		if x := money.Currency(s); x.Valid() || x.Exponent() != 0 || x.Numeric() != "" {
			t.Errorf("%q is taken for a currency", s)
		}
	}
}

func FuzzParseCurrency(f *testing.F) {
	for _, s := range []string{"USD", "usd", "XAU", "", "JPY\x00", "£"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := money.ParseCurrency(s)
		listed := slices.Contains(money.Currencies(), money.Currency(s))
		if listed != (err == nil) || err == nil && c.String() != s {
			t.Errorf("ParseCurrency(%q) = %q, %v", s, c, err)
		}
		if err != nil && !errors.Is(err, money.ErrCurrencyUnknown) {
			t.Errorf("ParseCurrency(%q) fails with %v", s, err)
		}
	})
}
