package event

import (
	"context"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
)

// TestATailThatFellBehindComesBack: another process writes more than the ring holds
// between two looks, then this process writes one event.
func TestATailThatFellBehindComesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		cafe := id.Derive[id.Merchant]("cafe")
		write := func(n int, bell bool) {
			t.Helper()
			err := d.Write(t.Context(), []db.Lock{Lock()}, func(tx *db.Tx) error {
				for range n {
					f := Fact{Merchant: cafe, Type: "payer.created", Object: "o", Data: &florinv1.EventData{Object: &florinv1.EventData_Payer{Payer: &florinv1.Payer{Id: "o"}}}, At: clock.System{}.Now()}
					if bell {
						Append(tx, f)
						continue
					}
					e := Event{Fact: f}
					e.link(tx)
					events.Insert(tx, e)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		write(1, true)
		ctx, cancel := context.WithCancel(t.Context())
		got, done := make(chan int64, 10000), make(chan struct{})
		go func() {
			defer close(done)
			_ = NewLog(d).Follow(ctx, clock.System{}, Interest{Merchant: cafe}, 0, Reader{Take: func(e Event) error { got <- e.Sequence; return nil }})
		}()
		defer func() { cancel(); <-done }()
		<-got
		const burst = tailMax + 900
		write(burst, false) // another process
		write(1, true)      // this one
		for want := int64(2); want <= burst+2; want++ {
			select {
			case n := <-got:
				if n != want {
					t.Fatalf("%d came, not %d", n, want)
				}
			case <-time.After(8 * time.Second):
				t.Fatalf("event %d never comes; the tail's end is %d, the log's %d", want, tailOf(d.Shared()).known(), burst+2)
			}
		}
	})
}
