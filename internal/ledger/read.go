package ledger

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/chain"
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
	number, rank, err := b.find(ctx, a, toNumber, last)
	if err != nil {
		return a, err
	}
	a.Posted, a.HeldOut, a.HeldIn, a.Transfers = 0, 0, 0, rank
	if rank == 0 {
		return a, nil
	}
	t, _, err := transfers.First(ctx, b.db, "where sequence = $1", number)
	then := t.Credit
	if t.Debit.Account == key {
		then = t.Debit
	}
	a.Posted, a.HeldOut, a.HeldIn = then.Posted, then.HeldOut, then.HeldIn
	return a, err
}

// sequenceAt finds the last transfer at or before at, by halving: instants never
// run backwards along the chain.
func (b *Book) sequenceAt(ctx context.Context, at time.Time) (int64, error) {
	end, _, err := chain.Read(ctx, b.db, chain.Transfers)
	if err != nil {
		return 0, err
	}
	low, high := int64(0), end.Sequence // transfer low is at or before, high+1 is after
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

// Span says which of an account's transfers to read: the newest, or those right
// under or right over a number, which is left out.
type Span struct {
	Limit       int
	Under, Over int64 // at most one is set
}

// Transfers reads an account's transfers, newest first, and reports whether there are
// more in the direction of reading.
func (b *Book) Transfers(ctx context.Context, key id.Account, s Span) (list []Transfer, more bool, err error) {
	a, err := b.Account(ctx, key)
	if err != nil {
		return nil, false, err
	}
	number, want := a.trail.last(), s.Limit+1
	switch {
	case s.Under > 0:
		number, _, err = b.find(ctx, a, toNumber, s.Under-1)
	case s.Over > 0:
		var below int64
		if _, below, err = b.find(ctx, a, toNumber, s.Over); err == nil {
			want = int(min(int64(want), a.Transfers-below))
			number, _, err = b.find(ctx, a, toRank, below+int64(want))
		}
	}
	if err != nil || number == 0 || want == 0 {
		return nil, false, err
	}
	if list, err = b.back(ctx, key, number, want); err != nil || len(list) <= s.Limit {
		return list, false, err
	}
	if s.Over > 0 {
		return list[1:], true, nil
	}
	return list[:s.Limit], true, nil
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
	end, _, err := chain.Read(ctx, b.db, chain.Transfers)
	if err != nil {
		return nil, 0, err
	}
	lines, err = b.sums(ctx, live)
	return lines, end.Sequence, err
}
