package merchant_test

import (
	"errors"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/money"
)

// exact is bps basis points of minor, rounded half to even, by arithmetic of
// another kind than the code's.
func exact(minor int64, bps int) int64 {
	twice := new(big.Int).Mul(big.NewInt(minor), big.NewInt(2*int64(bps)))
	floor, rest := new(big.Int).DivMod(twice, big.NewInt(2*money.BPSMax), new(big.Int))
	n := floor.Int64()
	switch rest.Cmp(big.NewInt(money.BPSMax)) {
	case 1:
		return n + 1
	case 0:
		return n + n%2
	}
	return n
}

func TestFees(t *testing.T) {
	amounts := rapid.OneOf(rapid.Int64Range(0, 500), rapid.Int64Range(0, money.MaxMinor), rapid.Just(int64(math.MaxInt64)))
	rapid.Check(t, func(t *rapid.T) {
		m := merchant.Merchant{
			CardFeeBps:        rapid.IntRange(0, money.BPSMax).Draw(t, "card bps"),
			CardFeeFixedMinor: rapid.OneOf(rapid.Int64Range(0, 100), rapid.Int64Range(0, money.MaxMinor)).Draw(t, "fixed"),
			WalletFeeBps:      rapid.IntRange(0, money.BPSMax).Draw(t, "wallet bps"),
		}
		a := money.New(amounts.Draw(t, "amount"), rapid.SampledFrom(money.Currencies()).Draw(t, "currency"))
		card, err := m.CardFee(a)
		want := new(big.Int).Add(big.NewInt(exact(a.Minor, m.CardFeeBps)), big.NewInt(m.CardFeeFixedMinor))
		if want.Cmp(big.NewInt(a.Minor)) > 0 {
			want.SetInt64(a.Minor)
		}
		if err != nil || card.Currency != a.Currency || card.Minor != want.Int64() {
			t.Fatalf("card fee %v, %v; want %v", card, err, want)
		}
		wallet, err := m.WalletFee(a)
		if err != nil || wallet != money.New(exact(a.Minor, m.WalletFeeBps), a.Currency) || wallet.Minor > a.Minor {
			t.Fatalf("wallet fee %v, %v", wallet, err)
		}
	})
}

func TestFeesByExample(t *testing.T) {
	for _, c := range []struct {
		bps           int
		fixed, amount int64
		card, wallet  int64
	}{
		{290, 30, 10_000, 320, 290},
		{290, 30, 0, 0, 0},
		{290, 30, 29, 29, 1}, // the fixed part is not above what is left
		{290, 30, 31, 31, 1},
		{5_000, 0, 1, 0, 0}, // half to even: down …
		{5_000, 0, 3, 2, 2}, // … and up
		{0, 0, 10_000, 0, 0},
		{10_000, 30, 10_000, 10_000, 10_000},
	} {
		m := merchant.Merchant{CardFeeBps: c.bps, CardFeeFixedMinor: c.fixed, WalletFeeBps: c.bps}
		card, err := m.CardFee(money.New(c.amount, money.USD))
		wallet, err2 := m.WalletFee(money.New(c.amount, money.USD))
		if card.Minor != c.card || wallet.Minor != c.wallet || err != nil || err2 != nil {
			t.Errorf("%+v: %v, %v, %v, %v", c, card, wallet, err, err2)
		}
	}
	m := merchant.Merchant{CardFeeBps: 290, WalletFeeBps: 290}
	_, card := m.CardFee(money.New(-1, money.USD))
	_, wallet := m.WalletFee(money.New(-1, money.USD))
	if !errors.Is(card, money.ErrRange) || !errors.Is(wallet, money.ErrRange) {
		t.Errorf("of less than nothing: %v, %v", card, wallet)
	}
}

func TestWhatAMerchantAccepts(t *testing.T) {
	usd := func(minor int64) money.Amount { return money.New(minor, money.USD) }
	for name, c := range map[string]struct {
		merchant merchant.Merchant
		amount   money.Amount
		want     error
	}{
		"no limit":   {merchant.Merchant{State: merchant.Active}, usd(money.MaxMinor), nil},
		"the limit":  {merchant.Merchant{State: merchant.Active, AmountMaxMinor: 100}, usd(100), nil},
		"above":      {merchant.Merchant{State: merchant.Active, AmountMaxMinor: 100}, usd(101), merchant.ErrAmountMax},
		"suspended":  {merchant.Merchant{State: merchant.Suspended}, usd(1), merchant.ErrSuspended},
		"stateless?": {merchant.Merchant{}, usd(1), merchant.ErrSuspended},
	} {
		if err := c.merchant.Accept(c.amount); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadDraftsAreRefusedPlaceByPlace(t *testing.T) {
	r := newRoom(t)
	for name, c := range map[string]struct {
		spoil    func(*merchant.Draft)
		pointers []string
	}{
		"no name":        {func(d *merchant.Draft) { d.Name = "" }, []string{"/name"}},
		"long name":      {func(d *merchant.Draft) { d.Name = strings.Repeat("é", merchant.NameMax+1) }, []string{"/name"}},
		"nul":            {func(d *merchant.Draft) { d.Name = "a\x00" }, []string{"/name"}},
		"not text":       {func(d *merchant.Draft) { d.Name = "a\xff" }, []string{"/name"}},
		"no country":     {func(d *merchant.Draft) { d.Country = "" }, []string{"/country"}},
		"lower country":  {func(d *merchant.Draft) { d.Country = "nl" }, []string{"/country"}},
		"no such one":    {func(d *merchant.Draft) { d.Country = "XX" }, []string{"/country"}},
		"between two":    {func(d *merchant.Draft) { d.Country = "D " }, []string{"/country"}},
		"share":          {func(d *merchant.Draft) { d.CardFeeBps = 10_001 }, []string{"/card_fee_bps"}},
		"fixed":          {func(d *merchant.Draft) { d.CardFeeFixedMinor = -1 }, []string{"/card_fee_fixed"}},
		"wallet's share": {func(d *merchant.Draft) { d.WalletFeeBps = -1 }, []string{"/wallet_fee_bps"}},
		"maximum":        {func(d *merchant.Draft) { d.AmountMaxMinor = money.MaxMinor + 1 }, []string{"/amount_max"}},
		"two":            {func(d *merchant.Draft) { d.Name, d.WalletFeeBps = "", -1 }, []string{"/name", "/wallet_fee_bps"}},
	} {
		d := draft()
		c.spoil(&d)
		_, err := r.Create(t.Context(), d)
		var got []string
		for _, f := range fault.Of(err).Fields {
			got = append(got, f.Pointer)
		}
		if !errors.Is(err, fault.ErrInvalid) || !slices.Equal(got, c.pointers) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
