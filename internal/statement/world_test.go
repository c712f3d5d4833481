package statement_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/connector/sandbox"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/statement"
	"github.com/florinpay/florin/internal/vault"
	"github.com/florinpay/florin/internal/wallet"
)

// world is a merchant with all that moves its balance: cards over the sandbox rail,
// wallets, refunds and disputes. It begins at eight in the morning of day one.
type world struct {
	t         *testing.T
	d         *db.DB
	clock     *clock.Manual
	one       time.Time // midnight of day one
	vault     *vault.Vault
	merchants *merchant.Room
	payers    *payer.Room
	wallets   *wallet.Desk
	till      *payment.Desk
	disputes  *dispute.Desk
	jobs      *job.Runner
	desk      *statement.Desk
	cafe      merchant.Merchant
}

var quiet = slog.New(slog.DiscardHandler)

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, d: d, clock: clock.NewManual()}
	w.one = w.clock.Now().Truncate(24*time.Hour).AddDate(0, 0, 1)
	w.clock.Move(w.one.Add(8 * time.Hour).Sub(w.clock.Now()))
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	w.must(err)
	rail, err := sandbox.ServeRail(context.Background(), l, sandbox.Options{Dir: t.TempDir(), Clock: w.clock, Log: quiet})
	w.must(err)
	client := sandbox.Open(sandbox.ClientOptions{Address: rail.Address(), Timeout: 15 * time.Second, Clock: w.clock, Log: quiet})
	t.Cleanup(func() { w.must(errors.Join(client.Close(), rail.Close())) })
	kek := filepath.Join(t.TempDir(), "kek")
	w.must(vault.NewKEKFile(kek))
	wrapper, err := vault.FileKEK(kek, "")
	w.must(err)
	w.vault, err = vault.Open(t.Context(), vault.Config{DB: d, Clock: w.clock, Wrapper: wrapper, Log: quiet})
	w.must(err)
	rails := &connector.Registry{}
	rails.Register(connector.Sandbox, client)
	w.merchants, w.payers = merchant.New(d, w.clock), payer.New(d, w.clock)
	w.wallets, w.disputes, w.desk = wallet.NewDesk(d, w.clock, w.payers), dispute.NewDesk(d, w.clock), statement.NewDesk(d, w.clock)
	w.till = payment.NewDesk(payment.Config{
		DB: d, Clock: w.clock, Merchants: w.merchants, Vault: w.vault, Connectors: rails, Exchange: fx.New(d, w.clock), Log: quiet,
		Contested: dispute.Announced, ContestedLock: dispute.AnnouncedLock,
	})
	w.jobs = job.NewRunner(d, w.clock, quiet, map[job.Kind]job.Handler{
		payment.JobAsk: w.till.AskJob, payment.JobExpire: w.till.ExpireJob, payment.JobReturn: w.till.ReturnJob,
		dispute.JobOpen: w.disputes.OpenJob, dispute.JobDecide: w.disputes.DecideJob, dispute.JobExpire: w.disputes.ExpireJob,
	}, w.till.Adopt)
	w.cafe = w.newMerchant()
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) newMerchant() merchant.Merchant {
	w.t.Helper()
	m, err := w.merchants.Create(w.t.Context(), merchant.Draft{Name: "Cafe", Country: "NL", CardFeeBps: 290, CardFeeFixedMinor: 30, WalletFeeBps: 100})
	w.must(err)
	return m
}

func (w *world) token(word string) string {
	w.t.Helper()
	number, err := card.ParseNumber(sandbox.Tokens[word])
	w.must(err)
	c, err := w.vault.Keep(w.t.Context(), vault.Keeping{Owner: vault.Owner{Merchant: w.cafe.ID}, Number: number, Expiry: sandbox.TokenExpiry})
	w.must(err)
	return string(c.ID)
}

