package payment_test

import (
	"context"
	"errors"
	"testing"

	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/vault"
)

// TestTheCardIsReadInTheCommit: a deleted card pays nothing more and reaches no rail; a
// retry of what it paid before is answered all the same; whoever presents the number
// again has a card again.
func TestTheCardIsReadInTheCommit(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		card := must[string](t)(w.token(ctx, w.cafe, "tok_visa"))
		order := func(text string) payment.Order {
			return payment.Order{Caller: caller(w.cafe, key(t, text, "9.00")), Amount: 9_00, Currency: "USD", Source: card}
		}
		first := must[payment.Payment](t)(w.desk.Create(ctx, order("first")))
		if first.Details.Card == nil || first.Details.Card.Last4 != "4242" || first.State != payment.Succeeded {
			t.Fatalf("%+v", first)
		}
		if err := w.vault.Delete(ctx, vault.Owner{Merchant: w.cafe.ID}, id.Card(card), event.Origin{}); err != nil {
			t.Fatal(err)
		}
		sent := len(w.wire.sends)
		if _, err := w.desk.Create(ctx, order("first")); !isReplay(err) {
			t.Errorf("the retry came to %v", err)
		}
		_, err := w.desk.Create(ctx, order("second"))
		if f := fault.Of(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Pointer != "/source" || f.Fields[0].Code != "not_found" {
			t.Errorf("a deleted card came to %v", err)
		}
		if len(w.wire.sends) != sent {
			t.Error("the rail was asked")
		}
		kept, again := 0, order("second") // which was not used up
		again.Keep = func(ctx context.Context) error {
			kept++
			_, err := w.token(ctx, w.cafe, "tok_visa")
			return err
		}
		for _, text := range []string{"second", "third"} {
			again.Caller = caller(w.cafe, key(t, text, "9.00"))
			if p, err := w.desk.Create(ctx, again); err != nil || p.State != payment.Succeeded || kept != 1 {
				t.Errorf("%s: %s, %v, kept %d times", text, p.State, err, kept)
			}
		}
		if err := w.vault.Delete(ctx, vault.Owner{Merchant: w.cafe.ID}, id.Card(card), event.Origin{}); err != nil {
			t.Fatal(err)
		}
		again.Caller, again.Keep = caller(w.cafe, key(t, "gone again", "9.00")), func(context.Context) error { return nil }
		if _, err := w.desk.Create(ctx, again); fault.Of(err) == nil || fault.Of(err).Kind != fault.Invalid {
			t.Errorf("a card deleted as soon as it was kept came to %v", err)
		}
		again.Caller, again.Keep = caller(w.merchant(t, merchant.Draft{}), key(t, "fourth", "9.00")), nil
		if _, err := w.desk.Create(ctx, again); fault.Of(err) == nil || fault.Of(err).Kind != fault.Invalid {
			t.Errorf("another merchant's card came to %v", err)
		}
		if finding := w.audit(ctx); finding != "" {
			t.Error(finding)
		}
	})
}

func isReplay(err error) bool {
	_, ok := errors.AsType[*idempotency.Replay](err)
	return ok
}
