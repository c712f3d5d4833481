package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

var (
	shop  = Name{Owner: "shop", Purpose: Balance, Currency: "USD"}
	euros = Name{Owner: "shop", Purpose: Balance, Currency: "EUR"}
	till  = Name{Owner: "shop", Purpose: Wallet, Currency: "USD"}
	other = Name{Owner: "other", Purpose: Balance, Currency: "USD"}
	bank  = PlatformName(Clearing, "USD", false)
	banks = PlatformName(Clearing, "EUR", false)
)

// move makes n transfers: most to the shop's dollars, some within the shop, few in euros,
// and as many of somebody else's.
func move(t *testing.T, d *db.DB, from time.Time, n int) {
	t.Helper()
	err := d.Write(context.Background(), Locks(shop, euros, till, other, bank, banks), func(tx *db.Tx) error {
		for i := range n {
			step := MovePost(bank, shop, money.New(2, "USD"), fmt.Sprintf("pay_%d", i/3))
			switch {
			case i%2 == 1:
				step = MovePost(bank, other, money.New(1, "USD"), "theirs")
			case i%10 == 4:
				step = MovePost(shop, till, money.New(1, "USD"), "sweep")
			case i%100 == 8:
				step = MovePost(banks, euros, money.New(1, "EUR"), "rare")
			}
			if _, err := Apply(tx, from.Add(time.Duration(i)*time.Second), step); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestEachWeavesTheAccounts: whatever is asked of whichever accounts comes once and in
// order, also when both sides of a transfer are asked for, and ends with what was there.
func TestEachWeavesTheAccounts(t *testing.T) {
	const many = 4000
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		book := NewBook(d)
		move(t, d, began, many)
		middle, since := began.Add(many/2*time.Second), began.Add(many*time.Second)
		for name, c := range map[string]struct {
			names []Name
			span  Span
		}{
			"one":         {[]Name{shop}, Span{}},
			"its own":     {[]Name{shop, euros, till}, Span{}},
			"a few":       {[]Name{euros}, Span{}},
			"none":        {nil, Span{}},
			"from":        {[]Name{shop, euros, till}, Span{From: middle}},
			"to":          {[]Name{till, shop}, Span{To: middle}},
			"a second":    {[]Name{shop, till}, Span{From: middle, To: middle}},
			"a kind":      {[]Name{shop}, Span{Kind: Hold}},
			"a cause":     {[]Name{shop, till}, Span{Cause: "sweep"}},
			"after all":   {[]Name{shop}, Span{From: since.Add(time.Hour)}},
			"at a cursor": {[]Name{shop}, Span{Limit: 1, Under: 3, Over: 2}},
		} {
			all, err := transfers.Select(t.Context(), d, "order by sequence")
			if err != nil || len(all) < many {
				t.Fatal(len(all), err)
			}
			keys := make([]id.Account, len(c.names))
			for i, n := range c.names {
				keys[i] = n.ID()
			}
			var want, got []int64
			for _, x := range all {
				touches := slices.Contains(keys, x.Debit.Account) || slices.Contains(keys, x.Credit.Account)
				if touches && c.span.wants(x) && (c.span.From.IsZero() || !x.CreatedAt.Before(c.span.From)) && (c.span.To.IsZero() || !x.CreatedAt.After(c.span.To)) {
					want = append(want, x.Sequence)
				}
			}
			err = book.Each(t.Context(), keys, c.span, func(page []Transfer) error {
				if len(page) > eachPage {
					t.Errorf("%s: %d transfers at once", name, len(page))
				}
				for _, x := range page {
					got = append(got, x.Sequence)
				}
				move(t, d, since, 1) // after it began
				return nil
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %d transfers, want %d; %v", name, len(got), len(want), err)
			}
		}
		stop := errors.New("enough")
		if err := book.Each(t.Context(), []id.Account{shop.ID()}, Span{}, func([]Transfer) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("after fn has failed: %v", err)
		}
		if err := book.Each(t.Context(), []id.Account{"acct_nobody"}, Span{}, func([]Transfer) error { return nil }); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("of an account that is not there: %v", err)
		}
	})
}

// TestOwnedAt: the balances of one past moment are those that each account had then.
func TestOwnedAt(t *testing.T) {
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		book := NewBook(d)
		move(t, d, began, 5) // dollars, and none in euros yet
		then := began.Add(time.Hour)
		before, err := book.Owned(t.Context(), "shop", false)
		if err != nil {
			t.Fatal(err)
		}
		before = slices.DeleteFunc(before, func(a Account) bool { return a.Transfers == 0 })
		move(t, d, then.Add(time.Second), 200)
		got, err := book.OwnedAt(t.Context(), "shop", false, then)
		if err != nil || len(got) != 2 || len(before) != 2 {
			t.Fatalf("%d accounts then, of %d: %v", len(got), len(before), err)
		}
		for i, a := range got {
			if a.ID != before[i].ID || a.Posted != before[i].Posted || a.Transfers != before[i].Transfers {
				t.Errorf("%+v, it was %+v", a, before[i])
			}
		}
		if now, err := book.OwnedAt(t.Context(), "shop", false, then.Add(time.Hour)); err != nil || len(now) != 3 {
			t.Errorf("%d accounts now, %v", len(now), err)
		}
	})
}
