package grant

import (
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// State is what became of a grant. That it has expired follows from its time.
type State string

// The states: active → revoked.
const (
	Active  State = "active"
	Revoked State = "revoked"
)

// Who ends a grant.
const (
	ByPayer    = "payer"
	ByMerchant = "merchant"
	ByClient   = "client"
	ByPlatform = "platform" // a stolen code or refresh token was seen
)

// Refusals of grants. A payment that meets one is recorded as failed.
var (
	ErrRevoked      = fault.New(fault.Refused, "grant_ended", "The payer's grant is revoked or has expired. Ask the payer for another one.")
	ErrNotCovered   = fault.New(fault.Refused, "grant_not_covering", "The payer's grant does not cover this payee, this currency or this moment.")
	ErrPaymentLimit = fault.New(fault.Refused, "grant_payment_limit_reached", "The amount is above what the payer allows for one payment.")
	ErrLimit        = fault.New(fault.Refused, "grant_limit_reached", "The payment would pass what the payer allows in this period.")
)

// Grant is what a payer has allowed a client.
type Grant struct {
	ID        id.Grant
	Merchant  id.Merchant // whose payer it is
	Live      bool
	Person    id.Person // who consented
	Payer     id.Payer
	Client    id.Client
	Scopes    []string
	CreatedAt time.Time
	ExpiresAt time.Time

	State     State
	RevokedAt time.Time
	RevokedBy string
	Sequence  int64 // of the last event about it

	Limits []Limit // not in the grant's row: read with it
}

// Live at the instant now: neither revoked nor expired.
func (g *Grant) live(now time.Time) bool { return g.State == Active && now.Before(g.ExpiresAt) }

// Limit bounds what may be paid to one payee in one currency.
type Limit struct {
	Grant      id.Grant
	Payee      id.Merchant
	Currency   money.Currency
	Max        int64 // minor units in a period
	PaymentMax int64 // minor units at once; 0: no limit of its own
	Interval   Interval

	PeriodAt time.Time // when the period that Spent counts began
	Spent    int64
}

// key is the limit's row: there is one of each payee and currency.
func (l *Limit) key() string { return limitKey(l.Grant, l.Payee, l.Currency) }

func limitKey(g id.Grant, payee id.Merchant, c money.Currency) string {
	return string(g) + "/" + string(payee) + "/" + string(c)
}

// spend counts amount in the period of now. Errors: ErrNotCovered, ErrPaymentLimit, ErrLimit.
func (l *Limit) spend(now time.Time, minor int64) error {
	from, _, there := l.Interval.Period(now)
	switch {
	case !there:
		return ErrNotCovered
	case l.PaymentMax > 0 && minor > l.PaymentMax:
		return ErrPaymentLimit
	}
	if from.After(l.PeriodAt) { // a server whose clock is behind counts into the newer one
		l.PeriodAt, l.Spent = from, 0
	}
	if minor > l.Max-l.Spent {
		return ErrLimit
	}
	l.Spent += minor
	return nil
}

// SpentAt is what is spent in the period of now, and when that ends, zero for never.
func (l *Limit) SpentAt(now time.Time) (spent int64, until time.Time) {
	from, to, there := l.Interval.Period(now)
	if !there || from.After(l.PeriodAt) {
		return 0, to
	}
	return l.Spent, to
}
