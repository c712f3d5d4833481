package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/florinpay/florin/internal/chain"
	"github.com/florinpay/florin/internal/id"
)

// Each reads so many transfers of one account at a time, and gives so many at once.
const (
	eachPage    = 500
	eachPageMin = 50 // of one among many accounts
)

// Each gives fn the transfers that touch any of the accounts and hold all of what s
// sets, oldest first and each once, a page at a time; a page may be empty. s.Limit,
// s.Under and s.Over are not looked at. It holds about one page, which fn may use while
// it runs, and no transaction: however long fn takes, nobody waits for it. Transfers
// that are made after it began are not among them. It returns the error of ctx, of fn
// or of the database; fault.ErrNotFound if there is no such account.
func (b *Book) Each(ctx context.Context, keys []id.Account, s Span, fn func([]Transfer) error) error {
	end, _, err := chain.Read(ctx, b.db, chain.Transfers)
	if err != nil {
		return err
	}
	s.Under, s.Over = end.Sequence+1, 0
	threads := make([]*thread, 0, len(keys))
	for _, key := range keys {
		t := &thread{step: max(eachPage/int64(len(keys)), eachPageMin)}
		if t.account, err = b.Account(ctx, key); err != nil {
			return err
		}
		if t.low, t.high, err = b.ranks(ctx, t.account, s); err != nil {
			return err
		}
		threads = append(threads, t)
	}
	return b.weave(ctx, threads, s, fn)
}

// thread is one account's transfers, read forwards.
type thread struct {
	account   Account
	step      int64      // how many are read at a time
	low, high int64      // ranks: over low, up to high are still to be read
	waiting   []Transfer // read, oldest first
}

// fill reads on if nothing waits.
func (t *thread) fill(ctx context.Context, b *Book) (err error) {
	if len(t.waiting) > 0 || t.low >= t.high {
		return nil
	}
	n := min(t.step, t.high-t.low)
	t.low += n
	if t.waiting, err = b.ranked(ctx, t.account, t.low, int(n)); err == nil {
		slices.Reverse(t.waiting) // it is read backwards
	}
	return err
}

// weave gives fn what the threads hold, in the order of the numbers. A transfer
// between two of the accounts is on two threads, and is given once.
func (b *Book) weave(ctx context.Context, threads []*thread, s Span, fn func([]Transfer) error) error {
	page, looked := make([]Transfer, 0, eachPage), 0
	for {
		var next *thread
		for _, t := range threads {
			if err := t.fill(ctx, b); err != nil {
				return err
			}
			if len(t.waiting) > 0 && (next == nil || t.waiting[0].Sequence < next.waiting[0].Sequence) {
				next = t
			}
		}
		if next == nil {
			return fn(page)
		}
		found := next.waiting[0]
		for _, t := range threads {
			if len(t.waiting) > 0 && t.waiting[0].Sequence == found.Sequence {
				t.waiting = t.waiting[1:]
			}
		}
		if looked++; s.wants(found) {
			page = append(page, found)
		}
		if looked%eachPage == 0 {
			if err := fn(page); err != nil {
				return err
			}
			page = page[:0]
		}
	}
}

// OwnedAt reads the accounts of an owner in one mode as they were right after the last
// transfer at or before at, by id; those that were not there yet are left out.
func (b *Book) OwnedAt(ctx context.Context, owner string, live bool, at time.Time) ([]Account, error) {
	list, err := b.Owned(ctx, owner, live)
	if err != nil {
		return nil, err
	}
	last, err := b.sequenceAt(ctx, at)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i], err = b.after(ctx, list[i], last); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(list, func(a Account) bool { return a.Transfers == 0 && a.CreatedAt.After(at) }), nil
}
