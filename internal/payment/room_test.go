package payment_test

import (
	"math"
	"testing"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payment"
)

// TestTheRailIsNotAskedForWhatCannotBeCounted: where an account stands at the end of what
// 64 bits can count, a payment is refused before the rail has done anything, and those in
// other currencies go on.
func TestTheRailIsNotAskedForWhatCannotBeCounted(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		s := &story{world: w, currency: "EUR"}
		if got := s.do(t, []string{"rate", "USD", "1.0842"}); got != "ok" {
			t.Fatal(got)
		}
		card := must[string](t)(w.token(ctx, w.cafe, "tok_visa"))
		early := must[payment.Payment](t)(w.desk.Create(ctx, payment.Order{
			Caller: caller(w.cafe, nil), Amount: 2_00, Currency: "EUR", SettlementCurrency: "USD", Source: card, Manual: true,
		}))
		for _, x := range []struct {
			full ledger.Name
			o    payment.Order
			want string
		}{
			{ledger.PlatformName(ledger.AcquirerReceivable, "GBP", false), payment.Order{Currency: "GBP"}, "amount_overflow"},
			{ledger.PlatformName(ledger.AcquirerReceivable, "GBP", false), payment.Order{Currency: "GBP", Manual: true}, "amount_overflow"},
			{ledger.PlatformName(ledger.AcquirerReceivable, "GBP", false), payment.Order{Currency: "CHF"}, "done"},
			{ledger.Name{Owner: string(w.cafe.ID), Purpose: ledger.Balance, Currency: "SEK"}, payment.Order{Currency: "SEK"}, "amount_overflow"},
			{ledger.PlatformName(ledger.Exchange, "USD", false), payment.Order{Currency: "EUR", SettlementCurrency: "USD"}, "amount_overflow"},
			{ledger.PlatformName(ledger.Exchange, "USD", false), payment.Order{Currency: "EUR"}, "done"},
		} {
			w.fill(t, x.full)
			sent := len(w.wire.sends)
			x.o.Caller, x.o.Amount, x.o.Source = caller(w.cafe, nil), 2_00, card
			_, err := w.desk.Create(ctx, x.o)
			if got := told(err); got != x.want {
				t.Errorf("%+v: %s, want %s", x.o, got, x.want)
			}
			if asked := len(w.wire.sends) > sent; asked != (x.want == "done") {
				t.Errorf("%s with %s full: the rail was asked: %t", x.o.Currency, x.full.Purpose, asked)
			}
		}
		sent := len(w.wire.sends)
		if _, err := w.desk.Capture(ctx, caller(w.cafe, nil), early.ID, 0, false); fault.Of(err) == nil || fault.Of(err).Code != "amount_overflow" || len(w.wire.sends) != sent {
			t.Errorf("a capture of what was authorized before: %v", err)
		}
		if n, err := w.desk.Unsettled(ctx); n != 0 || err != nil {
			t.Errorf("%d attempts are open, %v", n, err)
		}
		if finding := w.audit(ctx); finding != "" {
			t.Error(finding)
		}
	})
}

// fill brings an account to the end of its range, unless it is there: one of the
// platform's to the lower one, where what it is owed stands.
func (w *world) fill(t *testing.T, n ledger.Name) {
	t.Helper()
	a, err := w.book.Named(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	other := ledger.PlatformName(ledger.Clearing, n.Currency, n.Live)
	move := ledger.MovePost(n, other, money.New(math.MaxInt64-1_00+min(a.Posted, 0), n.Currency), "fill")
	if n.Owner != ledger.Platform {
		move = ledger.MovePost(other, n, money.New(math.MaxInt64-1_00-a.Posted, n.Currency), "fill")
	}
	if a.Posted < math.MinInt64/2 || a.Posted > math.MaxInt64/2 {
		return
	}
	err = w.d.Write(t.Context(), ledger.Locks(n, other), func(tx *db.Tx) error {
		_, err := ledger.Apply(tx, w.clock.Now(), move)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
