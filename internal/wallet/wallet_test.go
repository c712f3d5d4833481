package wallet_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"sync"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/wallet"
)

// purse is a merchant with a payer who has wallets.
type purse struct {
	d         *db.DB
	clock     *clock.Manual
	merchants *merchant.Room
	payers    *payer.Room
	desk      *wallet.Desk
	till      *payment.Desk
	book      *ledger.Book
	cafe      merchant.Merchant
	ann       payer.Payer
}

func each(t *testing.T, fn func(t *testing.T, p *purse)) {
	t.Helper()
	dbtest.EachURL(t, func(t *testing.T, url string) { fn(t, newPurse(t, url)) })
}

func newPurse(t *testing.T, url string) *purse {
	t.Helper()
	p := &purse{d: dbtest.Open(t, db.Config{URL: url}), clock: clock.NewManual()}
	p.merchants, p.payers = merchant.New(p.d, p.clock), payer.New(p.d, p.clock)
	p.book = ledger.NewBook(p.d)
	p.desk, p.till = p.node(p.d)
	var err error
	if p.cafe, err = p.merchants.Create(t.Context(), merchant.Draft{Name: "Cafe", Country: "NL", WalletFeeBps: 100}); err != nil {
		t.Fatal(err)
	}
	if p.ann, err = p.payers.Create(t.Context(), payer.Draft{Merchant: p.cafe.ID, Name: "Ann"}); err != nil {
		t.Fatal(err)
	}
	return p
}

// node is a process on a database: where wallets are kept, and where they pay.
func (p *purse) node(d *db.DB) (*wallet.Desk, *payment.Desk) {
	return wallet.NewDesk(d, p.clock, p.payers),
		payment.NewDesk(payment.Config{DB: d, Clock: p.clock, Merchants: p.merchants, Log: slog.New(slog.DiscardHandler)})
}

