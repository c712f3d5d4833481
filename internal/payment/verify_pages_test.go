package payment_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/payment"
)

// TestVerifyReadsEveryPage: what is missing or changed at the edge of a page is found as
// in the middle of one.
func TestVerifyReadsEveryPage(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		s := &story{world: newWorld(t, url), currency: "USD", payments: map[string]id.Payment{}}
		purse := must[string](t)(s.fund(t, 3000_00))
		const many, some = 2100, 1050
		var work sync.WaitGroup
		for i := range 64 {
			work.Go(func() {
				for n := i; n < many; n += 64 {
					o := payment.Order{Caller: caller(s.cafe, nil), Amount: 1_00, Currency: "USD", Source: purse}
					p, err := s.desk.Create(t.Context(), o)
					if err == nil && n < some {
						_, err = s.desk.CreateRefund(t.Context(), payment.RefundOrder{Caller: o.Caller, Payment: p.ID})
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		work.Wait()
		r, err := payment.Verify(t.Context(), s.d, nil)
		if err != nil || r.Finding != "" || r.Payments != many || r.Refunds != some {
			t.Fatalf("found %+v, %v", r, err)
		}
		restore := s.save(t)
		for _, x := range []struct {
			table string
			place int
			sql   string
		}{
			{"payment", 0, "delete from payment"}, {"payment", 999, "delete from payment"}, {"payment", 1000, "update payment set fee_minor = 7"},
			{"payment", many - 1, "delete from payment"}, {"refund", 999, "update refund set reason = 'x'"}, {"refund", 1000, "delete from refund"},
		} {
			key := s.texts(t, fmt.Sprintf("select id from %s order by id limit 1 offset %d", x.table, x.place))[0]
			s.change(t, x.sql+" where id = '"+key+"'")
			if r, err := payment.Verify(t.Context(), s.d, nil); err != nil || !strings.Contains(r.Finding, "ref_") && !strings.Contains(r.Finding, "pay_") {
				t.Errorf("%s of %s %d: found %q, %v", x.sql, x.table, x.place, r.Finding, err)
			}
			s.change(t, restore)
		}
	})
}

// fund opens a wallet.
func (s *story) fund(t *testing.T, minor int64) (string, error) {
	w, err := s.openWallet(t.Context(), minor)
	return string(w.ID), err
}
