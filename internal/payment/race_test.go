package payment_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/payment"
)

// eachCrowd runs fn with the nodes that work on one database side by side: one on
// SQLite, two on PostgreSQL.
func eachCrowd(t *testing.T, fn func(t *testing.T, w *world, nodes []node)) {
	t.Helper()
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		nodes := []node{w.node}
		if db.IsPostgres(url) {
			nodes = append(nodes, w.start(dbtest.Open(t, db.Config{URL: url, Log: quiet})))
		}
		fn(t, w, nodes)
		if err := w.work(t.Context()); err != nil {
			t.Error(err)
		}
		if finding := w.audit(t.Context()); finding != "" {
			t.Error(finding)
		}
	})
}

// rush calls fn n times at once, each time until the payment is not busy, and
// counts the answers.
func rush(nodes []node, n int, fn func(i int, n node) error) map[string]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	count := map[string]int{}
	for i := range n {
		wg.Go(func() {
			err := fn(i, nodes[i%len(nodes)])
			for errors.Is(err, payment.ErrBusy) || errors.Is(err, idempotency.ErrInUse) {
				time.Sleep(2 * time.Millisecond)
				err = fn(i, nodes[i%len(nodes)])
			}
			mu.Lock()
			defer mu.Unlock()
			count[told(err)]++
		})
	}
	wg.Wait()
	return count
}

func (w *world) pay(t *testing.T, manual bool) id.Payment {
	t.Helper()
	_, p := w.before(t, operation{token: "tok_visa", manual: manual})
	return p
}

func TestConcurrentCapturesNeverTakeMoreThanTheAmount(t *testing.T) {
	eachCrowd(t, func(t *testing.T, w *world, nodes []node) {
		p := w.pay(t, true)
		count := rush(nodes, 20, func(_ int, n node) error {
			_, err := n.desk.Capture(context.Background(), caller(w.cafe, nil), p, 30_00, true)
			return err
		})
		if count["done"] != 3 || count["capture_too_large"] != 17 {
			t.Errorf("20 captures of 30.00 out of 100.00: %v", count)
		}
		got, err := w.desk.Get(t.Context(), w.cafe.ID, false, p)
		if got.Captured != 90_00 || got.State != payment.RequiresCapture || err != nil {
			t.Errorf("afterwards: %+v, %v", got, err)
		}
	})
}

func TestConcurrentRefundsNeverGiveBackMoreThanWasPaid(t *testing.T) {
	eachCrowd(t, func(t *testing.T, w *world, nodes []node) {
		p := w.pay(t, false)
		w.pay(t, false) // the balance would allow more
		count := rush(nodes, 20, func(_ int, n node) error {
			_, err := n.desk.CreateRefund(context.Background(), payment.RefundOrder{Caller: caller(w.cafe, nil), Payment: p, Amount: 15_00})
			return err
		})
		if count["done"] != 6 || count["refund_too_large"] != 14 {
			t.Errorf("20 refunds of 15.00 out of 100.00: %v", count)
		}
		got, err := w.desk.Get(t.Context(), w.cafe.ID, false, p)
		if got.Refunded != 90_00 || got.Refunding != 0 || err != nil {
			t.Errorf("afterwards: %+v, %v", got, err)
		}
	})
}

func TestConcurrentRetriesArePaidOnce(t *testing.T) {
	eachCrowd(t, func(t *testing.T, w *world, nodes []node) {
		card, _ := w.before(t, operations[0])
		c := caller(w.cafe, key(t, "k", "pay"))
		count := rush(nodes, 20, func(_ int, n node) error {
			p, err := n.desk.Create(context.Background(), payment.Order{Caller: c, Amount: 100_00, Currency: "USD", Source: card})
			if err == nil && p.State == payment.Processing {
				return idempotency.ErrInUse // another node is at it
			}
			return err
		})
		if count["done"] != 1 || count["replayed"] != 19 {
			t.Errorf("20 requests with one key were answered %v", count)
		}
		a, err := w.book.Named(t.Context(), ledger.PlatformName(ledger.AcquirerReceivable, "USD", false))
		if a.Posted != -100_00 || a.HeldOut != 0 || err != nil || len(w.wire.sends) != 1 {
			t.Errorf("the acquirer owes %d, held %d, after %d requests; %v", -a.Posted, a.HeldOut, len(w.wire.sends), err)
		}
	})
}

// TestACaptureAndACancelCannotBothWin: one of them is refused, and the money follows
// the other.
func TestACaptureAndACancelCannotBothWin(t *testing.T) {
	eachCrowd(t, func(t *testing.T, w *world, nodes []node) {
		var paid int64
		for range 10 {
			p := w.pay(t, true)
			count := rush(nodes, 2, func(i int, n node) (err error) {
				if i == 0 {
					_, err = n.desk.Capture(context.Background(), caller(w.cafe, nil), p, 0, false)
				} else {
					_, err = n.desk.Cancel(context.Background(), caller(w.cafe, nil), p)
				}
				return err
			})
			if count["done"] != 1 || count["payment_state"] != 1 {
				t.Errorf("a capture and a cancel at once: %v", count)
			}
			got, err := w.desk.Get(t.Context(), w.cafe.ID, false, p)
			if err != nil || got.State == payment.Succeeded != (got.Captured == 100_00) || got.State == payment.Canceled != (got.Captured == 0) {
				t.Errorf("afterwards: %+v, %v", got, err)
			}
			paid += got.Captured - got.Fee
		}
		a, err := w.book.Named(t.Context(), ledger.Name{Owner: string(w.cafe.ID), Purpose: ledger.Balance, Currency: "USD"})
		if a.Posted != paid || a.HeldIn != 0 || err != nil {
			t.Errorf("the merchant has %d of %d, %d held, %v", a.Posted, paid, a.HeldIn, err)
		}
	})
}
