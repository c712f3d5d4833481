package payment_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/wallet"
)

// consented is a payer with a wallet of 100.00 USD and a grant to a client.
type consented struct {
	*world
	room   *grant.Room
	grant  grant.Grant
	wallet wallet.Wallet
}

func consent(t *testing.T, w *world, limits ...grant.Limit) *consented {
	t.Helper()
	ctx := t.Context()
	p, err := w.payers.Create(ctx, payer.Draft{Merchant: w.cafe.ID, Name: "Ann"})
	if err != nil {
		t.Fatal(err)
	}
	c := &consented{world: w, room: grant.NewRoom(w.d, w.clock)}
	if c.wallet, err = w.node.wallets.Create(ctx, wallet.Draft{Merchant: w.cafe.ID, Payer: p.ID, Currency: "USD", Funds: 100_00}); err != nil {
		t.Fatal(err)
	}
	for i := range limits {
		limits[i].Payee = w.cafe.ID
	}
	now := w.clock.Now()
	if c.grant, err = grant.New(grant.Draft{
		Merchant: w.cafe.ID, Person: "person_1", Payer: p.ID, Client: "client_1", Scopes: []string{"payments:write"}, Limits: limits, For: 90 * 24 * time.Hour,
	}, now); err != nil {
		t.Fatal(err)
	}
	if err := w.d.Write(ctx, c.grant.CreateLocks(), func(tx *db.Tx) error { grant.Create(tx, c.grant, event.Origin{}, now); return nil }); err != nil {
		t.Fatal(err)
	}
	return c
}

// pay is a client's payment of minor units by the grant, and the code of its refusal.
func (c *consented) pay(t *testing.T, minor int64, idempotent string) (payment.Payment, string) {
	t.Helper()
	by := caller(c.cafe, nil)
	if idempotent != "" {
		by = caller(c.cafe, key(t, idempotent, "pay"))
	}
	by.Use = &grant.Use{Grant: c.grant.ID, Payer: c.grant.Payer}
	p, err := c.desk.Create(t.Context(), payment.Order{Caller: by, Amount: minor, Currency: "USD", Source: string(c.wallet.ID)})
	if f := fault.Of(err); f != nil {
		return p, f.Code
	}
	return p, ""
}

func (c *consented) spent(t *testing.T) int64 {
	t.Helper()
	g, err := c.room.Get(t.Context(), c.cafe.ID, false, c.grant.ID)
	if err != nil {
		t.Fatal(err)
	}
	spent, _ := g.Limits[0].SpentAt(c.clock.Now())
	return spent
}

// TestAGrantsRoomIsNeverPassed: of 100 payments at once against room for 10, 10 succeed.
func TestAGrantsRoomIsNeverPassed(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c := consent(t, w, grant.Limit{Currency: "USD", Max: 10 * 73})
		var wg sync.WaitGroup
		var mu sync.Mutex
		seen := map[string]int{}
		for range 100 {
			wg.Go(func() {
				_, code := c.pay(t, 73, "")
				mu.Lock()
				defer mu.Unlock()
				seen[code]++
			})
		}
		wg.Wait()
		if seen[""] != 10 || seen[grant.ErrLimit.Code] != 90 || c.spent(t) != 730 {
			t.Errorf("answers %v, spent %d", seen, c.spent(t))
		}
		if got := w.verified(t); got != "" {
			t.Error(got)
		}
	})
}

func TestGrantsBoundPayments(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		monthly, err := grant.ParseInterval("R2/" + w.clock.Now().UTC().Format("2006-01-02T15:04:05Z") + "/P1M")
		if err != nil {
			t.Fatal(err)
		}
		c := consent(t, w, grant.Limit{Currency: "USD", Max: 20_00, PaymentMax: 12_00, Interval: monthly})
		refuses := func(minor int64, want string) {
			t.Helper()
			if p, code := c.pay(t, minor, ""); code != want {
				t.Errorf("%d: %q, want %q (%s)", minor, code, want, p.State)
			}
		}
		refuses(12_01, grant.ErrPaymentLimit.Code)
		refuses(12_00, "")
		refuses(8_01, grant.ErrLimit.Code)
		refuses(8_00, "")
		refuses(1, grant.ErrLimit.Code)
		if c.spent(t) != 20_00 {
			t.Errorf("spent %d", c.spent(t))
		}
		w.clock.Move(31 * 24 * time.Hour) // the next period, and the last
		if c.spent(t) != 0 {
			t.Errorf("in the next period spent %d", c.spent(t))
		}
		refuses(10_00, "")
		w.clock.Move(31 * 24 * time.Hour)
		refuses(1, grant.ErrNotCovered.Code)
	})
}

