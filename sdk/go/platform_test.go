package florin

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// These tests talk to a real platform; make interop in the repository's root starts one,
// with machines in front of it that fail.
func platform(t *testing.T, variable string, options ...Option) *Client {
	t.Helper()
	base := os.Getenv(variable)
	if base == "" {
		t.Skipf("%s names no platform", variable)
	}
	c, err := New(base, os.Getenv("FLORIN_KEY"), options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *Client) pays(t *testing.T, params *CreatePayment, options ...Option) *Payment {
	t.Helper()
	p, err := c.Payments.Create(t.Context(), params, options...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCardPayment(t *testing.T) {
	c := platform(t, "FLORIN_URL")
	p := c.pays(t, &CreatePayment{Amount: 1999, Currency: "USD", CardNumber: "4242424242424242", ExpiryDate: "12/99", CVV: "123",
		Metadata: map[string]string{"order": "7"}})
	if p.Status != PaymentStatusSucceeded || p.AmountCaptured != 1999 || p.Card.Last4 != "4242" || p.Metadata["order"] != "7" || p.CreatedAt.IsZero() {
		t.Errorf("%+v", p)
	}
	if len(p.Extra) != 0 {
		t.Errorf("the client does not know %v: regenerate it", p.Extra)
	}
	r, err := c.Refunds.Create(t.Context(), &CreateRefund{Payment: p.ID, Amount: Ptr[int64](999)})
	if err != nil || r.Status != RefundStatusSucceeded || r.Amount != 999 {
		t.Errorf("refund: %+v %v", r, err)
	}
	again, err := c.Payments.Get(t.Context(), p.ID, nil)
	if err != nil || again.AmountRefunded != 999 {
		t.Errorf("%+v %v", again, err)
	}
}

func TestDecline(t *testing.T) {
	c := platform(t, "FLORIN_URL")
	_, err := c.Payments.Create(t.Context(), &CreatePayment{Amount: 100, Currency: "USD", Source: "tok_insufficient_funds"})
	e := new(Error)
	if !errors.As(err, &e) || !errors.Is(err, ErrRefused) || e.Code != "card_declined" || e.DeclineCode != "insufficient_funds" || e.Advice != "retry_later" {
		t.Fatalf("%+v", err)
	}
	p, err := c.Payments.Get(t.Context(), e.ObjectID, nil)
	if err != nil || p.Status != PaymentStatusFailed || p.Failure.DeclineCode != "insufficient_funds" {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := c.Payments.Create(t.Context(), &CreatePayment{Currency: "usd"}); !errors.As(err, &e) || len(e.Fields) < 2 || !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("%+v", err)
	}
	if _, err := c.Payments.Get(t.Context(), "pay_nothing", nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("%+v", err)
	}
}

func TestCapture(t *testing.T) {
	c := platform(t, "FLORIN_URL")
	p := c.pays(t, &CreatePayment{Amount: 500, Currency: "USD", Source: "tok_visa", Capture: CaptureModeManual})
	if p.Status != PaymentStatusRequiresCapture || p.AmountCapturable != 500 {
		t.Errorf("%+v", p)
	}
	p, err := c.Payments.Capture(t.Context(), p.ID, &CapturePayment{Amount: Ptr[int64](300)})
	if err != nil || p.Status != PaymentStatusSucceeded || p.AmountCaptured != 300 {
		t.Errorf("%+v %v", p, err)
	}
	if _, err := c.Payments.Cancel(t.Context(), p.ID, nil); !errors.Is(err, ErrConflict) {
		t.Errorf("%+v", err)
	}
}

func TestWalletPayment(t *testing.T) {
	c := platform(t, "FLORIN_URL")
	payer, err := c.Payers.Create(t.Context(), &CreatePayer{Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	w, err := c.Wallets.Create(t.Context(), &CreateWallet{Payer: payer.ID, Currency: "USD"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wallets.TopUp(t.Context(), w.ID, &TopUpWallet{Amount: 1000, Source: "tok_visa"}); err != nil {
		t.Fatal(err)
	}
	c.pays(t, &CreatePayment{Amount: 400, Currency: "USD", Source: w.ID})
	if w, err = c.Wallets.Get(t.Context(), w.ID, nil); err != nil || w.Available != 600 {
		t.Errorf("%+v %v", w, err)
	}
}

func TestSameKeyPaysOnce(t *testing.T) {
	c := platform(t, "FLORIN_URL")
	key := "go-" + time.Now().Format(time.RFC3339Nano)
	order := &CreatePayment{Amount: 100, Currency: "USD", Source: "tok_visa"}
	first, second := c.pays(t, order, WithIdempotencyKey(key)), c.pays(t, order, WithIdempotencyKey(key))
	if first.ID != second.ID {
		t.Errorf("paid twice: %s %s", first.ID, second.ID)
	}
	order.Amount = 200
	if _, err := c.Payments.Create(t.Context(), order, WithIdempotencyKey(key)); !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("another request under the key: %v", err)
	}
}

func TestListsInBothDirections(t *testing.T) {
	c := platform(t, "FLORIN_URL")
	payer, err := c.Payers.Create(t.Context(), &CreatePayer{Name: "Bo"})
	if err != nil {
		t.Fatal(err)
	}
	var made []string
	for range 5 {
		w, err := c.Wallets.Create(t.Context(), &CreateWallet{Payer: payer.ID, Currency: "USD"})
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, w.ID)
	}
	walk := func(params *ListWallets) (ids []string) {
		for w, err := range c.Wallets.List(t.Context(), params) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, w.ID)
		}
		return ids
	}
	newer := walk(&ListWallets{Payer: payer.ID, Limit: 2, EndingBefore: made[0]})
	if !slices.Equal(newer, made[1:]) {
		t.Errorf("from the oldest on: %v, made %v", newer, made)
	}
	older := walk(&ListWallets{Payer: payer.ID, Limit: 2})
	slices.Reverse(older)
	if !slices.Equal(older, made) {
		t.Errorf("from the newest on, turned round: %v, made %v", older, made)
	}
	page, err := c.Wallets.ListPage(t.Context(), &ListWallets{Payer: payer.ID, Limit: 2})
	if err != nil || len(page.Data) != 2 || !page.HasMore || page.Data[0].ID != made[4] {
		t.Errorf("%+v %v", page, err)
	}
}

// TestFaultsBetween: the answer to a payment is lost, a proxy is busy, or hangs, and in
// the end there is one payment.
func TestFaultsBetween(t *testing.T) {
	for _, variable := range []string{"FLORIN_DROP_URL", "FLORIN_BUSY_URL", "FLORIN_HANG_URL"} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			c := platform(t, variable, WithTimeout(2*time.Second))
			payer, err := c.Payers.Create(t.Context(), &CreatePayer{Name: variable})
			if err != nil {
				t.Fatal(err)
			}
			w, err := c.Wallets.Create(t.Context(), &CreateWallet{Payer: payer.ID, Currency: "USD"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Wallets.TopUp(t.Context(), w.ID, &TopUpWallet{Amount: 1000, Source: "tok_visa"}); err != nil {
				t.Fatal(err)
			}
			if w, err = c.Wallets.Get(t.Context(), w.ID, nil); err != nil || w.Balance != 1000 {
				t.Errorf("topped up other than once: %+v %v", w, err)
			}
			k, err := c.APIKeys.Create(t.Context(), &CreateAPIKey{Scopes: []string{"payments:read"}, Name: variable})
			if err != nil || !strings.HasPrefix(string(k.Secret), k.Prefix) {
				t.Fatalf("the secret of a lost answer: %+v %v", k, err)
			}
			_, err = c.APIKeys.Revoke(t.Context(), k.ID, nil)
			if e := new(Error); !errors.As(err, &e) || e.Retryable {
				t.Errorf("a key was revoked twice: %v", err)
			}
		})
	}
}

func TestCancelWhileItHangs(t *testing.T) {
	c := platform(t, "FLORIN_HANG_URL")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := c.Payments.Create(ctx, &CreatePayment{Amount: 100, Currency: "USD", Source: "tok_visa"})
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrNetwork) {
		t.Errorf("%v", err)
	}
}

func TestExports(t *testing.T) {
	c := platform(t, "FLORIN_URL")
	p := c.pays(t, &CreatePayment{Amount: 77, Currency: "USD", Source: "tok_visa", Reference: "export-go"})
	n := 0
	for got, err := range c.Exports.Payments(t.Context(), &ExportPayments{Reference: "export-go"}) {
		if err != nil || got.ID != p.ID || len(got.Extra) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		n++
	}
	last := int64(0)
	for got, err := range c.Exports.Transfers(t.Context(), nil) {
		if err != nil || got.Sequence <= last {
			t.Fatalf("%+v after %d, %v", got, last, err)
		}
		last = got.Sequence
	}
	for got, err := range c.Exports.Balances(t.Context(), nil) {
		if err != nil || got.Owner != p.Merchant {
			t.Errorf("%+v, %v", got, err)
		}
		n++
	}
	if n < 2 || last == 0 {
		t.Errorf("%d objects, the last transfer is %d", n, last)
	}
}
