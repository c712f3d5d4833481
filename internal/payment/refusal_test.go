package payment_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/payment"
)

// TestARefusalOfTheRailIsRepeatedWordForWord: what the first caller was told is what a
// retry is told, and the payment is as it was before.
func TestARefusalOfTheRailIsRepeatedWordForWord(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		for _, o := range operations[3:5] { // of an authorization that the acquirer has reversed by itself
			_, about := w.before(t, o)
			was, err := w.desk.Get(ctx, w.cafe.ID, false, about)
			if err != nil {
				t.Fatal(err)
			}
			reversed := w.wire.Client.Send(ctx, connector.Request{
				Reference: "reversal of " + o.name, Kind: connector.Void, Amount: was.Amount, Original: string(was.AuthorizedBy),
			})
			if reversed.Result != connector.Approved {
				t.Fatalf("the reversal: %+v", reversed)
			}
			c := caller(w.cafe, key(t, o.name, o.name))
			first := fault.Of(o.do(ctx, w.node, c, "", about))
			if first == nil || !errors.Is(first, payment.ErrRail) || first.DeclineCode == "" || first.Advice == "" || first.Object != string(about) {
				t.Errorf("%s: the first answer is %+v", o.name, first)
				continue
			}
			again, ok := errors.AsType[*idempotency.Replay](o.do(ctx, w.node, c, "", about))
			if !ok || again.Refusal == nil {
				t.Fatalf("%s: the retry is answered %v", o.name, again)
			}
			if a, b := shown(first), shown(again.Refusal); !reflect.DeepEqual(a, b) {
				t.Errorf("%s: first  %v\n then  %v", o.name, a, b)
			}
			is, err := w.desk.Get(ctx, w.cafe.ID, false, about)
			if is.Sequence == was.Sequence {
				t.Errorf("%s: the refusal is no event", o.name)
			}
			if was.Sequence = is.Sequence; err != nil || !reflect.DeepEqual(is, was) {
				t.Errorf("%s: the payment was %+v\n and is %+v, %v", o.name, was, is, err)
			}
		}
	})
}

// shown is what a caller sees of a refusal.
func shown(f *fault.Fault) []any {
	return []any{f.Kind, f.Code, f.Detail, f.DeclineCode, f.Advice, f.Object}
}

// TestADeclineIsRepeatedWordForWord: as above, for what is refused at the beginning.
func TestADeclineIsRepeatedWordForWord(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		purse, err := (&story{world: w, currency: "USD"}).openWallet(ctx, 1_00)
		if err != nil {
			t.Fatal(err)
		}
		for _, source := range []string{"tok_lost_card", "tok_insufficient_funds", string(purse.ID)} {
			token := source
			if source != string(purse.ID) {
				if token, err = w.token(ctx, w.cafe, source); err != nil {
					t.Fatal(err)
				}
			}
			o := payment.Order{Caller: caller(w.cafe, key(t, source, source)), Amount: 2_00, Currency: "USD", Source: token}
			_, err := w.desk.Create(ctx, o)
			first := fault.Of(err)
			_, err = w.desk.Create(ctx, o)
			again, ok := errors.AsType[*idempotency.Replay](err)
			if first == nil || !ok || again.Refusal == nil || !reflect.DeepEqual(shown(first), shown(again.Refusal)) {
				t.Errorf("%s:\n first %v\n then  %v", source, first, err)
			} else if first.Kind != fault.Refused || first.Object == "" || first.DeclineCode == "" || first.Advice == "" {
				t.Errorf("%s: %v", source, shown(first))
			}
		}
	})
}