// TestWhatGrantsDoNotAllow: another payer's wallet, a card, another currency, a grant
// that has ended; and a wallet that refuses leaves the grant's room as it was.
func TestWhatGrantsDoNotAllow(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c := consent(t, w, grant.Limit{Currency: "USD", Max: 500_00})
		if _, code := c.pay(t, 100_01, ""); code != "insufficient_funds" || c.spent(t) != 0 {
			t.Errorf("%q, spent %d", code, c.spent(t))
		}
		other := consent(t, w, grant.Limit{Currency: "USD", Max: 500_00})
		mine := c.wallet
		c.wallet = other.wallet
		if _, code := c.pay(t, 1, ""); code != fault.ErrInvalid.Code {
			t.Errorf("another payer's wallet: %q", code)
		}
		card, err := w.token(t.Context(), w.cafe, "tok_visa")
		if err != nil {
			t.Fatal(err)
		}
		c.wallet.ID = id.Wallet(card)
		if _, code := c.pay(t, 1, ""); code != fault.ErrInvalid.Code {
			t.Errorf("a card: %q", code)
		}
		c.wallet = mine
		first, code := c.pay(t, 10_00, "k1")
		if code != "" || c.spent(t) != 10_00 {
			t.Fatalf("%q, spent %d", code, c.spent(t))
		}
		if _, err := c.room.Revoke(t.Context(), w.cafe.ID, false, c.grant.ID, grant.Ending{By: grant.ByPayer}); err != nil {
			t.Fatal(err)
		}
		if live, err := c.room.Live(t.Context(), c.grant.ID); live || err != nil {
			t.Errorf("it lives: %v", err)
		}
		if p, code := c.pay(t, 1, ""); code != grant.ErrRevoked.Code || p.State != payment.Failed {
			t.Errorf("after it has ended: %q %s", code, p.State)
		}
		if r, err := w.desk.CreateRefund(t.Context(), payment.RefundOrder{Caller: caller(w.cafe, nil), Payment: first.ID}); err != nil || r.State != payment.RefundSucceeded {
			t.Errorf("the merchant refunds it all the same: %v", err)
		}
		if c.spent(t) != 10_00 {
			t.Errorf("a refund gave room back: %d", c.spent(t))
		}
	})
}

// verified is what the operator's command finds.
func (w *world) verified(t *testing.T) string {
	t.Helper()
	return w.audit(t.Context())
}

// skewed is the clock of a server that is ahead or behind.
type skewed struct {
	clock.Clock
	by time.Duration
}

func (s *skewed) Now() time.Time { return s.Clock.Now().Add(s.by) }

// TestALimitHoldsWhereClocksDiffer: two servers on one database, one just past the end of a
// period, the other half a second before it.
func TestALimitHoldsWhereClocksDiffer(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		begin := w.clock.Now().UTC().Truncate(time.Second)
		every, err := grant.ParseInterval("R/" + begin.Format("2006-01-02T15:04:05Z") + "/P1D")
		if err != nil {
			t.Fatal(err)
		}
		c := consent(t, w, grant.Limit{Currency: "USD", Max: 10_00, Interval: every})
		w.clock.Move(begin.Add(24 * time.Hour).Sub(w.clock.Now()))
		s := &skewed{Clock: w.clock}
		c.desk.Clock = s
		passed := 0
		for i := range 8 {
			s.by = 0 // node A: just past the boundary
			if i%2 == 1 {
				s.by = -500 * time.Millisecond // node B: its clock is behind
			}
			if _, code := c.pay(t, 10_00, ""); code == "" {
				passed++
			}
		}
		if passed != 1 {
			t.Errorf("%d payments of 10.00 passed around one midnight by a limit of 10.00 a day", passed)
		}
	})
}

// A payer's grant says nothing of what the merchant is paid in.
func TestAGrantLeavesTheMerchantsSideAlone(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c := consent(t, w, grant.Limit{Currency: "USD", Max: 10_00})
		by := caller(c.cafe, nil)
		by.Use = &grant.Use{Grant: c.grant.ID, Payer: c.grant.Payer}
		for _, o := range []payment.Order{{SettlementCurrency: "EUR"}, {Quote: "quote_x"}} {
			o.Caller, o.Amount, o.Currency, o.Source = by, 1_00, "USD", string(c.wallet.ID)
			if _, err := c.desk.Create(t.Context(), o); !errors.Is(err, fault.ErrInvalid) {
				t.Errorf("%+v: %v", o, err)
			}
		}
	})
}
