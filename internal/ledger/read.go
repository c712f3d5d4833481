package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// Book reads the ledger kept in a database.
type Book struct{ db *db.DB }

// NewBook reads the ledger kept in d.
func NewBook(d *db.DB) *Book { return &Book{d} }

// Account reads an account. An account nobody used yet reads as empty; only an
// id that was never opened is an error: fault.ErrNotFound.
func (b *Book) Account(ctx context.Context, key id.Account) (Account, error) {
	a, found, err := accounts.First(ctx, b.db, "where id = $1", string(key))
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return a, err
}

// Named reads the account of that name, empty if it was never used.
func (b *Book) Named(ctx context.Context, n Name) (Account, error) {
	a, found, err := accounts.First(ctx, b.db, "where id = $1", string(n.ID()))
	if err == nil && !found {
		a = Account{ID: n.ID(), Name: n, Limits: openingLimits(n.Purpose)}
	}
	return a, err
}

// Owned reads the accounts of an owner in one mode, by id.
func (b *Book) Owned(ctx context.Context, owner string, live bool) ([]Account, error) {
	return accounts.Select(ctx, b.db, "where owner = $1 and live = $2 order by id", owner, live)
}

// AccountAt reads an account as it was right after the last transfer at or before at.
func (b *Book) AccountAt(ctx context.Context, key id.Account, at time.Time) (Account, error) {
	a, err := b.Account(ctx, key)
	if err != nil {
		return a, err
	}
	last, err := b.sequenceAt(ctx, at)
	if err != nil {
		return a, err
	}
	out, left, err := transfers.First(ctx, b.db, "where debit = $1 and sequence <= $2 order by sequence desc", string(key), last)
	if err != nil {
		return a, err
	}
	in, entered, err := transfers.First(ctx, b.db, "where credit = $1 and sequence <= $2 order by sequence desc", string(key), last)
	if err != nil {
		return a, err
	}
	a.Posted, a.HeldOut, a.HeldIn = 0, 0, 0
	if left {
		a.HeldOut, a.Posted = out.DebitHeld, out.DebitAfter
	}
	if entered {
		a.HeldIn = in.CreditHeld
		if in.Sequence > out.Sequence {
			a.Posted = in.CreditAfter
		}
	}
	a.Transfers, err = b.countUpTo(ctx, key, last)
	return a, err
}

// sequenceAt finds the last transfer at or before at, by halving: instants never
// run backwards along the chain.
func (b *Book) sequenceAt(ctx context.Context, at time.Time) (int64, error) {
	h, _, err := heads.First(ctx, b.db, "where name = $1", headName)
	if err != nil {
		return 0, err
	}
	low, high := int64(0), h.sequence // transfer low is at or before, high+1 is after
	for low < high {
		middle := low + (high-low+1)/2
		t, _, err := transfers.First(ctx, b.db, "where sequence = $1", middle)
		if err != nil {
			return 0, err
		}
		if t.CreatedAt.After(at) {
			high = middle - 1
		} else {
			low = middle
		}
	}
	return low, nil
}

// Transfer reads one transfer. Error: fault.ErrNotFound.
func (b *Book) Transfer(ctx context.Context, key id.Transfer) (Transfer, error) {
	t, found, err := transfers.First(ctx, b.db, "where id = $1", string(key))
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return t, err
}

// Transfers reads an account's transfers, newest first, of numbers strictly
// between from and to; oldestFirst takes the page from the old end. The bool
// reports whether there are more.
func (b *Book) Transfers(ctx context.Context, key id.Account, from, to int64, limit int, oldestFirst bool) ([]Transfer, bool, error) {
	order := "desc"
	if oldestFirst {
		order = "asc"
	}
	var both []Transfer
	for _, side := range []string{"debit", "credit"} {
		page, err := transfers.Select(ctx, b.db,
			"where "+side+" = $1 and sequence > $2 and sequence < $3 order by sequence "+order+" limit $4",
			string(key), from, to, limit+1)
		if err != nil {
			return nil, false, err
		}
		both = append(both, page...)
	}
	slices.SortFunc(both, func(x, y Transfer) int {
		if oldestFirst {
			return int(x.Sequence - y.Sequence)
		}
		return int(y.Sequence - x.Sequence)
	})
	more := len(both) > limit
	if more {
		both = both[:limit]
	}
	if oldestFirst {
		slices.Reverse(both)
	}
	return both, more, nil
}

// Line is one row of the trial balance: the accounts of one purpose and currency.
type Line struct {
	Currency money.Currency
	Purpose  Purpose
	Accounts int64
	Debit    int64 // sum of the balances below zero, as a positive number
	Credit   int64 // sum of the balances above zero
}

// TrialBalance sums all accounts of one mode. In every currency the debits equal
// the credits. The sequence is that of the last transfer when it began to read.
func (b *Book) TrialBalance(ctx context.Context, live bool) (lines []Line, sequence int64, err error) {
	h, _, err := heads.First(ctx, b.db, "where name = $1", headName)
	if err != nil {
		return nil, 0, err
	}
	lines, err = b.sums(ctx, live)
	return lines, h.sequence, err
}
