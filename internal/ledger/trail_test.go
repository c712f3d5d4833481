package ledger

import (
	"context"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/money"
)

// The way back leads to every one of an account's transfers, from wherever a reader
// begins: by number and by rank, with transfers of others in between.
func TestTheWayBackLeadsEverywhere(t *testing.T) {
	const count = 300
	ann := Name{Owner: "ann", Purpose: Wallet, Currency: "USD"}
	bank, other := PlatformName(Clearing, "USD", false), PlatformName(Suspense, "USD", false)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, book := context.Background(), NewBook(d)
		err := d.Write(ctx, Locks(ann, bank, other), func(tx *db.Tx) error {
			for range count {
				if _, err := Apply(tx, time.UnixMicro(1), MovePost(bank, ann, money.New(1, "USD"), "c"), MovePost(bank, other, money.New(1, "USD"), "c")); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		a, err := book.Named(ctx, ann)
		if err != nil {
			t.Fatal(err)
		}
		for rank := int64(1); rank <= count; rank++ {
			want := 2*rank - 1 // every second transfer is ann's
			for _, place := range []int64{want, want + 1} {
				if number, got, err := book.find(ctx, a, toNumber, place); err != nil || number != want || got != rank {
					t.Fatalf("up to number %d: transfer %d of rank %d, %v; want %d of rank %d", place, number, got, err, want, rank)
				}
			}
			if number, got, err := book.find(ctx, a, toRank, rank); err != nil || number != want || got != rank {
				t.Fatalf("rank %d: transfer %d of rank %d, %v; want %d", rank, number, got, err, want)
			}
		}
		if list, err := book.back(ctx, a.ID, a.trail.last(), 2*count); err != nil || len(list) != count {
			t.Errorf("all the way back: %d transfers, %v", len(list), err)
		}
		if n := len(a.trail.numbers()); n != 4 { // 300 is 100101100
			t.Errorf("the trail keeps %d numbers", n)
		}
	})
}
