package payment_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/payment"
)

// operation is something that calls the rail, and what came before it.
type operation struct {
	name   string
	kind   connector.Kind
	token  string // of the payment that it is about; "" if it makes one
	manual bool
	facts  int    // events that it appends when it comes to its end
	failed string // the answer when the rail has never seen it, "" if the answer is an object
	do     func(ctx context.Context, n node, c payment.Caller, card string, p id.Payment) error
}

func create(manual bool) func(context.Context, node, payment.Caller, string, id.Payment) error {
	return func(ctx context.Context, n node, c payment.Caller, card string, _ id.Payment) error {
		_, err := n.desk.Create(ctx, payment.Order{Caller: c, Amount: 100_00, Currency: "USD", Source: card, Manual: manual})
		return err
	}
}

var operations = []operation{
	{"pay", connector.Sale, "", false, 2, "card_declined", create(false)},
	{"authorize", connector.Authorize, "", true, 2, "card_declined", create(true)},
	{"confirm", connector.Sale, "tok_authenticate", false, 2, "card_declined", func(ctx context.Context, n node, c payment.Caller, _ string, p id.Payment) error {
		_, err := n.desk.Confirm(ctx, c, p, true)
		return err
	}},
	{"capture", connector.Capture, "tok_visa", true, 2, "rail_refused", func(ctx context.Context, n node, c payment.Caller, _ string, p id.Payment) error {
		_, err := n.desk.Capture(ctx, c, p, 60_00, true)
		return err
	}},
	{"cancel", connector.Void, "tok_visa", true, 2, "rail_refused", func(ctx context.Context, n node, c payment.Caller, _ string, p id.Payment) error {
		_, err := n.desk.Cancel(ctx, c, p)
		return err
	}},
	{"refund", connector.Refund, "tok_visa", false, 2, "", func(ctx context.Context, n node, c payment.Caller, _ string, p id.Payment) error {
		_, err := n.desk.CreateRefund(ctx, payment.RefundOrder{Caller: c, Payment: p, Amount: 25_00})
		return err
	}},
}

// TestARetryAfterACrashDrivesTheWorkToItsEnd: wherever the process dies, the same key
// brings the one answer, and the rail has acted once or not at all.
func TestARetryAfterACrashDrivesTheWorkToItsEnd(t *testing.T) {
	for _, f := range []fate{dieBefore, dieAfter, lost, unheard} {
		t.Run(string(f), func(t *testing.T) {
			eachWorld(t, func(t *testing.T, w *world) {
				for _, o := range operations {
					t.Run(o.name, func(t *testing.T) { w.crash(t, o, f) })
				}
			})
		})
	}
}

func (w *world) crash(t *testing.T, o operation, f fate) {
	ctx := t.Context()
	card, about := w.before(t, o)
	c := caller(w.cafe, key(t, "crash "+o.name, o.name))
	sent := len(w.wire.sends)
	w.wire.set(f)
	died := dies(func() { _ = o.do(ctx, w.node, c, card, about) })
	w.wire.set(arrive)
	if died != (f == dieBefore || f == dieAfter) {
		t.Fatalf("the process died: %t", died)
	}

	again := w.start(w.d) // remembers nothing but the database
	other := caller(w.cafe, key(t, "crash "+o.name, "another request"))
	if err := o.do(ctx, again, other, card, about); !errors.Is(err, idempotency.ErrReused) {
		t.Errorf("another request with the key: %v", err)
	}
	acted := f == dieAfter || f == unheard
	first := o.do(ctx, again, c, card, about)
	if !acted && first != nil {
		t.Errorf("the rail has not seen it, which may still change, and the retry answers %v", first)
	}
	w.clock.Move(30 * time.Second) // now no call can be under way
	answers := map[string]bool{}
	for range 3 {
		err := o.do(ctx, again, c, card, about)
		if o.kind == connector.Refund && err == nil {
			continue // the refund as it ended
		}
		answers[told(err)] = true
	}
	want := "replayed"
	if !acted && o.failed != "" {
		want = "replayed " + o.failed
	}
	if len(answers) != 1 || !answers[want] {
		t.Errorf("the retries were answered %v, want %q", answers, want)
	}
	if n := len(w.wire.sends) - sent; n != 1 {
		t.Errorf("the rail was sent %d requests", n)
	}
	w.oneEffect(t, o, w.wire.sends[sent], acted)
}

// before makes what the operation is about.
func (w *world) before(t *testing.T, o operation) (card string, about id.Payment) {
	t.Helper()
	token := o.token
	if token == "" {
		token = "tok_visa"
	}
	card, err := w.token(t.Context(), w.cafe, token)
	if err != nil || o.token == "" {
		return card, ""
	}
	p, err := w.desk.Create(t.Context(), payment.Order{
		Caller: caller(w.cafe, nil), Amount: 100_00, Currency: "USD", Source: card, Manual: o.manual,
	})
	if err != nil {
		t.Fatal(err)
	}
	return card, p.ID
}

func dies(fn func()) (died bool) {
	defer func() {
		if p := recover(); p != nil {
			if p != errDied { //nolint:errorlint // a panic's value
				panic(p)
			}
			died = true
		}
	}()
	fn()
	return false
}

