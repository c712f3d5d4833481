package statement

import (
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
)

// Kind is what moved the balance.
type Kind string

// The kinds, told from what a transfer was made for and from its other account.
const (
	Payment      Kind = "payment"       // arrived from a payer
	Fee          Kind = "fee"           // what the platform took
	Refund       Kind = "refund"        // went back to a payer
	FeeReturn    Kind = "fee_return"    // the refund's part of the fee
	RefundReturn Kind = "refund_return" // a refund that did not reach the payer
	Dispute      Kind = "dispute"       // lost or accepted
	Other        Kind = "other"
)

// Entry is one movement of the balance.
type Entry struct {
	Transfer    id.Transfer
	Sequence    int64 // of the transfer in the ledger
	CreatedAt   time.Time
	Kind        Kind
	Amount      money.Amount // below zero for what left
	After       int64        // the balance, minor units
	Cause       string       // id of what it was made for
	Payment     id.Payment   // that it belongs to; "" if none is known
	Reference   string       // of the payment
	Description string       // of the payment
}

// Which names a statement.
type Which struct {
	Merchant id.Merchant
	Live     bool
	Day      time.Time // as ParseDay gives it
	Currency money.Currency
}

// ID is the statement's id; it follows from what it is about.
func (w Which) ID() id.Statement {
	mode := "sandbox"
	if w.Live {
		mode = "live"
	}
	return id.Derive[id.Statement](string(w.Merchant), w.Date(), string(w.Currency), mode)
}

// Date is the day as people write it: 2026-01-31.
func (w Which) Date() string { return w.Day.Format(time.DateOnly) }

// account is the ledger account that the statement is about.
func (w Which) account() ledger.Name {
	return ledger.Name{Owner: string(w.Merchant), Purpose: ledger.Balance, Currency: w.Currency, Live: w.Live}
}

// end is the day's last instant: the database keeps microseconds.
func (w Which) end() time.Time { return w.Day.AddDate(0, 0, 1).Add(-time.Microsecond) }

// Statement is what one day did to a balance. Amounts are minor units of Currency.
type Statement struct {
	Which
	ID       id.Statement
	Account  id.Account
	Opening  int64
	Closing  int64
	Credited int64 // sum of the entries above zero
	Debited  int64 // sum of those below zero, as a positive number
	Credits  int64 // how many they are
	Debits   int64
	Final    bool
	At       time.Time // up to which it reads: the end of the day if it is final
}

// Count is how many entries the day has.
func (s *Statement) Count() int64 { return s.Credits + s.Debits }

// Refusals. A retry gives the same, but for ErrNotFinal.
var (
	ErrDate      = fault.ErrInvalid.WithField("/date", "not_a_date", "Write a day from 1970-01-01 to today (UTC) as 2026-01-31.")
	ErrPage      = fault.ErrInvalid.WithField("/page", "unknown_page", "The statement has no such page. See pages in the first one.")
	ErrCursor    = fault.ErrInvalid.WithField("/starting_after", "unknown_cursor", "There is no entry of this transfer in the statement. Send a next_cursor that it gave.")
	ErrTooLong   = fault.New(fault.Conflict, "statement_too_long", "The statement is too long for this answer. Take its file: GET /v1/statements/{date}/file.")
	ErrNotFinal  = fault.New(fault.Conflict, "statement_not_final", "The statement is not final: the day is not over, or ended less than ten minutes ago. Come back later, or read the statement without a file.")
	ErrTooLarge  = fault.New(fault.Conflict, "statement_amount_too_large", "An amount of the statement has more than 18 digits, which camt.053 cannot hold. Take csv or json.")
	errNotEven   = fault.New(fault.Internal, "statement_inconsistent", "The statement does not add up, so it is not given. The request id helps us to find out why.")
	errUnordered = errNotEven.With("The statement's entries do not follow one another, so it is not given. The request id helps us to find out why.")
)

// ParseDay reads a UTC day, 1970-01-01 or later and not after now. Error: ErrDate.
func ParseDay(text string, now time.Time) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Unix() < 0 || day.After(now) {
		return time.Time{}, ErrDate
	}
	return day, nil
}

// kindOf tells what a transfer did to the balance; other is the account on its other
// side, fees the platform's for fees.
func kindOf(cause string, amount int64, other, fees id.Account) Kind {
	switch {
	case other == fees && amount < 0:
		return Fee
	case other == fees:
		return FeeReturn
	case id.Has[id.Payment](cause) && amount > 0:
		return Payment
	case id.Has[id.Refund](cause) && amount < 0:
		return Refund
	case id.Has[id.Refund](cause):
		return RefundReturn
	case id.Has[id.Dispute](cause):
		return Dispute
	}
	return Other
}
