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
	list, err := b.NamedAll(ctx, []Name{n})
	return list[0], err
}

// NamedAll is [Book.Named] for many names, in their order and one query.
func (b *Book) NamedAll(ctx context.Context, names []Name) ([]Account, error) {
	list, keys := make([]Account, len(names)), make([]string, len(names))
	for i, n := range names {
		list[i] = Account{ID: n.ID(), Name: n, Limits: openingLimits(n.Purpose)}
		keys[i] = string(list[i].ID)
	}
	found, err := b.some(ctx, keys)
	for i, a := range list {
		if used, ok := found[a.ID]; ok {
			list[i] = used
		}
	}
	return list, err
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
	return b.after(ctx, a, last)
}

// after is the account as it was right after the transfer of that number.
func (b *Book) after(ctx context.Context, a Account, last int64) (Account, error) {
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
	if t.Debit.Account == a.ID {
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

// Newest is the instant of the last transfer, zero if there is none: no transfer that is
// still to come will have an older one.
func (b *Book) Newest(ctx context.Context) (time.Time, error) {
	end, _, err := chain.Read(ctx, b.db, chain.Transfers)
	return end.At, err
}

// Transfer reads one transfer. Error: fault.ErrNotFound.
func (b *Book) Transfer(ctx context.Context, key id.Transfer) (Transfer, error) {
	t, found, err := transfers.First(ctx, b.db, "where id = $1", string(key))
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return t, err
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
