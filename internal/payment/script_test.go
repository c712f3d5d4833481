package payment_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/wallet"
)

// Each file of testdata is the life of some payments, told to both databases. A
// line is a command and, after =>, what it answers. Amounts are in major units.
//
//	pay p1 tok_visa 100.00 [manual]      with a test token or a wallet
//	capture p1 [60.00] [more]            cancel p1        confirm p1 passed|failed
//	refund r1 p1 [25.00]                 show p1|r1       attempts p1
//	dispute p1 show|accept|contest WORD
//	wallet w1 [100.00]                   limit w1 payment|day 10.00
//	top_up p1 w1 tok_visa 50.00          send w1 w2 10.00
//	balance merchant|fees|w1 [USD]       events: the types since the last time
//	move 7d                              jobs: all that are due, until none is
//	rail hang|answer                     wire lost|unheard|whole
//	fees 290 0.30 100                    basis points, fixed, basis points of wallets
//	currency JPY                         verify
//
// Conversions have their own commands: see script_conversion_test.go.
//
// "key k1" at the end of a command sends an idempotency key.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel() // much of it is waiting
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dbtest.EachURL(t, func(t *testing.T, url string) {
				s := &story{world: newWorld(t, url), currency: "USD", payments: map[string]id.Payment{},
					refunds: map[string]id.Refund{}, wallets: map[string]id.Wallet{}, quotes: map[string]id.Quote{}}
				s.tell(t, string(text))
			})
		})
	}
}

type story struct {
	*world
	currency money.Currency
	payments map[string]id.Payment
	refunds  map[string]id.Refund
	wallets  map[string]id.Wallet
	quotes   map[string]id.Quote
	payer    id.Payer
	told     int64 // events
}

func (s *story) tell(t *testing.T, text string) {
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		command, want, _ := strings.Cut(line, "=>")
		words := strings.Fields(command)
		if len(words) == 0 {
			continue
		}
		if want = strings.Join(strings.Fields(want), " "); want == "" {
			want = "ok"
		}
		if got := s.do(t, words); got != want {
			t.Errorf("line %d: %s\n got  %s\n want %s", i+1, strings.TrimSpace(command), got, want)
		}
	}
	if got := s.verify(t.Context()); got != "ok" {
		t.Errorf("in the end: %s", got)
	}
}

func (s *story) do(t *testing.T, w []string) string {
	ctx := t.Context()
	var once *idempotency.Key
	if n := len(w); n > 2 && w[n-2] == "key" {
		once = key(t, w[n-1], strings.Join(w[:n-2], " "))
		w = w[:n-2]
	}
	switch w[0] {
	case "pay", "top_up", "capture", "cancel", "confirm":
		return s.payment(ctx, w, caller(s.cafe, once))
	case "refund":
		return s.refund(ctx, w, caller(s.cafe, once))
	case "dispute":
		return s.dispute(ctx, w, caller(s.cafe, once))
	case "wallet", "limit", "send":
		return s.wallet(ctx, w, once)
	case "rate", "quote", "settled", "carried":
		return s.conversion(ctx, w, once)
	case "show", "attempts", "balance", "events", "verify":
		return s.look(ctx, w)
	default:
		return s.turn(t, w)
	}
}

// turn changes the world around the payments.
func (s *story) turn(t *testing.T, w []string) string {
	switch w[0] {
	case "move":
		s.clock.Move(span(w[1]))
	case "jobs":
		return answer("ok", s.work(t.Context()))
	case "rail":
		s.rail.Hang(w[1] == "hang")
		s.wire.mu.Lock()
		s.wire.hangs = w[1] == "hang"
		s.wire.mu.Unlock()
	case "wire":
		s.wire.set(fate(strings.TrimPrefix(w[1], "whole")))
	case "fees":
		s.cafe = s.merchant(t, merchant.Draft{CardFeeBps: int(s.number(w[1])), CardFeeFixedMinor: s.minor(w[2]), WalletFeeBps: int(s.number(w[3]))})
		s.payer, s.told = "", 0
	case "currency":
		s.currency = money.Currency(w[1])
	default:
		panic("unknown command " + w[0])
	}
	return "ok"
}

func span(word string) time.Duration {
	days, isDays := strings.CutSuffix(word, "d")
	if !isDays {
		d, err := time.ParseDuration(word)
		if err != nil {
			panic(err)
		}
		return d
	}
	n, err := strconv.Atoi(days)
	if err != nil {
		panic(err)
	}
	return time.Duration(n) * 24 * time.Hour
}