func (w *world) purse(m merchant.Merchant, c money.Currency) string {
	w.t.Helper()
	p, err := w.payers.Create(w.t.Context(), payer.Draft{Merchant: m.ID, Name: "Ann"})
	w.must(err)
	x, err := w.wallets.Create(w.t.Context(), wallet.Draft{Merchant: m.ID, Payer: p.ID, Currency: string(c), Funds: 1_000_000})
	w.must(err)
	return string(x.ID)
}

func (w *world) pay(source string, minor int64, c money.Currency, more ...func(*payment.Order)) payment.Payment {
	w.t.Helper()
	o := payment.Order{Caller: payment.Caller{Merchant: w.cafe.ID}, Amount: minor, Currency: string(c), Source: source}
	for _, change := range more {
		change(&o)
	}
	p, err := w.till.Create(w.t.Context(), o)
	w.must(err)
	return p
}

func (w *world) refund(p payment.Payment, minor int64) payment.Refund {
	w.t.Helper()
	r, err := w.till.CreateRefund(w.t.Context(), payment.RefundOrder{Caller: payment.Caller{Merchant: p.Merchant}, Payment: p.ID, Amount: minor})
	w.must(err)
	return r
}

// after lets time pass, and does what is due then.
func (w *world) after(d time.Duration) {
	w.t.Helper()
	w.clock.Move(d)
	for range 50 {
		n, err := w.jobs.RunDue(w.t.Context())
		w.must(err)
		if n == 0 {
			return
		}
	}
	w.t.Fatal("the jobs never come to rest")
}

// at moves to an hour of a day; days count from 1.
func (w *world) at(day int, hour time.Duration) {
	w.t.Helper()
	w.after(w.day(day).Add(hour).Sub(w.clock.Now()))
}

func (w *world) day(n int) time.Time { return w.one.AddDate(0, 0, n-1) }

func (w *world) which(day int, c money.Currency) statement.Which {
	return statement.Which{Merchant: w.cafe.ID, Day: w.day(day), Currency: c}
}

func (w *world) statement(which statement.Which) (statement.Statement, []statement.Entry) {
	w.t.Helper()
	s, list, more, err := w.desk.Read(w.t.Context(), which, "", 1000)
	w.must(err)
	if more {
		w.t.Fatal("more than 1000 entries")
	}
	return s, list
}

// accepted is the merchant's one dispute about p, accepted.
func (w *world) accepted(p payment.Payment) id.Dispute {
	w.t.Helper()
	list, _, err := w.disputes.List(w.t.Context(), p.Merchant, false, dispute.Filter{Payment: p.ID, Page: db.Page{Limit: 10}})
	w.must(err)
	if len(list) != 1 {
		w.t.Fatalf("%d disputes of %s", len(list), p.ID)
	}
	_, err = w.disputes.Accept(w.t.Context(), payment.Caller{Merchant: p.Merchant}, list[0].ID)
	w.must(err)
	return list[0].ID
}

// busy is what happens on the first two days: card payments with fees, a refund, one that
// comes back, a dispute, and a payment that is only held.
type busy struct {
	visa, returned, disputed payment.Payment
	refund, back             payment.Refund
	dispute                  id.Dispute
}

func (w *world) busy() (b busy) {
	w.t.Helper()
	b.visa = w.pay(w.token("tok_visa"), 100_00, "USD", func(o *payment.Order) { o.Details.Reference, o.Details.Description = "order-1", "Two coffees, =1+1" })
	b.returned = w.pay(w.token("tok_refund_fails"), 50_00, "USD", func(o *payment.Order) { o.Details.Reference = "order-2" })
	b.disputed = w.pay(w.token("tok_disputed"), 20_00, "USD")
	w.pay(w.token("tok_visa"), 70_00, "USD", func(o *payment.Order) { o.Manual = true })
	b.refund = w.refund(b.visa, 10_00)
	b.back = w.refund(b.returned, 50_00)
	w.after(5 * time.Second)
	w.at(2, 9*time.Hour)
	b.dispute = w.accepted(b.disputed)
	return b
}
