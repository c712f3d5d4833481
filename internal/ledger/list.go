package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/florinpay/florin/internal/id"
)

// Span says which of an account's transfers to read: the newest, or those right
// under or right over a number, which is left out; of these the ones that hold all of
// what is set.
type Span struct {
	Limit       int
	Under, Over int64 // at most one is set
	Kind        Kind
	Cause       string
	From, To    time.Time // committed between, both included
}

// One page looks at so many transfers, so many at a time.
const (
	examinedMax = 2000
	stepMax     = 250
)

// Transfers reads an account's transfers, newest first. next is the one to go on from
// in the direction of reading, "" if nothing is left: a page that finds little ends
// short.
func (b *Book) Transfers(ctx context.Context, key id.Account, s Span) (list []Transfer, next id.Transfer, err error) {
	a, err := b.Account(ctx, key)
	if err != nil {
		return nil, "", err
	}
	low, high, err := b.ranks(ctx, a, s)
	if err != nil {
		return nil, "", err
	}
	step := stepMax
	if s.Kind == "" && s.Cause == "" {
		step = s.Limit + 1
	}
	for left := examinedMax; low < high; left -= step {
		if step = min(step, left); left == 0 {
			return s.turned(list), next, nil
		}
		n := min(int64(step), high-low)
		top := high
		if s.Over > 0 {
			top = low + n
		}
		some, err := b.ranked(ctx, a, top, int(n))
		if err != nil || len(some) == 0 {
			return nil, "", err
		}
		if s.Over > 0 {
			slices.Reverse(some)
			low = top
		} else {
			high -= n
		}
		next = some[len(some)-1].ID
		for _, t := range some {
			if s.wants(t) {
				list = append(list, t)
			}
		}
		if len(list) > s.Limit {
			list = list[:s.Limit]
			next = list[s.Limit-1].ID
			return s.turned(list), next, nil
		}
	}
	return s.turned(list), "", nil
}

func (s Span) wants(t Transfer) bool {
	return (s.Kind == "" || t.Kind == s.Kind) && (s.Cause == "" || t.Cause == s.Cause)
}

// turned puts the newest first.
func (s Span) turned(list []Transfer) []Transfer {
	if s.Over > 0 {
		slices.Reverse(list)
	}
	return list
}

// ranks are the account's ranks between which the span lies: over low, up to high.
func (b *Book) ranks(ctx context.Context, a Account, s Span) (low, high int64, err error) {
	from, to := s.Over, a.trail.last()
	if s.Under > 0 {
		to = min(to, s.Under-1)
	}
	if !s.From.IsZero() {
		before, err := b.sequenceAt(ctx, s.From.Add(-time.Microsecond))
		if err != nil {
			return 0, 0, err
		}
		from = max(from, before)
	}
	if !s.To.IsZero() {
		last, err := b.sequenceAt(ctx, s.To)
		if err != nil {
			return 0, 0, err
		}
		to = min(to, last)
	}
	if _, high, err = b.find(ctx, a, toNumber, to); err != nil || from == 0 {
		return 0, high, err
	}
	_, low, err = b.find(ctx, a, toNumber, from)
	return low, high, err
}

// ranked reads n of an account's transfers from one of that rank on backwards.
func (b *Book) ranked(ctx context.Context, a Account, rank int64, n int) ([]Transfer, error) {
	number, _, err := b.find(ctx, a, toRank, rank)
	if err != nil || number == 0 {
		return nil, err
	}
	return b.back(ctx, a.ID, number, n)
}