// told is an answer in a word or two.
func told(err error) string {
	if err == nil {
		return "done"
	}
	if r, ok := errors.AsType[*idempotency.Replay](err); ok {
		if r.Refusal == nil {
			return "replayed"
		}
		return "replayed " + r.Refusal.Code
	}
	return fault.Of(err).Code
}

// oneEffect: the rail and the ledger agree that it happened once, or not at all.
func (w *world) oneEffect(t *testing.T, o operation, sent connector.Request, acted bool) {
	t.Helper()
	ctx := t.Context()
	want := connector.Abandoned
	if acted {
		want = connector.Approved
	}
	if got := w.wire.Ask(ctx, sent.Reference).Result; got != want {
		t.Errorf("the rail says %s of it, want %s", got, want)
	}
	if err := w.work(ctx); err != nil {
		t.Error(err)
	}
	list, _, err := w.events.List(ctx, w.cafe.ID, false, event.Filter{Page: db.Page{Limit: 1000}})
	facts := 0
	for _, e := range list {
		if e.Origin.IdempotencyKey == "crash "+o.name {
			facts++
		}
	}
	if err != nil || facts != o.facts {
		t.Errorf("%d events of it, want %d, %v", facts, o.facts, err)
	}
	if n, err := w.desk.Unsettled(ctx); n != 0 || err != nil {
		t.Errorf("%d attempts are open, %v", n, err)
	}
	if finding := w.audit(ctx); finding != "" {
		t.Error(finding)
	}
}

// audit is the first thing that is wrong with the books, "" for nothing.
func (w *world) audit(ctx context.Context) string {
	report, err := w.book.Verify(ctx, nil)
	if err == nil && report.Finding == "" {
		report.Finding, err = verifyFlows(ctx, w.d)
	}
	if err == nil && report.Finding == "" {
		_, report.Finding, err = w.events.Verify(ctx)
	}
	if err != nil {
		return fmt.Sprint(report.Finding, err)
	}
	return report.Finding
}

// verifyFlows holds payments, refunds and disputes to account.
func verifyFlows(ctx context.Context, d *db.DB) (string, error) {
	r, err := payment.Verify(ctx, d, dispute.Contests)
	if err != nil || r.Finding != "" {
		return r.Finding, err
	}
	_, finding, err := dispute.Verify(ctx, d)
	return finding, err
}

// TestARetryBesideTheLiveCall: while the first request still waits for the rail, its
// key is in use in this process, and harmless in another.
func TestARetryBesideTheLiveCall(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		card, _ := w.before(t, operations[0])
		c := caller(w.cafe, key(t, "k", "pay"))
		pay := operations[0].do
		pauses := make(chan chan<- struct{})
		w.wire.pauses = pauses
		first := make(chan error, 1)
		go func() { first <- pay(ctx, w.node, c, card, "") }()
		goOn := <-pauses
		if err := pay(ctx, w.node, c, card, ""); !errors.Is(err, idempotency.ErrInUse) || fault.Of(err).RetryAfter == 0 {
			t.Errorf("a retry beside the first call: %v, want ErrInUse with Retry-After", err)
		}
		if err := pay(ctx, w.node, caller(w.cafe, key(t, "k", "other")), card, ""); !errors.Is(err, idempotency.ErrReused) {
			t.Errorf("another request beside the first call: %v", err)
		}
		if err := pay(ctx, w.start(w.d), c, card, ""); err != nil {
			t.Errorf("a retry at another node: %v, want the payment as it stands", err)
		}
		close(goOn)
		if err := <-first; err != nil {
			t.Errorf("the first call: %v", err)
		}
		if err := pay(ctx, w.node, c, card, ""); told(err) != "replayed" {
			t.Errorf("afterwards: %v", err)
		}
		if n := len(w.wire.sends); n != 1 {
			t.Errorf("the rail was sent %d requests", n)
		}
		if finding := w.audit(ctx); finding != "" {
			t.Error(finding)
		}
	})
}

// TestAWalletPaymentIsThereOrNotAtAll: it is one commit, so a retry finds it done or
// does it, also at another node.
func TestAWalletPaymentIsThereOrNotAtAll(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, url)
		s := &story{world: w, currency: "USD"}
		purse, err := s.openWallet(t.Context(), 50_00)
		if err != nil {
			t.Fatal(err)
		}
		other := w.node
		if db.IsPostgres(url) {
			other = w.start(dbtest.Open(t, db.Config{URL: url, Log: quiet}))
		}
		c := caller(w.cafe, key(t, "k", "pay"))
		answers := make(chan error)
		for i := range 20 {
			n := w.node
			if i%2 == 0 {
				n = other
			}
			go func() {
				_, err := n.desk.Create(context.Background(), payment.Order{Caller: c, Amount: 30_00, Currency: "USD", Source: string(purse.ID)})
				answers <- err
			}()
		}
		count := map[string]int{}
		for range 20 {
			count[told(<-answers)]++
		}
		if count["done"] != 1 || count["replayed"] != 19 {
			t.Errorf("20 requests with one key were answered %v", count)
		}
		if a, err := w.book.Named(t.Context(), purse.Account()); a.Posted != 20_00 || err != nil {
			t.Errorf("the wallet holds %d, %v", a.Posted, err)
		}
		if finding := w.audit(t.Context()); finding != "" {
			t.Error(finding)
		}
	})
}
