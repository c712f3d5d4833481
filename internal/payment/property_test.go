package payment_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payment"
)

// life is one payment of the property test.
type life struct {
	*world
	m     merchant.Merchant
	paid  money.Currency // what the merchant is paid in
	p     payment.Payment
	base  int64 // of the fees account before it began
	kept  int64 // what the fees account got of it
	given int64 // sum of the fee parts of its refunds that have not failed
}

// TestNoLifeBreaksItsBounds: whatever is asked in whatever order, and whatever the wire
// does to it, the payment stays in its machine and within its amounts, and in the
// end it is settled to the last unit.
func TestNoLifeBreaksItsBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.SQLiteURL(t))
	merchants := []merchant.Merchant{
		w.cafe,
		w.merchant(t, merchant.Draft{}),
		w.merchant(t, merchant.Draft{CardFeeBps: 10_000}),
		w.merchant(t, merchant.Draft{CardFeeBps: 333, CardFeeFixedMinor: 7}),
	}
	for to, rate := range map[money.Currency]string{"EUR": "0.9223", "JPY": "151.3745", "KWD": "0.3071533", "CLF": "0.0249999"} {
		r, err := money.ParseRate("USD", to, rate)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.desk.Exchange.Set(t.Context(), fx.Price{Rate: r, Source: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		l := &life{world: w, m: rapid.SampledFrom(merchants).Draw(t, "merchant")}
		l.paid = rapid.SampledFrom([]money.Currency{"USD", "USD", "EUR", "JPY", "KWD", "CLF"}).Draw(t, "paid in")
		w.wire.set(arrive)
		l.begin(t)
		for range rapid.IntRange(0, 10).Draw(t, "steps") {
			before := l.p
			l.step(t)
			l.read(t)
			l.check(t, before)
		}
		l.end(t)
	})
	if finding := w.audit(t.Context()); finding != "" {
		t.Error(finding)
	}
}

func (l *life) begin(t *rapid.T) {
	ctx := context.Background()
	l.base = l.feesAccount(t)
	card, err := l.token(ctx, l.m, rapid.SampledFrom([]string{"tok_visa", "tok_visa", "tok_twice", "tok_authenticate", "tok_declined"}).Draw(t, "card"))
	if err != nil {
		t.Fatal(err)
	}
	l.p, err = l.desk.Create(ctx, payment.Order{
		Caller: caller(l.m, nil), Amount: rapid.OneOf(rapid.Int64Range(1, 50), rapid.Int64Range(1, 200_00)).Draw(t, "amount"),
		Currency: "USD", Source: card, Manual: rapid.Bool().Draw(t, "manual"), SettlementCurrency: strings.TrimPrefix(string(l.paid), "USD"),
	})
	if err != nil && !errors.Is(err, payment.ErrDeclined) {
		t.Fatal(err)
	}
}

// step does one thing. It may be refused, but only in words that callers know.
func (l *life) step(t *rapid.T) {
	ctx, c := context.Background(), caller(l.m, nil)
	amount := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(1, 30), rapid.Int64Range(1, l.p.Amount.Minor+1)).Draw(t, "part")
	var err error
	switch what := rapid.SampledFrom([]string{"capture", "capture", "refund", "refund", "cancel", "confirm", "wait", "wire"}).Draw(t, "what"); what {
	case "capture":
		_, err = l.desk.Capture(ctx, c, l.p.ID, amount, rapid.Bool().Draw(t, "more"))
	case "refund":
		_, err = l.desk.CreateRefund(ctx, payment.RefundOrder{Caller: c, Payment: l.p.ID, Amount: amount})
	case "cancel":
		_, err = l.desk.Cancel(ctx, c, l.p.ID)
	case "confirm":
		_, err = l.desk.Confirm(ctx, c, l.p.ID, rapid.Bool().Draw(t, "passed"))
	case "wait":
		l.clock.Move(rapid.SampledFrom([]time.Duration{time.Second, 30 * time.Second, 8 * 24 * time.Hour}).Draw(t, "for"))
		if err := l.work(ctx); err != nil {
			t.Fatal(err)
		}
	case "wire":
		l.wire.set(rapid.SampledFrom([]fate{arrive, lost, unheard}).Draw(t, "fate"))
	}
	known := []error{payment.ErrState, payment.ErrBusy, payment.ErrCapture, payment.ErrRefund, payment.ErrUnpaid, payment.ErrRail,
		payment.ErrDeclined, ledger.ErrInsufficientFunds}
	if err != nil && !slices.ContainsFunc(known, func(k error) bool { return errors.Is(err, k) }) {
		t.Fatalf("an answer that no caller expects: %v", fault.Of(err))
	}
}