func (s *story) number(word string) int64 {
	n, err := strconv.ParseInt(word, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (s *story) minor(word string) int64 {
	a, err := money.ParseDecimal(word, s.currency)
	if err != nil {
		panic(word + ": " + err.Error())
	}
	return a.Minor
}

func (s *story) text(minor int64) string { return money.New(minor, s.currency).Decimal() }

// optional is the amount at w[i], 0 if there is none.
func (s *story) optional(w []string, i int) int64 {
	if i < len(w) && w[i][0] >= '0' && w[i][0] <= '9' {
		return s.minor(w[i])
	}
	return 0
}

// answer is a result, or the refusal in one line.
func answer(result string, err error) string {
	if err == nil && result == "" {
		return "none"
	}
	if err == nil {
		return result
	}
	if r, ok := errors.AsType[*idempotency.Replay](err); ok {
		if r.Refusal == nil {
			return "replayed"
		}
		return "replayed " + answer("", r.Refusal)
	}
	f := fault.Of(err)
	if f.Kind == fault.Internal {
		return err.Error()
	}
	words := f.Code
	for _, field := range f.Fields {
		words += " " + field.Pointer + " " + field.Code
	}
	if f.DeclineCode != "" && f.DeclineCode != f.Code {
		words += " " + f.DeclineCode
	}
	return words
}

func (s *story) payment(ctx context.Context, w []string, c payment.Caller) string {
	var p payment.Payment
	var err error
	name := s.payments[w[1]]
	switch w[0] {
	case "pay":
		p, err = s.create(ctx, s.settling(payment.Order{Caller: c, Manual: slices.Contains(w, "manual")}, w[4:]), w[2], w[3])
	case "top_up":
		p, err = s.create(ctx, payment.Order{Caller: c, Destination: s.wallets[w[2]]}, w[3], w[4])
	case "capture":
		p, err = s.desk.Capture(ctx, c, name, s.optional(w, 2), slices.Contains(w, "more"))
	case "cancel":
		p, err = s.desk.Cancel(ctx, c, name)
	case "confirm":
		p, err = s.desk.Confirm(ctx, c, name, w[2] == "passed")
	}
	if f := fault.Of(err); f != nil && id.Valid(id.Payment(f.Object)) {
		p.ID = id.Payment(f.Object)
	}
	if name == "" && p.ID != "" {
		s.payments[w[1]] = p.ID
	}
	return answer(s.describe(p), err)
}

func (s *story) create(ctx context.Context, o payment.Order, source, amount string) (payment.Payment, error) {
	if strings.HasPrefix(source, "tok_") {
		token, err := s.token(ctx, s.cafe, source)
		if err != nil {
			return payment.Payment{}, err
		}
		source = token
	} else if w, known := s.wallets[source]; known {
		source = string(w)
	}
	o.Amount, o.Currency, o.Source = s.minor(amount), string(s.currency), source
	return s.desk.Create(ctx, o)
}

// describe says where a payment stands: its state, and what is not as the state
// alone would say.
func (s *story) describe(p payment.Payment) string {
	out := string(p.State)
	for _, x := range []struct {
		word   string
		amount int64
		usual  bool
	}{
		{"captured", p.Captured, p.Captured == 0 || p.Captured == p.Amount.Minor && p.State == payment.Succeeded},
		{"refunded", p.Refunded, p.Refunded == 0},
		{"refunding", p.Refunding, p.Refunding == 0},
		{"fee_returned", p.FeeReturned, p.FeeReturned == 0},
	} {
		if !x.usual {
			out += " " + x.word + " " + s.text(x.amount)
		}
	}
	if p.Disputed {
		out += " disputed"
	}
	if p.State == payment.Failed {
		out += " " + p.DeclineCode + " " + p.Advice
	}
	return out
}

func (s *story) refund(ctx context.Context, w []string, c payment.Caller) string {
	r, err := s.desk.CreateRefund(ctx, payment.RefundOrder{Caller: c, Payment: s.payments[w[2]], Amount: s.optional(w, 3)})
	if s.refunds[w[1]] == "" && err == nil {
		s.refunds[w[1]] = r.ID
	}
	return answer(s.describeRefund(r), err)
}

func (s *story) describeRefund(r payment.Refund) string {
	out := string(r.State)
	if r.State == payment.RefundFailed && r.FailureCode != "" {
		out += " " + r.FailureCode
	}
	return out + " fee_returned " + s.text(r.FeeReturned)
}

func (s *story) dispute(ctx context.Context, w []string, c payment.Caller) string {
	x, err := s.contested(ctx, s.payments[w[1]])
	name := x.ID
	switch w[2] {
	case "accept":
		x, err = s.disputes.Accept(ctx, c, name)
	case "contest":
		x, err = s.disputes.Contest(ctx, c, name, w[3])
	}
	return answer(string(x.State)+" "+s.text(x.Amount.Minor), err)
}

// contested is the newest dispute of a payment.
func (s *story) contested(ctx context.Context, p id.Payment) (dispute.Dispute, error) {
	list, _, err := s.disputes.List(ctx, s.cafe.ID, false, dispute.Filter{Page: db.Page{Limit: 100}})
	for _, x := range list {
		if x.Payment == p {
			return x, err
		}
	}
	if err == nil {
		err = fault.ErrNotFound
	}
	return dispute.Dispute{}, err
}

func (s *story) wallet(ctx context.Context, w []string, once *idempotency.Key) string {
	switch w[0] {
	case "wallet":
		made, err := s.openWallet(ctx, s.optional(w, 2))
		s.wallets[w[1]] = made.ID
		return answer("ok", err)
	case "limit":
		c := wallet.Change{Once: once}
		limit := s.minor(w[3])
		if w[2] == "day" {
			c.PerDay = &limit
		} else {
			c.PerPayment = &limit
		}
		_, err := s.world.wallets.Limit(ctx, s.cafe.ID, false, s.wallets[w[1]], c)
		return answer("ok", err)
	default:
		_, err := s.world.wallets.Send(ctx, s.cafe.ID, false, wallet.Sending{
			From: s.wallets[w[1]], To: s.wallets[w[2]], Amount: s.minor(w[3]), Once: once,
		})
		return answer("ok", err)
	}
}

func (s *story) openWallet(ctx context.Context, funds int64) (wallet.Wallet, error) {
	if s.payer == "" {
		p, err := s.payers.Create(ctx, payer.Draft{Merchant: s.cafe.ID, Name: "Ann"})
		if err != nil {
			return wallet.Wallet{}, err
		}
		s.payer = p.ID
	}
	return s.world.wallets.Create(ctx, wallet.Draft{Merchant: s.cafe.ID, Payer: s.payer, Currency: string(s.currency), Funds: funds})
}

// look only reads.
func (s *story) look(ctx context.Context, w []string) string {
	switch w[0] {
	case "show":
		if r, known := s.refunds[w[1]]; known {
			refund, err := s.desk.GetRefund(ctx, s.cafe.ID, false, r)
			return answer(s.describeRefund(refund), err)
		}
		p, err := s.desk.Get(ctx, s.cafe.ID, false, s.payments[w[1]])
		return answer(s.describe(p), err)
	case "attempts":
		list, err := s.desk.Attempts(ctx, s.payments[w[1]])
		var out []string
		for _, a := range list {
			out = append(out, fmt.Sprintf("%s:%s", a.Kind, a.State))
		}
		return answer(strings.Join(out, " "), err)
	case "balance":
		return s.balance(ctx, w[1:])
	case "events":
		return s.history(ctx)
	default:
		return s.verify(ctx)
	}
}

func (s *story) balance(ctx context.Context, w []string) string {
	word := w[0]
	if len(w) > 1 { // in another currency
		was := s.currency
		s.currency = money.Currency(w[1])
		defer func() { s.currency = was }()
	}
	n := ledger.PlatformName(ledger.Purpose(word), s.currency, false)
	if word == "merchant" {
		n = ledger.Name{Owner: string(s.cafe.ID), Purpose: ledger.Balance, Currency: s.currency}
	} else if w, known := s.wallets[word]; known {
		n = wallet.AccountOf(w, s.currency, false)
	}
	a, err := s.book.Named(ctx, n)
	out := s.text(a.Posted)
	if a.HeldOut != 0 {
		out += " out " + s.text(a.HeldOut)
	}
	if a.HeldIn != 0 {
		out += " in " + s.text(a.HeldIn)
	}
	return answer(out, err)
}

// history is what happened to payments, refunds and disputes since the last time,
// oldest first.
func (s *story) history(ctx context.Context) string {
	list, _, err := s.events.List(ctx, s.cafe.ID, false, event.Filter{Page: db.Page{Limit: 100}})
	slices.Reverse(list)
	var out []string
	for _, e := range list {
		ours := e.Data.GetCard() == nil && e.Data.GetMerchant() == nil
		if e.Sequence > s.told && ours {
			out = append(out, e.Type)
			s.told = e.Sequence
		}
	}
	return answer(strings.Join(out, " "), err)
}

// verify is what the operator's command checks.
func (s *story) verify(ctx context.Context) string {
	report, err := s.book.Verify(ctx, nil)
	if err != nil || report.Finding != "" {
		return answer(report.Finding, err)
	}
	if finding, err := verifyFlows(ctx, s.d); err != nil || finding != "" {
		return answer(finding, err)
	}
	if _, finding, err := s.events.Verify(ctx); err != nil || finding != "" {
		return answer(finding, err)
	}
	return s.feesAddUp(ctx)
}

// feesAddUp: the fees account holds what the payments say they paid.
func (s *story) feesAddUp(ctx context.Context) string {
	list, _, err := s.desk.List(ctx, s.cafe.ID, false, payment.Filter{Page: db.Page{Limit: 1000}})
	sum := map[money.Currency]int64{}
	for _, p := range list {
		sum[p.Settles()] += p.Fee - p.FeeReturned
	}
	for c, want := range sum {
		a, err := s.book.Named(ctx, ledger.PlatformName(ledger.Fees, c, false))
		if err != nil || a.Posted != want {
			return fmt.Sprintf("the payments paid %s of fees, the account holds %d, %v", money.New(want, c), a.Posted, err)
		}
	}
	return answer("ok", err)
}
