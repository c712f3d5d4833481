package card_test

import (
	"errors"
	"testing"

	"github.com/florinpay/florin/internal/card"
)

func TestCVVHasThreeOrFourDigits(t *testing.T) {
	for _, s := range []string{"000", "123", "0001", "9876"} {
		if v, err := card.ParseCVV(s); err != nil || v.Reveal() != s || v.IsZero() {
			t.Errorf("ParseCVV(%q): %v", s, err)
		}
	}
	for _, s := range []string{"", "1", "12", "12345", "12a", " 12", "12 ", "-12", "1.2", "１", "\x00\x00\x00"} {
		if v, err := card.ParseCVV(s); !errors.Is(err, card.ErrCVVInvalid) || !v.IsZero() {
			t.Errorf("ParseCVV(%q): %v", s, err)
		}
	}
}

func TestCVVFitsItsBrand(t *testing.T) {
	three, _ := card.ParseCVV("123")
	four, _ := card.ParseCVV("1234")
	for _, b := range []card.Brand{card.Visa, card.Mastercard, card.Discover, card.Diners, card.JCB, card.UnionPay, card.Maestro, card.Unknown} {
		if err := three.CheckBrand(b); err != nil {
			t.Errorf("3 digits for %s: %v", b, err)
		}
		if err := four.CheckBrand(b); !errors.Is(err, card.ErrCVVInvalid) {
			t.Errorf("4 digits for %s: %v", b, err)
		}
	}
	if err := four.CheckBrand(card.Amex); err != nil {
		t.Errorf("4 digits for amex: %v", err)
	}
	if err := three.CheckBrand(card.Amex); !errors.Is(err, card.ErrCVVInvalid) {
		t.Errorf("3 digits for amex: %v", err)
	}
	if err := (card.CVV{}).CheckBrand(card.Visa); !errors.Is(err, card.ErrCVVInvalid) {
		t.Errorf("no digits: %v", err)
	}
}
