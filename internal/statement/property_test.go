package statement_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/statement"
)

// TestDaysAddUpAndFollowOneAnother: whatever happens to a merchant, each day's entries lead
// from its opening to its closing balance, which is where the next day begins.
func TestDaysAddUpAndFollowOneAnother(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		rapid.Check(t, func(r *rapid.T) {
			w.cafe = w.newMerchant()
			c := rapid.SampledFrom([]money.Currency{"USD", "JPY", "KWD"}).Draw(r, "currency")
			purse := w.purse(w.cafe, c)
			first := w.clock.Now().Truncate(24 * time.Hour)
			var paid []payment.Payment
			for range rapid.IntRange(0, 12).Draw(r, "steps") {
				switch rapid.IntRange(0, 3).Draw(r, "step") {
				case 0, 1:
					paid = append(paid, w.pay(purse, rapid.Int64Range(1, 5000).Draw(r, "amount"), c))
				case 2:
					if len(paid) > 0 {
						p := rapid.SampledFrom(paid).Draw(r, "payment")
						_, _ = w.till.CreateRefund(t.Context(), payment.RefundOrder{Caller: payment.Caller{Merchant: p.Merchant}, Payment: p.ID, Amount: rapid.Int64Range(1, p.Amount.Minor).Draw(r, "back")}) // or a refusal
					}
				case 3:
					w.clock.Move(time.Duration(rapid.IntRange(1, 40).Draw(r, "hours")) * time.Hour)
				}
			}
			var before, entries int64
			for day := first; !day.After(w.clock.Now()); day = day.AddDate(0, 0, 1) {
				s, list := w.statement(statement.Which{Merchant: w.cafe.ID, Day: day, Currency: c})
				if s.Opening != before {
					r.Fatalf("%s opens at %d, the day before closed at %d", s.Date(), s.Opening, before)
				}
				sum := s.Opening
				for _, e := range list {
					if sum += e.Amount.Minor; sum != e.After || e.CreatedAt.Before(day) || !e.CreatedAt.Before(day.AddDate(0, 0, 1)) {
						r.Fatalf("%s: %+v leads to %d", s.Date(), e, sum)
					}
				}
				if sum != s.Closing || s.Opening+s.Credited-s.Debited != s.Closing || s.Count() != int64(len(list)) {
					r.Fatalf("%s: %+v ends at %d", s.Date(), s, sum)
				}
				before, entries = s.Closing, entries+s.Count()
			}
			w.reconciles(r, c, first, entries)
		})
	})
}

// reconciles holds that the ledger agrees with its own statements.
func (w *world) reconciles(r *rapid.T, c money.Currency, first time.Time, entries int64) {
	var list []statement.Record
	last := first
	for day := first; day.Before(w.clock.Now().Truncate(24 * time.Hour)); day = day.AddDate(0, 0, 1) {
		f, err := w.desk.File(w.t.Context(), statement.Which{Merchant: w.cafe.ID, Day: day, Currency: c}, statement.JSON, 1)
		if err != nil { // it ended a moment ago
			break
		}
		record, err := statement.ParseRecord(f.Content)
		if err != nil {
			r.Fatal(err)
		}
		list, last = append(list, record), day
	}
	if len(list) == 0 {
		return
	}
	report, err := w.desk.Reconcile(w.t.Context(), statement.Span{Merchant: w.cafe.ID, From: first, To: last, Currency: c}, statement.JoinRecords(list))
	if err != nil || report.Differences() != 0 || int64(report.Lines) > entries {
		r.Fatal(report, err)
	}
}
