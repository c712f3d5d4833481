package fault

import (
	"fmt"
	"sync"
	"testing"
)

// crowd makes n requests at the same moment, each again until it is answered for
// good, and counts the answers by status. Busy is what may be answered meanwhile.
func crowd(t *testing.T, n int, ask func(n int) (answer, error)) map[int]int {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	counts := map[int]int{}
	gate := make(chan struct{})
	for n := range n {
		wg.Go(func() {
			<-gate
			for {
				a, err := ask(n)
				if err != nil {
					t.Error(err)
					return
				}
				if !ackOf("", a).definite() {
					continue
				}
				mu.Lock()
				counts[a.status]++
				mu.Unlock()
				return
			}
		})
	}
	close(gate)
	wg.Wait()
	return counts
}

// TestCrowd lets many ask at once for more than there is: limits hold to the unit.
func TestCrowd(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		s := start(t, p)
		t.Run("wallet", func(t *testing.T) { crowdAtWallet(t, s.api) })
		t.Run("capture", func(t *testing.T) { crowdAtCapture(t, s.api) })
		t.Run("refund", func(t *testing.T) { crowdAtRefund(t, s.api) })
		t.Run("same key", func(t *testing.T) { crowdWithOneKey(t, s.api, s.api.wallet(t, 1000)) })
		t.Run("same key by card", func(t *testing.T) { crowdWithOneKey(t, s.api, "tok_visa") })
		p.verify(t)
	})
}

// crowdAtWallet: a hundred payments of 10 from a wallet that has 100.
func crowdAtWallet(t *testing.T, c *api) {
	wallet := c.wallet(t, 100)
	counts := crowd(t, 100, func(n int) (answer, error) { return c.pay(fmt.Sprintf("wallet-%d", n), wallet, 10) })
	if counts[200] != 10 || counts[402] != 90 {
		t.Errorf("answers %v, want 10 of 200 and 90 of 402", counts)
	}
	if left := c.balance(t, wallet); left != 0 {
		t.Errorf("the wallet has %d left, want 0", left)
	}
}

// crowdAtCapture: fifty captures of 10 of an authorization of 100.
func crowdAtCapture(t *testing.T, c *api) {
	made := c.mustPost(t, "/v1/payments", "", map[string]any{"amount": 100, "currency": "USD", "source": "tok_visa", "capture": "manual"})
	counts := crowd(t, 50, func(n int) (answer, error) {
		return c.post("/v1/payments/"+made.ID+"/capture", fmt.Sprintf("capture-%d", n), map[string]any{"amount": 10, "more_to_come": true})
	})
	if counts[200] != 10 || counts[400]+counts[409] != 40 {
		t.Errorf("answers %v, want 10 of 200 and 40 refusals", counts)
	}
	if v := c.payment(t, made.ID); v.Captured != 100 || v.state() != "succeeded" {
		t.Errorf("captured %d and %s, want 100 and succeeded", v.Captured, v.state())
	}
}

// crowdAtRefund: fifty refunds of 10 of a payment of 100, by card and by wallet.
func crowdAtRefund(t *testing.T, c *api) {
	for _, source := range []string{"tok_visa", c.world.Wallet} {
		a, err := c.pay("refund-me-"+source, source, 100)
		if err != nil || a.status != 200 {
			t.Fatalf("the payment: %v %s", err, a)
		}
		made := a.shown()
		counts := crowd(t, 50, func(n int) (answer, error) {
			return c.post("/v1/refunds", fmt.Sprintf("refund-%s-%d", source, n), map[string]any{"payment": made.ID, "amount": 10})
		})
		if counts[200] != 10 || counts[400] != 40 {
			t.Errorf("%s: answers %v, want 10 of 200 and 40 of 400", source, counts)
		}
		if v := c.payment(t, made.ID); v.Refunded != 100 {
			t.Errorf("%s: refunded %d, want 100", source, v.Refunded)
		}
	}
}

// crowdWithOneKey: fifty times the same request with the same key is one payment.
func crowdWithOneKey(t *testing.T, c *api, source string) {
	var mu sync.Mutex
	ids, fresh := map[string]int{}, 0
	counts := crowd(t, 50, func(int) (answer, error) {
		a, err := c.pay("one-key-"+source, source, 7)
		if err == nil && a.status == 200 {
			mu.Lock()
			defer mu.Unlock()
			ids[a.shown().ID]++
			if !a.replayed {
				fresh++
			}
		}
		return a, err
	})
	if counts[200] != 50 || len(ids) != 1 {
		t.Errorf("answers %v about the payments %v, want 50 about one", counts, ids)
	}
	if fresh != 1 {
		t.Errorf("%d answers say that they are the first", fresh)
	}
	all, err := list(c, "/v1/payments", func(v shown) string { return v.ID })
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, v := range all {
		if v.Ref == "one-key-"+source {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d payments are stored for one key", count)
	}
}
