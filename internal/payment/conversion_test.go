package payment_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/payment"
)

// TestRoundingsAreVerified: what roundings left is compared to the last part of a minor
// unit, so a changed row is found.
func TestRoundingsAreVerified(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		card := must[string](t)(w.token(t.Context(), w.cafe, "tok_visa"))
		for range 3 {
			must[payment.Payment](t)(w.desk.Create(t.Context(), payment.Order{Caller: caller(w.cafe, nil), Amount: 1001, Currency: "EUR", Source: card, SettlementCurrency: "USD"}))
		}
		if finding := w.audit(t.Context()); finding != "" {
			t.Fatal(finding)
		}
		err := w.d.Write(t.Context(), []db.Lock{fx.ResidueLock("USD", false)}, func(tx *db.Tx) error {
			fx.Carry(tx, "USD", false, 1)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := payment.Verify(t.Context(), w.d, nil); err != nil || !strings.Contains(r.Finding, "conversions to sandbox-USD left") {
			t.Errorf("one part too much is not found: %q %v", r.Finding, err)
		}
	})
}

func must[T any](t *testing.T) func(made T, err error) T {
	return func(made T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
}

// TestOneQuoteOnePayment: of many payments that want the same quote at once, one gets it.
func TestOneQuoteOnePayment(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		q := must[fx.Quote](t)(w.desk.Exchange.Create(t.Context(), fx.Draft{Merchant: w.cafe.ID, Amount: 1000, Currency: "EUR", To: "USD"}))
		card := must[string](t)(w.token(t.Context(), w.cafe, "tok_visa"))
		var wg sync.WaitGroup
		var mu sync.Mutex
		paid := 0
		for range 16 {
			wg.Go(func() {
				_, err := w.desk.Create(t.Context(), payment.Order{Caller: caller(w.cafe, nil), Amount: 1000, Currency: "EUR", Source: card, Quote: q.ID})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					paid++
				} else if fault.Of(err).Code != fx.ErrQuoteUsed.Code {
					t.Error(err)
				}
			})
		}
		if wg.Wait(); paid != 1 {
			t.Errorf("%d payments used the quote", paid)
		}
	})
}