func (l *life) read(t *rapid.T) {
	ctx := context.Background()
	p, err := l.desk.Get(ctx, l.m.ID, false, l.p.ID)
	if err != nil {
		t.Fatal(err)
	}
	refunds, _, err := l.desk.ListRefunds(ctx, l.m.ID, false, payment.RefundFilter{Payment: p.ID, Page: db.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	l.given = 0
	for _, r := range refunds {
		if r.FeeReturned < 0 {
			t.Fatalf("a refund took a fee: %+v", r)
		}
		if r.State != payment.RefundFailed {
			l.given += r.FeeReturned
		}
	}
	l.kept = l.feesAccount(t) - l.base
	l.p = p
}

func (l *life) feesAccount(t *rapid.T) int64 {
	a, err := l.book.Named(context.Background(), ledger.PlatformName(ledger.Fees, l.paid, false))
	if err != nil {
		t.Fatal(err)
	}
	return a.Posted
}

// leads says where a payment can be, some calls later.
var leads = map[payment.State][]payment.State{
	payment.RequiresAction:  {payment.RequiresAction, payment.Processing, payment.RequiresCapture, payment.Succeeded, payment.Failed, payment.Canceled, payment.Expired},
	payment.Processing:      {payment.RequiresAction, payment.Processing, payment.RequiresCapture, payment.Succeeded, payment.Failed, payment.Canceled, payment.Expired},
	payment.RequiresCapture: {payment.Processing, payment.RequiresCapture, payment.Succeeded, payment.Canceled, payment.Expired},
	payment.Succeeded:       {payment.Succeeded},
	payment.Failed:          {payment.Failed},
	payment.Canceled:        {payment.Canceled},
	payment.Expired:         {payment.Expired},
}

// worth is what the merchant got for what is captured, and what of it went back.
func (l *life) worth() (got, back int64) {
	if s := payment.View(l.p).Settlement; s != nil {
		return s.AmountCaptured, s.AmountReturned
	}
	return l.p.Captured, l.p.Refunded + l.p.Refunding
}

func (l *life) check(t *rapid.T, before payment.Payment) {
	p := l.p
	worth, back := l.worth()
	for _, x := range []struct {
		broken bool
		what   string
	}{
		{!slices.Contains(leads[before.State], p.State), fmt.Sprintf("became %s from %s", p.State, before.State)},
		{p.Captured < before.Captured || p.Captured > p.Amount.Minor, "captured out of bounds"},
		{p.Refunded < before.Refunded || p.Refunding < 0 || p.Refunded+p.Refunding > p.Captured, "refunded out of bounds"},
		{p.Fee < before.Fee || p.Fee > worth, "fee out of bounds"},
		{back < 0 || back > worth, "returned out of bounds"},
		{p.FeeReturned < 0 || p.FeeReturned > p.Fee || p.FeeReturned != l.given, "fee returned out of bounds"},
		{l.kept != p.Fee-p.FeeReturned, "the parts of the fee do not sum"},
		{p.State == payment.RequiresCapture && (p.AuthorizedBy == "" || p.ExpiresAt.IsZero()), "waits for a capture without an authorization"},
		{p.State == payment.Processing && p.Attempt == "", "waits for no attempt"},
		{p.Captured > 0 && p.State == payment.Canceled, "canceled after a capture"},
	} {
		if x.broken {
			t.Fatalf("%s: %+v", x.what, p)
		}
	}
	fee, err := l.m.CardFee(money.New(worth, l.paid))
	if err != nil || p.Captured == p.Amount.Minor && p.Fee != fee.Minor {
		t.Fatalf("captured in full, the fee is %d and should be %s, %v", p.Fee, fee, err)
	}
}

// end: with a working wire and time enough every payment comes to rest, and a full
// refund gives back all of it.
func (l *life) end(t *rapid.T) {
	ctx := context.Background()
	l.wire.set(arrive)
	for range 3 {
		l.clock.Move(9 * 24 * time.Hour)
		if err := l.work(ctx); err != nil {
			t.Fatal(err)
		}
	}
	before := l.p
	l.read(t)
	l.check(t, before)
	if l.p.State == payment.RequiresCapture || l.p.State == payment.Processing || l.p.Attempt != "" || l.p.Refunding != 0 {
		t.Fatalf("never comes to rest: %+v", l.p)
	}
	if l.p.Refundable() == 0 {
		return
	}
	if _, err := l.desk.CreateRefund(ctx, payment.RefundOrder{Caller: caller(l.m, nil), Payment: l.p.ID}); err != nil {
		t.Fatalf("the rest cannot be refunded: %v", err)
	}
	l.read(t)
	if got, back := l.worth(); l.p.Refunded != l.p.Captured || l.p.FeeReturned != l.p.Fee || got != back {
		t.Fatalf("a full refund left something, %d of %d went back: %+v", back, got, l.p)
	}
}
