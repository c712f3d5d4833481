package money_test

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/money"
	"pgregory.net/rapid"
)

func TestDecimalsFollowTheCurrency(t *testing.T) {
	for _, c := range []struct {
		text     string
		currency money.Currency
		minor    int64
	}{
		{"12.34", money.USD, 1234}, {"0.05", money.USD, 5}, {"0.00", money.USD, 0}, {"-0.05", money.USD, -5}, {"-12.30", money.USD, -1230},
		{"1234", money.JPY, 1234}, {"0", money.JPY, 0}, {"-1", money.JPY, -1},
		{"1.234", money.KWD, 1234}, {"0.001", money.KWD, 1}, {"0.0001", money.CLF, 1}, {"10.0000", money.CLF, 100_000},
		{"92233720368547758.07", money.USD, most}, {"-92233720368547758.08", money.USD, least},
		{"90071992547409.91", money.USD, money.MaxMinor},
	} {
		a, err := money.ParseDecimal(c.text, c.currency)
		if err != nil || a != money.New(c.minor, c.currency) {
			t.Errorf("ParseDecimal(%q, %s) = %v, %v; want %d", c.text, c.currency, a, err, c.minor)
		}
		if got := money.New(c.minor, c.currency).String(); got != c.text+" "+string(c.currency) {
			t.Errorf("%d %s prints as %q, want %q", c.minor, c.currency, got, c.text)
		}
	}
	if got := (money.Amount{}).String(); got != "0" {
		t.Errorf("the zero Amount prints as %q", got)
	}
}

func TestMalformedDecimalsAreRefused(t *testing.T) {
	for _, s := range []string{"", "-", ".", "1", "1.", ".12", "1.2", "1.234", "01.00", "00.00", "-0.00", "--1.00", "+1.00", " 1.00", "1.00 ",
		"1,00", "1 000.00", "1,000.00", "1_0.00", "1e2", "1.0e", "0x1.00", "１.00", "1.0\x00", "NaN", "Inf", "1.00.00", "-.10", "1.-1"} {
		if a, err := money.ParseDecimal(s, money.USD); !errors.Is(err, money.ErrMalformed) || a != (money.Amount{}) {
			t.Errorf("ParseDecimal(%q) = %v, %v", s, a, err)
		}
	}
	for _, s := range []string{"-0", "00", "1.0", "1."} {
		if _, err := money.ParseDecimal(s, money.JPY); !errors.Is(err, money.ErrMalformed) {
			t.Errorf("ParseDecimal(%q, JPY): %v", s, err)
		}
	}
	for _, s := range []string{"92233720368547758.08", "-92233720368547758.09", strings.Repeat("9", 400) + ".00"} {
		if _, err := money.ParseDecimal(s, money.USD); !errors.Is(err, money.ErrOverflow) {
			t.Errorf("ParseDecimal(%q): %v", s, err)
		}
	}
	if _, err := money.ParseDecimal("1.00", "XAU"); !errors.Is(err, money.ErrCurrencyUnknown) {
		t.Errorf("an amount of gold: %v", err)
	}
}

func TestPrintedAmountsParseBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := money.New(anyMinor.Draw(t, "minor"), anyCurrency.Draw(t, "currency"))
		back, err := money.ParseDecimal(a.Decimal(), a.Currency)
		if err != nil || back != a {
			t.Fatalf("%v comes back as %v, %v", a, back, err)
		}
	})
}

// The expression and math/big are the second opinion: what they take as a
// canonical decimal is parsed, and nothing else is.
func FuzzParseDecimal(f *testing.F) {
	f.Add("12.34", "USD")
	f.Add("-0.001", "KWD")
	f.Add("-92233720368547758.08", "USD")
	f.Add("99999999999999999999", "JPY")
	f.Add("1e5", "JPY")
	f.Add("-0", "JPY")
	f.Add("1.00", "XAU")
	form := regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.([0-9]+))?$`)
	f.Fuzz(func(t *testing.T, s, code string) {
		c := money.Currency(code)
		a, err := money.ParseDecimal(s, c)
		part := form.FindStringSubmatch(s)
		var want error
		switch minor, ok := new(big.Int).SetString(strings.Replace(s, ".", "", 1), 10); {
		case !c.Valid():
			want = money.ErrCurrencyUnknown
		case part == nil || len(part[3]) != c.Exponent() || !ok || s[0] == '-' && minor.Sign() == 0:
			want = money.ErrMalformed
		case !minor.IsInt64():
			want = money.ErrOverflow
		case a.Minor != minor.Int64():
			t.Errorf("ParseDecimal(%q, %s) = %d, want %v", s, c, a.Minor, minor)
		}
		if !errors.Is(err, want) {
			t.Errorf("ParseDecimal(%q, %q): %v, want %v", s, code, err, want)
		}
		if err == nil && (a.Decimal() != s || a.Currency != c) {
			t.Errorf("ParseDecimal(%q, %s) prints as %v", s, c, a)
		}
	})
}

func ExampleParseDecimal() {
	a, _ := money.ParseDecimal("12.34", money.USD)
	fmt.Println(a.Minor, a)
	_, err := money.ParseDecimal("12.3", money.USD)
	fmt.Println(err)
	// Output:
	// 1234 12.34 USD
	// amount_malformed: The amount is malformed. Write a USD amount with exactly 2 decimals and no leading zero, for example 12.34.
}
