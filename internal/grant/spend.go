package grant

import (
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// Use is a call by a grant. A nil Use is a call by the merchant itself, which no grant
// bounds.
type Use struct {
	Grant id.Grant
	Payer id.Payer // whose grant it is
}

// Locks are the rows that [Use.Spend] decides on.
func (u *Use) Locks(payee id.Merchant, c money.Currency) []db.Lock {
	if u == nil {
		return nil
	}
	return []db.Lock{grants.Lock(string(u.Grant)), limits.Lock(limitKey(u.Grant, payee, c))}
}

// Spend counts amount against the grant and lets move move the money; a refusal of
// either leaves both undone. Name [Use.Locks] in that write. Errors: ErrRevoked,
// ErrNotCovered, ErrPaymentLimit, ErrLimit, and what move returns.
func (u *Use) Spend(tx *db.Tx, now time.Time, payee id.Merchant, amount money.Amount, move func() error) error {
	if u == nil {
		return move()
	}
	g, found := grants.Get(tx, string(u.Grant))
	if !found || !g.live(now) || g.Payer != u.Payer {
		return ErrRevoked
	}
	l, found := limits.Get(tx, limitKey(u.Grant, payee, amount.Currency))
	if !found {
		return ErrNotCovered
	}
	if err := l.spend(now, amount.Minor); err != nil {
		return err
	}
	if err := move(); err != nil {
		return err
	}
	limits.Update(tx, l)
	return nil
}