func (p *purse) open(t testing.TB, currency string, funds int64, l wallet.Limits) wallet.Wallet {
	t.Helper()
	w, err := p.desk.Create(context.Background(), wallet.Draft{
		Merchant: p.cafe.ID, Payer: p.ann.ID, Currency: currency, Funds: funds, Limits: l,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (p *purse) pay(till *payment.Desk, from id.Wallet, minor int64) error {
	_, err := till.Create(context.Background(), payment.Order{
		Caller: payment.Caller{Merchant: p.cafe.ID}, Amount: minor, Currency: "USD", Source: string(from),
	})
	return err
}

func (p *purse) send(desk *wallet.Desk, from, to id.Wallet, minor int64) error {
	_, err := desk.Send(context.Background(), p.cafe.ID, false, wallet.Sending{From: from, To: to, Amount: minor})
	return err
}

func (p *purse) holds(t testing.TB, n ledger.Name) int64 {
	t.Helper()
	a, err := p.book.Named(context.Background(), n)
	if err != nil {
		t.Fatal(err)
	}
	return a.Posted
}

// audit verifies the ledger and the payments.
func (p *purse) audit(t testing.TB) {
	t.Helper()
	if r, err := p.book.Verify(context.Background(), nil); r.Finding != "" || err != nil {
		t.Errorf("verify: %s, %v", r.Finding, err)
	}
	if r, err := payment.Verify(context.Background(), p.d, nil); r.Finding != "" || err != nil {
		t.Errorf("verify: %s, %v", r.Finding, err)
	}
}

func code(err error) string {
	if err == nil {
		return "ok"
	}
	f := fault.Of(err)
	if len(f.Fields) > 0 {
		return f.Code + " " + f.Fields[0].Pointer + " " + f.Fields[0].Code
	}
	return f.Code
}

// TestADayEndsAtMidnightUTC: the day's limit starts again then, and not 24 hours later.
func TestADayEndsAtMidnightUTC(t *testing.T) {
	each(t, func(t *testing.T, p *purse) {
		w, other := p.open(t, "USD", 1000_00, wallet.Limits{PerPayment: 60_00, PerDay: 100_00}), p.open(t, "USD", 0, wallet.Limits{})
		midnight := p.clock.Now().Truncate(24*time.Hour).AddDate(0, 0, 2)
		p.clock.Move(midnight.Add(-2 * time.Hour).Sub(p.clock.Now()))
		spent := func(want int64) {
			t.Helper()
			got, err := p.desk.Get(t.Context(), p.cafe.ID, false, w.ID)
			if err != nil || got.SpentOn(p.clock.Now()) != want {
				t.Errorf("spent today: %d, %v, want %d", got.SpentOn(p.clock.Now()), err, want)
			}
		}
		for _, step := range []struct {
			do   func() error
			want string
			left int64
		}{
			{func() error { return p.pay(p.till, w.ID, 60_01) }, "payment_limit_reached", 0},
			{func() error { return p.pay(p.till, w.ID, 60_00) }, "ok", 60_00},
			{func() error { return p.send(p.desk, w.ID, other.ID, 40_01) }, "day_limit_reached", 60_00},
			{func() error { return p.send(p.desk, w.ID, other.ID, 40_00) }, "ok", 100_00},
			{func() error { return p.pay(p.till, w.ID, 1) }, "day_limit_reached", 100_00},
			{func() error { return p.send(p.desk, other.ID, w.ID, 1) }, "ok", 100_00}, // what comes in does not count
			{func() error { p.clock.Move(2*time.Hour - time.Minute); return p.pay(p.till, w.ID, 1) }, "day_limit_reached", 100_00},
			{func() error { p.clock.Move(time.Minute); return p.pay(p.till, w.ID, 60_00) }, "ok", 60_00},
			{func() error { p.clock.Move(23 * time.Hour); return p.pay(p.till, w.ID, 40_01) }, "day_limit_reached", 60_00},
			{func() error { p.clock.Move(time.Hour); return nil }, "ok", 0},
		} {
			if got := code(step.do()); got != step.want {
				t.Errorf("%s: answered %s, want %s", p.clock.Now().Format(time.DateTime), got, step.want)
			}
			spent(step.left)
		}
		p.audit(t)
	})
}

// TestAHundredPaymentsWithRoomForTen: exactly ten get through, whether the balance or
// the day's limit is what ends first.
func TestAHundredPaymentsWithRoomForTen(t *testing.T) {
	for name, x := range map[string]struct {
		funds  int64
		limits wallet.Limits
		refuse string
	}{
		"balance": {105_00, wallet.Limits{}, "insufficient_funds"},
		"day":     {1000_00, wallet.Limits{PerDay: 105_00}, "day_limit_reached"},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.EachURL(t, func(t *testing.T, url string) {
				p := newPurse(t, url)
				tills := []*payment.Desk{p.till}
				if db.IsPostgres(url) {
					_, second := p.node(dbtest.Open(t, db.Config{URL: url}))
					tills = append(tills, second)
				}
				w := p.open(t, "USD", x.funds, x.limits)
				count := rush(100, func(i int) error { return p.pay(tills[i%len(tills)], w.ID, 10_00) })
				if count["ok"] != 10 || count[x.refuse] != 90 {
					t.Errorf("100 payments: %v", count)
				}
				if got := p.holds(t, w.Account()); got != x.funds-100_00 {
					t.Errorf("the wallet holds %d", got)
				}
				balance := ledger.Name{Owner: string(p.cafe.ID), Purpose: ledger.Balance, Currency: "USD"}
				if got := p.holds(t, balance); got != 99_00 {
					t.Errorf("the merchant has %d", got)
				}
				p.audit(t)
			})
		})
	}
}

func rush(n int, fn func(i int) error) map[string]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	count := map[string]int{}
	for i := range n {
		wg.Go(func() {
			got := code(fn(i))
			mu.Lock()
			defer mu.Unlock()
			count[got]++
		})
	}
	wg.Wait()
	return count
}

// TestSendingToAndFroKeepsTheSum: in both directions at once, through two nodes on
// PostgreSQL, nothing is made and nothing lost, and nobody waits for each other.
func TestSendingToAndFroKeepsTheSum(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		p := newPurse(t, url)
		desks := []*wallet.Desk{p.desk}
		if db.IsPostgres(url) {
			second, _ := p.node(dbtest.Open(t, db.Config{URL: url}))
			desks = append(desks, second)
		}
		a, b, c := p.open(t, "USD", 50_00, wallet.Limits{}), p.open(t, "USD", 50_00, wallet.Limits{}), p.open(t, "USD", 0, wallet.Limits{})
		ring := []id.Wallet{a.ID, b.ID, c.ID}
		count := rush(120, func(i int) error {
			from, to := i%3, (i+1+i/3%2)%3 // to the next one, or to the one before
			return p.send(desks[i%len(desks)], ring[from], ring[to], int64(1+i%7)*1_00)
		})
		if count["ok"] == 0 || count["ok"]+count["insufficient_funds"] != 120 {
			t.Errorf("120 transfers: %v", count)
		}
		sum := int64(0)
		for _, w := range []wallet.Wallet{a, b, c} {
			held := p.holds(t, w.Account())
			if held < 0 {
				t.Errorf("a wallet holds %d", held)
			}
			sum += held
		}
		if sum != 100_00 {
			t.Errorf("three wallets with 100.00 now hold %d", sum)
		}
		p.audit(t)
	})
}

