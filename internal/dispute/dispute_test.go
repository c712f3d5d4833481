package dispute_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/wallet"
)

// TestTheMachine: every pair of states that is not listed is refused, and the refusal
// names both.
func TestTheMachine(t *testing.T) {
	all := []dispute.State{dispute.NeedsResponse, dispute.UnderReview, dispute.Won, dispute.Lost, dispute.Accepted, dispute.Expired}
	leads := map[dispute.State]string{
		dispute.NeedsResponse: "under_review accepted expired",
		dispute.UnderReview:   "won lost",
	}
	for _, from := range all {
		for _, to := range all {
			next, err := dispute.Next(from, to)
			allowed := strings.Contains(" "+leads[from]+" ", " "+string(to)+" ")
			switch {
			case allowed && (err != nil || next != to):
				t.Errorf("Next(%s, %s) = %s, %v", from, to, next, err)
			case !allowed && (!errors.Is(err, dispute.ErrState) || next != from || !strings.Contains(err.Error(), string(to))):
				t.Errorf("Next(%s, %s) = %s, %v, want a refusal", from, to, next, err)
			}
		}
	}
}

// court is where disputes are about payments of 100.00 without a fee.
type court struct {
	d     *db.DB
	clock *clock.Manual
	till  *payment.Desk
	desk  *dispute.Desk
	jobs  *job.Runner
	book  *ledger.Book
	log   *event.Log
	cafe  id.Merchant
	purse id.Wallet
}

