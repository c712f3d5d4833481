package payment

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
)

// TestEachGivesEveryLastingPaymentOnce: while others insert and change payments, every
// filter gives what matched throughout exactly once, oldest first.
func TestEachGivesEveryLastingPaymentOnce(t *testing.T) {
	t.Parallel()
	const many = 6000 // more than three pages, and more than two may examine
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		desk := NewDesk(Config{DB: d})
		list := make([]Payment, many)
		for n := range list {
			list[n] = nth(n)
		}
		store(t, d, list)
		unsteady := func(n int) bool { return n%10 == 5 }
		ctx, stop := context.WithCancel(t.Context())
		var busy sync.WaitGroup
		busy.Go(func() { disturb(ctx, t, d, list, unsteady) })
		defer busy.Wait()
		defer stop()
		for name, f := range filters(many) {
			var want []id.Payment
			lasting := map[id.Payment]bool{}
			for n, p := range list {
				if f.wanted(p) && !unsteady(n) {
					want = append(want, p.ID)
					lasting[p.ID] = true
				}
			}
			var got []id.Payment
			err := desk.Each(t.Context(), cafe, false, f, func(page []Payment) error {
				if len(page) > eachPage {
					t.Errorf("%s: %d payments at once", name, len(page))
				}
				for _, p := range page {
					got = append(got, p.ID)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != len(got) {
				t.Errorf("%s: not in order, or twice", name)
			}
			got = slices.DeleteFunc(got, func(p id.Payment) bool { return !lasting[p] })
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d of %d payments", name, len(got), len(want))
			}
		}
	})
}

// TestEachEndsWithWhatItBeganWith: what is made while a page is taken is in none.
func TestEachEndsWithWhatItBeganWith(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		desk := NewDesk(Config{DB: d})
		var list []Payment
		for n := 0; len(list) < eachPage+eachPage/2; n++ {
			if p := nth(n); p.Merchant == cafe {
				list = append(list, p)
			}
		}
		store(t, d, list)
		got, pages, next := 0, 0, 10*eachPage
		err := desk.Each(t.Context(), cafe, false, Filter{}, func(page []Payment) error {
			got += len(page)
			pages++
			for n := range eachPage {
				store(t, d, []Payment{nth(next + n)})
			}
			next += eachPage
			return nil
		})
		if err != nil || got != len(list) || pages != 2 {
			t.Errorf("%d payments in %d pages, %v; want %d in 2", got, pages, err, len(list))
		}
		stop := errors.New("enough")
		if err := desk.Each(t.Context(), cafe, false, Filter{}, func([]Payment) error { pages++; return stop }); !errors.Is(err, stop) || pages != 3 {
			t.Errorf("after fn has failed: %v, %d pages", err, pages)
		}
		if err := desk.Each(t.Context(), cafe, true, Filter{}, func([]Payment) error { pages++; return nil }); err != nil || pages != 3 {
			t.Errorf("of nothing: %v, %d pages", err, pages)
		}
	})
}