// TestASendIsRefusedInWords: and where it is about a field, the field is named.
func TestASendIsRefusedInWords(t *testing.T) {
	each(t, func(t *testing.T, p *purse) {
		a, b, euro := p.open(t, "USD", 50_00, wallet.Limits{PerPayment: 40_00}), p.open(t, "USD", 0, wallet.Limits{}), p.open(t, "EUR", 0, wallet.Limits{})
		other, err := p.merchants.Create(t.Context(), merchant.Draft{Name: "Pub", Country: "NL"})
		if err != nil {
			t.Fatal(err)
		}
		never := id.New[id.Wallet](p.clock.Now())
		for _, x := range []struct {
			name     string
			m        id.Merchant
			from, to id.Wallet
			minor    int64
			want     string
		}{
			{"all well", p.cafe.ID, a.ID, b.ID, 1_00, "ok"},
			{"from nobody", p.cafe.ID, never, b.ID, 1_00, "not_found"},
			{"from another's", other.ID, a.ID, b.ID, 1_00, "not_found"},
			{"to nobody", p.cafe.ID, a.ID, never, 1_00, "invalid_request /to not_found"},
			{"to itself", p.cafe.ID, a.ID, a.ID, 1_00, "invalid_request /to same_account"},
			{"to another currency", p.cafe.ID, a.ID, euro.ID, 1_00, "invalid_request /to wallet_currency_mismatch"},
			{"too much at once", p.cafe.ID, a.ID, b.ID, 40_01, "payment_limit_reached"},
			{"more than there is", p.cafe.ID, b.ID, a.ID, 1_01, "insufficient_funds"},
			{"nothing", p.cafe.ID, a.ID, b.ID, 0, "amount_not_positive"},
			{"less than nothing", p.cafe.ID, a.ID, b.ID, -1, "amount_not_positive"},
		} {
			_, err := p.desk.Send(t.Context(), x.m, false, wallet.Sending{From: x.from, To: x.to, Amount: x.minor})
			if got := code(err); got != x.want {
				t.Errorf("%s: %s, want %s", x.name, got, x.want)
			}
		}
		if p.holds(t, a.Account()) != 49_00 || p.holds(t, b.Account()) != 1_00 {
			t.Error("a refused transfer moved something")
		}
		p.audit(t)
	})
}

// TestASendHasOneEffectPerKey, and one event for each wallet: the sender's carries the transfer.
func TestASendHasOneEffectPerKey(t *testing.T) {
	each(t, func(t *testing.T, p *purse) {
		a, b := p.open(t, "USD", 50_00, wallet.Limits{}), p.open(t, "USD", 0, wallet.Limits{})
		var sequence int64
		count := rush(20, func(int) error {
			k, err := idempotency.New("c", false, "k", []byte("send"))
			if err != nil {
				return err
			}
			_, err = p.desk.Send(context.Background(), p.cafe.ID, false, wallet.Sending{From: a.ID, To: b.ID, Amount: 10_00, Once: k})
			if r, ok := errors.AsType[*idempotency.Replay](err); ok && r.Refusal == nil {
				return fault.New(fault.Conflict, fmt.Sprint("replayed ", r.Sequence), "")
			}
			return err
		})
		log := event.NewLog(p.d)
		sent, _, err := log.List(t.Context(), p.cafe.ID, false, event.Filter{Page: db.Page{Limit: 10}, Types: []string{"wallet.sent"}})
		if len(sent) != 1 || err != nil {
			t.Fatalf("%d events, %v", len(sent), err)
		}
		sequence = sent[0].Sequence
		if want := map[string]int{"ok": 1, fmt.Sprint("replayed ", sequence): 19}; !reflect.DeepEqual(count, want) {
			t.Errorf("20 requests were answered %v, want %v", count, want)
		}
		if x, ok := sent[0].Object().(*florinv1.Transfer); !ok || x.Amount != 10_00 || x.Debit != string(a.Account().ID()) {
			t.Errorf("the event holds %v", sent[0].Object())
		}
		if got := p.holds(t, b.Account()); got != 10_00 {
			t.Errorf("the other wallet holds %d", got)
		}
		received, _, err := log.List(t.Context(), p.cafe.ID, false, event.Filter{Page: db.Page{Limit: 10}, Types: []string{"wallet.received"}})
		if len(received) != 1 || err != nil || received[0].Sequence != sequence+1 || received[0].Fact.Object != string(b.ID) {
			t.Fatalf("received: %+v, %v", received, err)
		}
		if x, ok := received[0].Object().(*florinv1.Wallet); !ok || x.Id != string(b.ID) || x.Balance != 10_00 {
			t.Errorf("that event holds %v", received[0].Object())
		}
	})
}

