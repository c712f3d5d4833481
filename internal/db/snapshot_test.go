package db_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
)

// TestASnapshotIsOneMoment: what is written later is not in it, neither for a query nor
// for one that is asked inside another's answer, however deep.
func TestASnapshotIsOneMoment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for i := range 3 {
			if err := add(d, fmt.Sprint("hold", i), 1, nil); err != nil {
				t.Fatal(err)
			}
		}
		view, err := d.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := add(d, "hold3", 1, nil); err != nil {
			t.Fatal(err)
		}
		seen := map[int]int{}
		var look func(depth int) error
		look = func(depth int) error {
			return counters.Each(t.Context(), view, fmt.Sprintf("where id <> '%d' order by id", depth), func(*counter) error {
				seen[depth]++
				if depth == 3 {
					return nil
				}
				return look(depth + 1)
			})
		}
		if err := look(1); err != nil || seen[1] != 3 || seen[2] != 9 || seen[3] != 27 {
			t.Errorf("the answers hold %v rows, %v, want 3, 9 and 27", seen, err)
		}
		if err := view.Close(); err != nil {
			t.Error(err)
		}
		rows, err := counters.Select(t.Context(), d, "order by id")
		if err != nil || len(rows) != 4 {
			t.Errorf("afterwards there are %d rows, %v", len(rows), err)
		}
	})
}

// TestAnEndedContextKeepsNoReaderInThePast: whoever asked for the snapshot has left before
// it is closed, or while it was taken. The readers go on to see what is written.
func TestAnEndedContextKeepsNoReaderInThePast(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for i := range 20 { // more than there are readers
			ctx, leave := context.WithCancel(t.Context())
			view, err := d.Snapshot(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				_, _ = counters.Select(ctx, view, "")
			}
			leave()
			if err := view.Close(); err != nil {
				t.Error(err)
			}
			hurried, done := context.WithTimeout(t.Context(), time.Duration(i*20)*time.Microsecond)
			if view, err := d.Snapshot(hurried); err == nil {
				_ = view.Close()
			}
			done()
		}
		if err := add(d, "late", 1, nil); err != nil {
			t.Fatal(err)
		}
		for range 40 {
			if rows, err := counters.Select(t.Context(), d, ""); err != nil || len(rows) != 1 {
				t.Fatalf("a reader sees %d rows, %v, want the one that is there", len(rows), err)
			}
		}
	})
}
