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
		for table, places := range map[string][]int{"payment": {0, 998, 999, 1000, 1999, 2000, many - 1}, "refund": {0, 999, 1000, some - 1}} {
			for _, n := range places {
				key := s.texts(t, fmt.Sprintf("select id from %s order by id limit 1 offset %d", table, n))[0]
				for _, sql := range []string{"delete from " + table + " where id = '" + key + "'", "update " + table + " set state = 'x' where id = '" + key + "'"} {
					s.change(t, sql)
					if r, err := payment.Verify(t.Context(), s.d, nil); err != nil || !strings.Contains(r.Finding, "ref_") && !strings.Contains(r.Finding, "pay_") {
						t.Errorf("%s %d: found %q, %v", table, n, r.Finding, err)
					}
					s.change(t, restore)
				}
			}
		}
	})
}

// fund opens a wallet.
func (s *story) fund(t *testing.T, minor int64) (string, error) {
	w, err := s.openWallet(t.Context(), minor)
	return string(w.ID), err
}
