package ledger

import (
	"math"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// Purpose is what an account is for. An owner has at most one account of each
// purpose, currency and mode.
type Purpose string

// The purposes. Those marked platform belong to the platform itself.
const (
	Balance            Purpose = "balance"             // what a merchant may dispose of
	Wallet             Purpose = "wallet"              // a payer's wallet
	AcquirerReceivable Purpose = "acquirer_receivable" // platform: what acquirers owe us for captured cards
	Fees               Purpose = "fees"                // platform: what payments earned
	Refunds            Purpose = "refunds"             // platform: on its way back to cards
	Disputes           Purpose = "disputes"            // platform: contested, with the banks
	Suspense           Purpose = "suspense"            // platform: unexplained, waits for a person
	Clearing           Purpose = "clearing"            // platform: money that enters or leaves by bank
	Exchange           Purpose = "exchange"            // platform: what was taken in one currency for what was given in another
	Rounding           Purpose = "rounding"            // platform: whole minor units that the roundings of conversions left
)

// Platform owns the platform's accounts.
const Platform = "platform"

// Name says which account is meant. Its id follows from it.
type Name struct {
	Owner    string // id of a merchant or wallet, or Platform
	Purpose  Purpose
	Currency money.Currency
	Live     bool
}

// ID is the account's id.
func (n Name) ID() id.Account {
	mode := "sandbox"
	if n.Live {
		mode = "live"
	}
	return id.Derive[id.Account](n.Owner, string(n.Purpose), string(n.Currency), mode)
}

// PlatformName names one of the platform's accounts.
func PlatformName(p Purpose, c money.Currency, live bool) Name { return Name{Platform, p, c, live} }

// Account is a ledger account and its balances. Amounts are minor units of Currency.
type Account struct {
	ID        id.Account
	Name      Name
	CreatedAt time.Time
	Limits    Limits
	Posted    int64 // credits less debits
	HeldOut   int64 // set aside to leave; >= 0
	HeldIn    int64 // set aside to arrive; >= 0
	Transfers int64 // that touched it
	trail     trail
}

// Limits bound an account's balance.
type Limits struct {
	Floored bool
	Floor   int64 // posted - held out stays at or above it, if Floored
	Capped  bool
	Ceiling int64 // posted + held in stays at or below it, if Capped
}

// Available is what may still leave the account; meaningless without a floor.
func (a Account) Available() int64 {
	return saturated(saturated(a.Posted, -a.HeldOut), -a.Limits.Floor)
}

// Refusals of the ledger. A retry gives the same until the balance changes.
var (
	ErrInsufficientFunds = fault.New(fault.Refused, "insufficient_funds", "The account has insufficient funds. Add funds, or use a smaller amount or another source.")
	ErrBalanceLimit      = fault.New(fault.Refused, "balance_limit_reached", "The receiving account would pass its limit.")
	ErrHoldMissing       = fault.New(fault.NotFound, "hold_not_found", "There is no such hold.")
	ErrHoldFinished      = fault.New(fault.Conflict, "hold_finished", "The hold is finished: posted, voided or expired.")
	ErrHoldExceeded      = fault.New(fault.Conflict, "hold_exceeded", "The amount is more than the hold still has.")
	ErrSameAccount       = fault.New(fault.Invalid, "same_account", "Money cannot move from an account to itself.")
	ErrNotPositive       = fault.New(fault.Invalid, "amount_not_positive", "The amount of a transfer must be above zero.")
	errImpossible        = fault.New(fault.Internal, "ledger_inconsistent", "The ledger refused an impossible posting.")
)

// openingLimits are an account's limits if nobody sets others: what belongs to
// somebody cannot be overdrawn, the platform's own accounts may stand either way.
func openingLimits(p Purpose) Limits {
	return Limits{Floored: p == Balance || p == Wallet}
}

// check reports the limit that the balances break. Sums that leave the range of
// 64 bits stop at its end, so an extreme amount cannot wrap round a limit.
func (a *Account) check() error {
	if a.Limits.Floored && saturated(a.Posted, -a.HeldOut) < a.Limits.Floor {
		return ErrInsufficientFunds
	}
	if a.Limits.Capped && saturated(a.Posted, a.HeldIn) > a.Limits.Ceiling {
		return ErrBalanceLimit
	}
	return nil
}

// fits reports money.ErrOverflow if what is set aside could not all be posted, in
// whichever order: nobody may find that out after a rail has been paid.
func (a *Account) fits() error {
	out, in := a.Posted, a.Posted
	if err := shift(&out, -a.HeldOut); err != nil {
		return err
	}
	return shift(&in, a.HeldIn)
}

// saturated is x+y, or the end of the range that the sum would pass.
func saturated(x, y int64) int64 {
	switch {
	case y > 0 && x > math.MaxInt64-y:
		return math.MaxInt64
	case y < 0 && x < math.MinInt64-y:
		return math.MinInt64
	}
	return x + y
}