// TestLimitsChangeAndAreSeen: each by itself, and for other payments than the ones
// that were made before.
func TestLimitsChangeAndAreSeen(t *testing.T) {
	each(t, func(t *testing.T, p *purse) {
		w := p.open(t, "USD", 100_00, wallet.Limits{PerPayment: 10_00})
		twenty, none, day := int64(20_00), int64(0), int64(25_00)
		for _, x := range []struct {
			change wallet.Change
			want   wallet.Limits
		}{
			{wallet.Change{}, wallet.Limits{PerPayment: 10_00}},
			{wallet.Change{PerDay: &day}, wallet.Limits{PerPayment: 10_00, PerDay: 25_00}},
			{wallet.Change{PerPayment: &twenty}, wallet.Limits{PerPayment: 20_00, PerDay: 25_00}},
			{wallet.Change{PerPayment: &none}, wallet.Limits{PerDay: 25_00}},
		} {
			got, err := p.desk.Limit(t.Context(), p.cafe.ID, false, w.ID, x.change)
			if err != nil || got.Limits != x.want {
				t.Errorf("%+v, %v, want %+v", got.Limits, err, x.want)
			}
		}
		if err := p.pay(p.till, w.ID, 25_00); err != nil {
			t.Error(err)
		}
		v, err := p.desk.ViewNow(t.Context(), mustGet(t, p, w.ID))
		if err != nil || v.Balance != 75_00 || v.Available != 75_00 || v.SpentToday != 25_00 || v.LimitPerDay != 25_00 || v.LimitPerPayment != 0 {
			t.Errorf("the wallet shows %v, %v", v, err)
		}
		if _, err := p.desk.Limit(t.Context(), id.Derive[id.Merchant]("pub"), false, w.ID, wallet.Change{PerDay: &none}); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("another merchant changed it: %v", err)
		}
	})
}

func mustGet(t testing.TB, p *purse, key id.Wallet) wallet.Wallet {
	t.Helper()
	w, err := p.desk.Get(context.Background(), p.cafe.ID, false, key)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// TestAWalletIsOpenedForAPayerOfTheMerchant, in a currency that there is, once per key.
func TestAWalletIsOpenedForAPayerOfTheMerchant(t *testing.T) {
	each(t, func(t *testing.T, p *purse) {
		other := id.Derive[id.Merchant]("pub")
		for _, x := range []struct {
			draft wallet.Draft
			want  string
		}{
			{wallet.Draft{Merchant: p.cafe.ID, Payer: p.ann.ID, Currency: "XXZ"}, "invalid_request /currency currency_unknown"},
			{wallet.Draft{Merchant: other, Payer: p.ann.ID, Currency: "USD"}, "invalid_request /payer not_found"},
			{wallet.Draft{Merchant: p.cafe.ID, Payer: "payer_x", Currency: "USD"}, "invalid_request /payer not_found"},
			{wallet.Draft{Merchant: p.cafe.ID, Payer: p.ann.ID, Live: true, Currency: "USD"}, "invalid_request /payer not_found"},
		} {
			if _, err := p.desk.Create(t.Context(), x.draft); code(err) != x.want {
				t.Errorf("%+v: %s, want %s", x.draft, code(err), x.want)
			}
		}
		k, err := idempotency.New("c", false, "k", []byte("open"))
		if err != nil {
			t.Fatal(err)
		}
		draft := wallet.Draft{Merchant: p.cafe.ID, Payer: p.ann.ID, Currency: "JPY", Funds: 500, Once: k}
		w, err := p.desk.Create(t.Context(), draft)
		if err != nil || p.holds(t, w.Account()) != 500 {
			t.Fatalf("%+v, %v", w, err)
		}
		if _, err := p.desk.Create(t.Context(), draft); !isReplay(err) {
			t.Errorf("a retry: %v", err)
		}
		list, next, err := p.desk.List(t.Context(), p.cafe.ID, false, wallet.Filter{Payer: p.ann.ID, Page: db.Page{Limit: 10}})
		if len(list) != 1 || next != "" || err != nil || list[0].ID != w.ID {
			t.Errorf("the payer has %v, %q, %v", list, next, err)
		}
		if list, _, err := p.desk.List(t.Context(), other, false, wallet.Filter{Page: db.Page{Limit: 10}}); len(list) != 0 || err != nil {
			t.Errorf("another merchant sees %v, %v", list, err)
		}
		p.audit(t)
	})
}

func isReplay(err error) bool {
	r, ok := errors.AsType[*idempotency.Replay](err)
	return ok && r.Refusal == nil && r.Sequence > 0
}
