package merchant

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/label"
	"github.com/florinpay/florin/internal/money"
)

// State is whether a merchant may take payments.
type State string

// The states of a merchant.
const (
	Active    State = "active"
	Suspended State = "suspended" // takes no payments; what it has stays its own
)

var (
	// ErrSuspended: the merchant may not take payments now.
	ErrSuspended = fault.New(fault.Forbidden, "merchant_suspended", "The merchant is suspended and takes no payments. Ask the operator to resume it.")
	// ErrAmountMax: the payment is above what the merchant may take at once.
	ErrAmountMax = fault.New(fault.Invalid, "amount_too_large", "The amount is above the merchant's largest payment. Send a smaller amount.")
)

// NameMax is the longest name, in characters.
const NameMax = 100

// Merchant is paid.
type Merchant struct {
	ID                id.Merchant
	CreatedAt         time.Time
	Name              string
	Country           string // ISO 3166-1 alpha-2
	State             State
	Sequence          int64 // of the last sandbox event about it; the live one comes next
	CardFeeBps        int   // of a card payment, 0..10_000
	CardFeeFixedMinor int64 // and this, in the payment's currency
	WalletFeeBps      int   // of a wallet payment, 0..10_000
	AmountMaxMinor    int64 // largest payment, in its currency; 0: no limit
}

// Draft is a merchant to be.
type Draft struct {
	Name              string
	Country           string
	CardFeeBps        int
	CardFeeFixedMinor int64
	WalletFeeBps      int
	AmountMaxMinor    int64
}

// newMerchant makes the active merchant of d. Error: fault.ErrInvalid with fields.
func newMerchant(key id.Merchant, d Draft, now time.Time) (Merchant, error) {
	if err := d.check(); err != nil {
		return Merchant{}, err
	}
	return Merchant{
		ID: key, CreatedAt: now, Name: d.Name, Country: d.Country, State: Active,
		CardFeeBps: d.CardFeeBps, CardFeeFixedMinor: d.CardFeeFixedMinor,
		WalletFeeBps: d.WalletFeeBps, AmountMaxMinor: d.AmountMaxMinor,
	}, nil
}

func (d Draft) check() error {
	bad := fault.ErrInvalid
	if !label.Shown(d.Name) || utf8.RuneCountInString(d.Name) > NameMax {
		bad = bad.WithField("/name", "invalid_text", fmt.Sprintf("Send 1 to %d characters without control characters.", NameMax))
	}
	if !isCountry(d.Country) {
		bad = bad.WithField("/country", "unknown_country", "Send an ISO 3166-1 alpha-2 code in capitals, such as NL.")
	}
	for _, x := range []struct {
		pointer    string
		value, max int64
	}{
		{"/card_fee_bps", int64(d.CardFeeBps), money.BPSMax},
		{"/card_fee_fixed", d.CardFeeFixedMinor, money.MaxMinor},
		{"/wallet_fee_bps", int64(d.WalletFeeBps), money.BPSMax},
		{"/amount_max", d.AmountMaxMinor, money.MaxMinor},
	} {
		if x.value < 0 || x.value > x.max {
			bad = bad.WithField(x.pointer, "out_of_range", fmt.Sprintf("Send 0 to %d.", x.max))
		}
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Accept reports why m cannot take a payment of amount, or nil.
// Errors: ErrSuspended, ErrAmountMax.
func (m Merchant) Accept(amount money.Amount) error {
	switch {
	case m.State != Active:
		return ErrSuspended
	case m.AmountMaxMinor > 0 && amount.Minor > m.AmountMaxMinor:
		return ErrAmountMax.WithField("/amount", "too_large", fmt.Sprintf("Send at most %d.", m.AmountMaxMinor))
	}
	return nil
}

// CardFee is what the platform keeps of a card payment: the merchant's share,
// rounded half to even, and the fixed part, but never more than amount.
// Error: money.ErrRange if amount is negative.
func (m Merchant) CardFee(amount money.Amount) (money.Amount, error) {
	share, rest, err := part(amount, m.CardFeeBps)
	if err != nil {
		return money.Amount{}, err
	}
	if m.CardFeeFixedMinor >= rest.Minor {
		return amount, nil
	}
	return share.Add(money.New(m.CardFeeFixedMinor, amount.Currency))
}

// WalletFee is what the platform keeps of a wallet payment: the merchant's
// share, rounded half to even. Error: money.ErrRange if amount is negative.
func (m Merchant) WalletFee(amount money.Amount) (money.Amount, error) {
	share, _, err := part(amount, m.WalletFeeBps)
	return share, err
}

func part(amount money.Amount, bps int) (share, rest money.Amount, err error) {
	if amount.Sign() < 0 {
		return money.Amount{}, money.Amount{}, money.ErrRange
	}
	return amount.Split(bps)
}
