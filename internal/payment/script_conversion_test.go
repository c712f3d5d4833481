package payment_test

import (
	"context"
	"fmt"
	"time"

	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/payment"
)

// Commands about conversions. The payer pays in the story's currency.
//
//	rate USD 1.0842 [1h]     what one unit of the story's currency is worth, and for how long
//	quote q1 10.00 USD       what the merchant would get
//	quote q1                 its status
//	pay … in USD|by q1       settled in another currency, at the rate of now or of a quote
//	settled p1|r1            what the merchant got and gave
//	carried USD              what roundings left, in 10^-14 minor units
func (s *story) conversion(ctx context.Context, w []string, once *idempotency.Key) string {
	switch w[0] {
	case "rate":
		rate, err := money.ParseRate(s.currency, money.Currency(w[1]), w[2])
		if err != nil {
			return answer("", err)
		}
		p := fx.Price{Rate: rate, Source: "script", SetAt: s.clock.Now()}
		if len(w) > 3 {
			p.ExpiresAt = s.clock.Now().Add(span(w[3]))
		}
		return answer("ok", s.desk.Exchange.Set(ctx, p))
	case "quote":
		return s.quote(ctx, w, once)
	case "carried":
		left, err := fx.Residues(ctx, s.d)
		return answer(fmt.Sprint(left[fx.ResidueKey(money.Currency(w[1]), false)]), err)
	}
	return s.settled(ctx, w[1])
}

func (s *story) quote(ctx context.Context, w []string, once *idempotency.Key) string {
	if len(w) > 2 {
		q, err := s.desk.Exchange.Create(ctx, fx.Draft{Merchant: s.cafe.ID, Amount: s.minor(w[2]), Currency: string(s.currency), To: w[3], Once: once})
		if err == nil {
			s.quotes[w[1]] = q.ID
		}
		return answer(fmt.Sprintf("%s at %s for %s", q.Worth, q.Rate, q.ExpiresAt.Sub(q.CreatedAt).Round(time.Second)), err)
	}
	q, err := s.desk.Exchange.Read(ctx, s.cafe.ID, false, s.quotes[w[1]])
	if err != nil {
		return answer("", err)
	}
	return q.Status.String()[len("QUOTE_STATUS_"):]
}

// settling reads how a payment is settled.
func (s *story) settling(o payment.Order, w []string) payment.Order {
	for i := range len(w) - 1 {
		switch w[i] {
		case "in":
			o.SettlementCurrency = w[i+1]
		case "by":
			o.Quote = s.quotes[w[i+1]]
			if o.Quote == "" {
				o.Quote = id.Quote(w[i+1])
			}
		}
	}
	return o
}

func (s *story) settled(ctx context.Context, name string) string {
	if key, known := s.refunds[name]; known {
		r, err := s.desk.GetRefund(ctx, s.cafe.ID, false, key)
		if err != nil {
			return answer("", err)
		}
		v := payment.ViewRefund(r)
		if v.SettlementAmount == nil {
			return "in the payment's currency"
		}
		return fmt.Sprintf("%d minor units", *v.SettlementAmount)
	}
	p, err := s.desk.Get(ctx, s.cafe.ID, false, s.payments[name])
	if err != nil {
		return answer("", err)
	}
	v := payment.View(p)
	if v.Settlement == nil {
		return "in the payment's currency"
	}
	c := money.Currency(v.Settlement.Currency)
	return fmt.Sprintf("%s returned %s fee %s at %d/10^%d", money.New(v.Settlement.AmountCaptured, c), money.New(v.Settlement.AmountReturned, c),
		money.New(v.Fee, c), v.Settlement.Rate.Value, v.Settlement.Rate.Scale)
}