func newCourt(t *testing.T, d *db.DB) *court {
	t.Helper()
	c := &court{d: d, clock: clock.NewManual(), book: ledger.NewBook(d), log: event.NewLog(d)}
	quiet := slog.New(slog.DiscardHandler)
	merchants, payers := merchant.New(d, c.clock), payer.New(d, c.clock)
	c.desk = dispute.NewDesk(d, c.clock)
	c.till = payment.NewDesk(payment.Config{DB: d, Clock: c.clock, Merchants: merchants, Log: quiet})
	c.jobs = job.NewRunner(d, c.clock, quiet, map[job.Kind]job.Handler{
		dispute.JobOpen: c.desk.OpenJob, dispute.JobDecide: c.desk.DecideJob, dispute.JobExpire: c.desk.ExpireJob,
	})
	m, err := merchants.Create(t.Context(), merchant.Draft{Name: "Cafe", Country: "NL"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := payers.Create(t.Context(), payer.Draft{Merchant: m.ID, Name: "Ann"})
	if err != nil {
		t.Fatal(err)
	}
	w, err := wallet.NewDesk(d, c.clock, payers).Create(t.Context(), wallet.Draft{Merchant: m.ID, Payer: p.ID, Currency: "USD", Funds: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	c.cafe, c.purse = m.ID, w.ID
	return c
}

func (c *court) caller() payment.Caller { return payment.Caller{Merchant: c.cafe} }

func (c *court) pay(t *testing.T) payment.Payment {
	t.Helper()
	p, err := c.till.Create(t.Context(), payment.Order{Caller: c.caller(), Amount: 100_00, Currency: "USD", Source: string(c.purse)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// announce is what a capture does that the rail has announced a dispute of.
func (c *court) announce(t *testing.T, p payment.Payment) {
	t.Helper()
	err := c.d.Write(t.Context(), []db.Lock{dispute.AnnouncedLock(p.ID)}, func(tx *db.Tx) error {
		dispute.Announced(tx, p, "fraudulent", c.clock.Now())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *court) after(t *testing.T, d time.Duration) {
	t.Helper()
	c.clock.Move(d)
	for range 20 {
		if n, err := c.jobs.RunDue(t.Context()); err != nil || n == 0 {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("the jobs never come to rest")
}

// opened is the one dispute of a new payment.
func (c *court) opened(t *testing.T) (payment.Payment, dispute.Dispute) {
	t.Helper()
	p := c.pay(t)
	c.announce(t, p)
	c.after(t, 3*time.Second)
	list := c.list(t)
	if len(list) == 0 || list[0].Payment != p.ID {
		t.Fatalf("the newest dispute is not about the newest payment: %+v", list)
	}
	return p, list[0]
}

func (c *court) list(t *testing.T) []dispute.Dispute {
	t.Helper()
	list, _, err := c.desk.List(t.Context(), c.cafe, false, dispute.Filter{Page: db.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// stands is the balance of the merchant, or of the platform for some purpose.
func (c *court) stands(t *testing.T, p ledger.Purpose) string {
	t.Helper()
	n := ledger.PlatformName(p, "USD", false)
	if p == ledger.Balance {
		n.Owner = string(c.cafe)
	}
	a, err := c.book.Named(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d out %d", a.Posted, a.HeldOut)
}

func (c *court) audit(t *testing.T) {
	t.Helper()
	if r, err := c.book.Verify(t.Context(), nil); r.Finding != "" || err != nil {
		t.Errorf("verify: %s, %v", r.Finding, err)
	}
	r, err := payment.Verify(t.Context(), c.d, dispute.Contests)
	if err != nil || r.Finding != "" {
		t.Errorf("verify: %s, %v", r.Finding, err)
	}
	if _, finding, err := dispute.Verify(t.Context(), c.d); finding != "" || err != nil {
		t.Errorf("verify: %s, %v", finding, err)
	}
}

func TestADisputeShowsWhatItIsAbout(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCourt(t, d)
		p, x := c.opened(t)
		if x.Payment != p.ID || x.Merchant != c.cafe || x.Amount != p.Amount || x.Stage != dispute.Formal || x.State != dispute.NeedsResponse ||
			x.Reason != "fraudulent" || !id.Valid(x.ID) || !x.RespondBy.Equal(x.CreatedAt.Add(7*24*time.Hour)) {
			t.Errorf("opened as %+v", x)
		}
		v := dispute.View(x)
		if v.Status != florinv1.DisputeStatus_DISPUTE_STATUS_NEEDS_RESPONSE || v.Stage != florinv1.DisputeStage_DISPUTE_STAGE_DISPUTE ||
			v.Amount != 100_00 || v.Payment != string(p.ID) || v.RespondBy == nil {
			t.Errorf("shown as %v", v)
		}
		if got := c.stands(t, ledger.Balance); got != "10000 out 10000" {
			t.Errorf("the merchant has %s", got)
		}
		if _, err := c.desk.Get(t.Context(), id.Derive[id.Merchant]("pub"), false, x.ID); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("another merchant sees it: %v", err)
		}
		if _, err := c.desk.Get(t.Context(), c.cafe, true, x.ID); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("it is seen in live mode: %v", err)
		}
		if _, err := c.desk.Accept(t.Context(), payment.Caller{Merchant: id.Derive[id.Merchant]("pub")}, x.ID); !errors.Is(err, fault.ErrNotFound) {
			t.Errorf("another merchant accepts it: %v", err)
		}
		if _, err := c.desk.Contest(t.Context(), c.caller(), x.ID, "a receipt"); err != nil {
			t.Error(err)
		}
		if got := c.list(t)[0]; got.Evidence != "a receipt" || got.State != dispute.UnderReview {
			t.Errorf("contested: %+v", got)
		}
	})
}

// TestAPaymentIsDisputedOnce, however often the rail says so and however many runners
// are at it.
func TestAPaymentIsDisputedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCourt(t, d)
		p := c.pay(t)
		c.announce(t, p)
		c.announce(t, p)
		c.clock.Move(3 * time.Second)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := c.desk.OpenJob(context.Background(), job.Job{Object: string(p.ID)}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		c.after(t, time.Second)
		c.announce(t, p) // by a later capture
		c.after(t, 3*time.Second)
		if list := c.list(t); len(list) != 1 || list[0].Amount.Minor != 100_00 {
			t.Errorf("%d disputes of one payment: %+v", len(list), list)
		}
		if got := c.stands(t, ledger.Balance); got != "10000 out 10000" {
			t.Errorf("the merchant has %s", got)
		}
		c.audit(t)
	})
}

// TestOneDecisionCounts: accepting, contesting and the end of the time meet; one of
// them happens, and the money follows that one.
func TestOneDecisionCounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCourt(t, d)
		for range 10 {
			c.pay(t) // what it is paid back from if need be
			before := c.stands(t, ledger.Balance)
			_, x := c.opened(t)
			var wg sync.WaitGroup
			var mu sync.Mutex
			done := 0
			for _, decide := range []func() error{
				func() error { _, err := c.desk.Accept(context.Background(), c.caller(), x.ID); return err },
				func() error { _, err := c.desk.Contest(context.Background(), c.caller(), x.ID, "none"); return err },
				func() error {
					_, err := c.desk.ExpireJob(context.Background(), job.Job{Object: string(x.ID)})
					if now, _ := c.desk.Get(context.Background(), c.cafe, false, x.ID); err == nil && now.State != dispute.Expired {
						err = dispute.ErrState // somebody was faster, which is no failure of the job
					}
					return err
				},
			} {
				wg.Go(func() {
					err := decide()
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						done++
					} else if !errors.Is(err, dispute.ErrState) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if done != 1 {
				t.Errorf("%d of three decisions were made", done)
			}
			c.after(t, time.Minute) // the bank decides for the payer, if it is asked
			if got := c.stands(t, ledger.Balance); got != before {
				t.Errorf("before the payment and after its dispute the merchant has %s and %s", before, got)
			}
		}
		if got := c.stands(t, ledger.Disputes); got != "0 out 0" {
			t.Errorf("disputes: %s", got)
		}
		c.audit(t)
	})
}

// TestADecisionHasOneEffectPerKey: and one event.
func TestADecisionHasOneEffectPerKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := newCourt(t, d)
		_, x := c.opened(t)
		answers := map[string]int{}
		for range 5 {
			once, err := idempotency.New("c", false, "k", []byte("accept"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.desk.Accept(t.Context(), payment.Caller{Merchant: c.cafe, Once: once}, x.ID)
			if r, ok := errors.AsType[*idempotency.Replay](err); ok {
				e, err := c.log.At(t.Context(), r.Sequence)
				if err != nil {
					t.Fatal(err)
				}
				answers[e.Type+" "+e.Data.GetDispute().GetStatus().String()]++
				continue
			}
			if err != nil {
				t.Error(err)
			}
			answers["done"]++
		}
		if len(answers) != 2 || answers["done"] != 1 || answers["dispute.accepted DISPUTE_STATUS_ACCEPTED"] != 4 {
			t.Errorf("five requests were answered %v", answers)
		}
		if got := c.stands(t, ledger.AcquirerReceivable); got != "10000 out 0" {
			t.Errorf("given back: %s", got)
		}
	})
}

// TestWhatTheMerchantHasNotIsHeldByNobody: the platform stands in, and if the dispute
// is won nothing has happened.
func TestWhatTheMerchantHasNotIsHeldByNobody(t *testing.T) {
	for evidence, want := range map[string]string{"winning_evidence": "0 out 0", "none": "-10000 out 0"} {
		t.Run(evidence, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				c := newCourt(t, d)
				p, q := c.pay(t), c.pay(t)
				c.announce(t, p)
				c.announce(t, q)
				if _, err := c.till.CreateRefund(t.Context(), payment.RefundOrder{Caller: c.caller(), Payment: c.pay(t).ID}); err != nil {
					t.Fatal(err)
				}
				c.spend(t, 100_00) // 200.00 are contested, 100.00 are there
				c.after(t, 3*time.Second)
				if got := c.stands(t, ledger.Balance); got != "10000 out 10000" {
					t.Fatalf("the merchant has %s", got)
				}
				for _, x := range c.list(t) {
					if _, err := c.desk.Contest(t.Context(), c.caller(), x.ID, evidence); err != nil {
						t.Fatal(err)
					}
				}
				c.after(t, 10*time.Second)
				if got := c.stands(t, ledger.Suspense); got != want {
					t.Errorf("suspense stands at %s, want %s", got, want)
				}
				c.audit(t)
			})
		})
	}
}

// spend takes money from the merchant, as a payout does.
func (c *court) spend(t *testing.T, minor int64) {
	t.Helper()
	from := ledger.Name{Owner: string(c.cafe), Purpose: ledger.Balance, Currency: "USD"}
	to := ledger.PlatformName(ledger.Clearing, "USD", false)
	err := c.d.Write(t.Context(), ledger.Locks(from, to), func(tx *db.Tx) error {
		_, err := ledger.Apply(tx, c.clock.Now(), ledger.MovePost(from, to, money.New(minor, "USD"), "payout"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
