package wallet

import (
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
)

// Wallet is a payer's balance in one currency.
type Wallet struct {
	ID        id.Wallet
	Payer     id.Payer
	Merchant  id.Merchant // whose payer it is
	Live      bool
	Currency  money.Currency
	CreatedAt time.Time
	Limits    Limits
	DayOn     string // the UTC date that DaySpent counts, YYYY-MM-DD
	DaySpent  int64  // minor units, counted while there is a limit per day
	Sequence  int64  // of the last event about it
}

// Limits bound what leaves a wallet, in minor units; 0 is no limit.
type Limits struct {
	PerPayment int64
	PerDay     int64
}

// Refusals of a wallet.
var (
	ErrPaymentLimit = fault.New(fault.Refused, "payment_limit_reached", "The amount is above the wallet's limit per payment.")
	ErrDayLimit     = fault.New(fault.Refused, "day_limit_reached", "The wallet's limit per day would be passed. It starts again at midnight UTC.")
	ErrCurrency     = fault.New(fault.Invalid, "wallet_currency_mismatch", "The wallet holds another currency.")
)

// Account names the wallet's ledger account.
func (w Wallet) Account() ledger.Name { return AccountOf(w.ID, w.Currency, w.Live) }

// AccountOf names the ledger account of a wallet, which need not have been read.
func AccountOf(w id.Wallet, c money.Currency, live bool) ledger.Name {
	return ledger.Name{Owner: string(w), Purpose: ledger.Wallet, Currency: c, Live: live}
}

// spend counts amount against the limits. Errors: ErrPaymentLimit, ErrDayLimit.
func (w *Wallet) spend(now time.Time, amount money.Amount) error {
	if w.Limits.PerPayment > 0 && amount.Minor > w.Limits.PerPayment {
		return ErrPaymentLimit
	}
	if w.Limits.PerDay == 0 {
		return nil
	}
	if today := now.UTC().Format(time.DateOnly); today > w.DayOn { // a server whose clock is behind counts into the newer one
		w.DayOn, w.DaySpent = today, 0
	}
	if amount.Minor > w.Limits.PerDay-w.DaySpent {
		return ErrDayLimit
	}
	w.DaySpent += amount.Minor
	return nil
}

// SpentOn is what was spent on the day of now against the limit per day.
func (w Wallet) SpentOn(now time.Time) int64 {
	if now.UTC().Format(time.DateOnly) > w.DayOn {
		return 0
	}
	return w.DaySpent
}
