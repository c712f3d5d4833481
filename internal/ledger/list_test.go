package ledger

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// All pages of an account's transfers, either way and through every filter, hold what
// matches once and in order; a page that finds little ends short and says where to go on.
func TestTransfersAreFilteredInBoundedPages(t *testing.T) {
	const many = 4500 // more than two pages may examine
	ann, bank := Name{Owner: "ann", Purpose: Wallet, Currency: "USD"}, PlatformName(Clearing, "USD", false)
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, book := context.Background(), NewBook(d)
		err := d.Write(ctx, Locks(ann, bank), func(tx *db.Tx) error {
			for n := range many {
				step, at := MovePost(bank, ann, money.New(1, "USD"), fmt.Sprintf("pay_%d", n/3)), began.Add(time.Duration(n/4)*time.Second)
				if n%1000 == 7 {
					step = MoveHold(id.New[id.Transfer](at), bank, ann, money.New(1, "USD"), "pay_held")
				}
				if _, err := Apply(tx, at, step); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		all, err := transfers.Select(ctx, d, "order by sequence desc")
		if err != nil || len(all) != many {
			t.Fatal(len(all), err)
		}
		middle := began.Add(many / 8 * time.Second)
		for name, s := range map[string]Span{
			"all": {}, "holds": {Kind: Hold}, "none of a kind": {Kind: VoidHold}, "an old cause": {Cause: "pay_3"}, "no such cause": {Cause: "x"},
			"from": {From: middle}, "to": {To: middle}, "a second": {From: middle, To: middle}, "before all": {To: began.Add(-time.Second)},
			"after all": {From: began.Add(24 * time.Hour)}, "holds of a time": {Kind: Hold, From: middle, To: middle.Add(10 * time.Minute)},
		} {
			var want []int64
			for _, x := range all {
				if s.wants(x) && (s.From.IsZero() || !x.CreatedAt.Before(s.From)) && (s.To.IsZero() || !x.CreatedAt.After(s.To)) {
					want = append(want, x.Sequence)
				}
			}
			for _, back := range []bool{false, true} {
				got, pages := followed(t, book, ann.ID(), s, back, all[len(all)-1].Sequence)
				if want := slices.DeleteFunc(slices.Clone(want), func(n int64) bool { return back && n <= all[len(all)-1].Sequence }); !slices.Equal(got, want) {
					t.Errorf("%s, back %t: %d transfers, want %d", name, back, len(got), len(want))
				}
				if most := many/examinedMax + len(want)/50 + 2; pages > most {
					t.Errorf("%s, back %t: %d pages, %d at most", name, back, pages, most)
				}
			}
		}
	})
}

// followed reads all pages from one end to the other, newest first.
func followed(t *testing.T, book *Book, key id.Account, s Span, back bool, oldest int64) (numbers []int64, pages int) {
	t.Helper()
	s.Limit = 50
	if back {
		s.Over = oldest
	}
	for pages = 1; pages < 1000; pages++ {
		list, next, err := book.Transfers(t.Context(), key, s)
		if err != nil {
			t.Fatal(err)
		}
		page := make([]int64, len(list))
		for i, x := range list {
			page[i] = x.Sequence
		}
		if back {
			numbers = append(page, numbers...)
		} else {
			numbers = append(numbers, page...)
		}
		if next == "" {
			break
		}
		x, err := book.Transfer(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		if s.Under = x.Sequence; back {
			s.Under, s.Over = 0, x.Sequence
		}
	}
	return numbers, pages
}
