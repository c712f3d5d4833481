package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/payment"
)

// Payments serves PaymentService and RefundService from desk, and what was from log.
func Payments(desk *payment.Desk, entry CardEntry, e Expander, log *event.Log) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterPaymentServiceHandler(server, paymentHandlers{desk, entry, e, log})
		florinv1connect.RegisterRefundServiceHandler(server, refunds{desk, e, log})
	}
}

type paymentHandlers struct {
	desk   *payment.Desk
	entry  CardEntry
	expand Expander
	log    *event.Log
}

// caller names the call's merchant and request for the flows.
func (c *Call) caller() payment.Caller {
	return payment.Caller{Merchant: c.Caller.Merchant, Live: c.Caller.Live, Once: c.Once, Origin: c.Origin(), Use: c.Caller.Use}
}

func paymentAnswer(p payment.Payment, err error) (*florinv1.Payment, error) {
	if err != nil {
		return nil, err
	}
	return payment.View(p), nil
}

// CreatePayment implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) CreatePayment(ctx context.Context, q *florinv1.CreatePaymentRequest) (*florinv1.Payment, error) {
	from, err := s.entry.source(ctx, q.Source, presented{q.CardNumber, q.ExpiryDate, q.Cvv})
	if err != nil {
		return nil, err
	}
	defer from.wipe()
	return paymentAnswer(s.desk.Create(ctx, from.order(payment.Order{
		Caller: callOf(ctx).caller(), Amount: q.GetAmount(), Currency: q.Currency,
		SettlementCurrency: q.SettlementCurrency, Quote: id.Quote(q.Quote),
		Manual:  q.Capture == florinv1.CaptureMode_CAPTURE_MODE_MANUAL,
		Details: payment.Details{Description: q.Description, Reference: q.Reference, Metadata: q.Metadata},
	})))
}

// GetPayment implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) GetPayment(ctx context.Context, q *florinv1.GetPaymentRequest) (*florinv1.Payment, error) {
	wanted, err := openingOf(ctx, q.Expand, ofPayment)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	p, err := s.desk.Get(ctx, c.Merchant, c.Live, id.Payment(q.Id))
	if err == nil && c.Use != nil && p.Details.Grant != c.Use.Grant {
		err = fault.ErrNotFound
	}
	shown, err := paymentAnswer(p, err)
	if err != nil {
		return nil, err
	}
	return shown, s.expand.ofPayments(ctx, []*florinv1.Payment{shown}, wanted)
}

// ListPayments implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) ListPayments(ctx context.Context, q *florinv1.ListPaymentsRequest) (*florinv1.ListPaymentsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	filter, err := paymentFilter(p, q)
	if err != nil {
		return nil, err
	}
	past, err := momentOf(ctx, s.log, q)
	if err != nil {
		return nil, err
	}
	filter.To = past.until(filter.To)
	wanted, err := openingOf(ctx, q.Expand, ofPayment)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	if c.Use != nil {
		filter.Grant = c.Use.Grant
	}
	list, next, err := s.desk.List(ctx, c.Merchant, c.Live, filter)
	if err != nil {
		return nil, p.blame(err)
	}
	shown, err := viewsAt(ctx, past, list, payment.View)
	if err != nil {
		return nil, err
	}
	return &florinv1.ListPaymentsResponse{Object: listObject, HasMore: next != "", Url: p.URL, NextCursor: next, Data: shown},
		s.expand.ofPayments(ctx, shown, wanted)
}

// paymentFilter reads the filters of q. Error: fault.ErrInvalid if two contradict
// each other.
func paymentFilter(p span, q *florinv1.ListPaymentsRequest) (f payment.Filter, err error) {
	f = payment.Filter{
		Page: p.page(), State: word[payment.State](q.Status, "PAYMENT_STATUS_"), AmountMin: q.GetAmountMin(), AmountMax: q.GetAmountMax(),
		Currency: q.Currency, Reference: q.Reference, Source: q.Source, Metadata: q.Metadata,
	}
	switch {
	case q.Amount != nil && q.AmountMin != nil:
		return f, contradict("amount", "amount_min", "Send amount, or amount_min and amount_max.")
	case q.Amount != nil && q.AmountMax != nil:
		return f, contradict("amount", "amount_max", "Send amount, or amount_min and amount_max.")
	case q.AmountMin != nil && q.AmountMax != nil && *q.AmountMin > *q.AmountMax:
		return f, contradict("amount_min", "amount_max", "amount_min must not be above amount_max.")
	case q.Amount != nil:
		f.AmountMin, f.AmountMax = *q.Amount, *q.Amount
	}
	f.From, f.To, err = timesOf(q)
	return f, err
}

// CapturePayment implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) CapturePayment(ctx context.Context, q *florinv1.CapturePaymentRequest) (*florinv1.Payment, error) {
	return paymentAnswer(s.desk.Capture(ctx, callOf(ctx).caller(), id.Payment(q.Id), q.GetAmount(), q.MoreToCome))
}

// CancelPayment implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) CancelPayment(ctx context.Context, q *florinv1.CancelPaymentRequest) (*florinv1.Payment, error) {
	return paymentAnswer(s.desk.Cancel(ctx, callOf(ctx).caller(), id.Payment(q.Id)))
}

// ConfirmPayment implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) ConfirmPayment(ctx context.Context, q *florinv1.ConfirmPaymentRequest) (*florinv1.Payment, error) {
	return paymentAnswer(s.desk.Confirm(ctx, callOf(ctx).caller(), id.Payment(q.Id), q.Authentication != "failed"))
}

type refunds struct {
	desk   *payment.Desk
	expand Expander
	log    *event.Log
}

// CreateRefund implements [florinv1connect.RefundServiceHandler].
func (s refunds) CreateRefund(ctx context.Context, q *florinv1.CreateRefundRequest) (*florinv1.Refund, error) {
	r, err := s.desk.CreateRefund(ctx, payment.RefundOrder{
		Caller: callOf(ctx).caller(), Payment: id.Payment(q.Payment), Amount: q.GetAmount(), Reason: q.Reason, Metadata: q.Metadata,
	})
	if err != nil {
		return nil, err
	}
	return payment.ViewRefund(r), nil
}

// GetRefund implements [florinv1connect.RefundServiceHandler].
func (s refunds) GetRefund(ctx context.Context, q *florinv1.GetRefundRequest) (*florinv1.Refund, error) {
	wanted, err := openingOf(ctx, q.Expand, ofOrder)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	r, err := s.desk.GetRefund(ctx, c.Merchant, c.Live, id.Refund(q.Id))
	if err != nil {
		return nil, err
	}
	shown := payment.ViewRefund(r)
	return shown, s.expand.ofRefunds(ctx, []*florinv1.Refund{shown}, wanted)
}

// ListRefunds implements [florinv1connect.RefundServiceHandler].
func (s refunds) ListRefunds(ctx context.Context, q *florinv1.ListRefundsRequest) (*florinv1.ListRefundsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	f := payment.RefundFilter{Page: p.page(), Payment: id.Payment(q.Payment), State: word[payment.RefundState](q.Status, "REFUND_STATUS_")}
	if f.From, f.To, err = timesOf(q); err != nil {
		return nil, err
	}
	past, err := momentOf(ctx, s.log, q)
	if err != nil {
		return nil, err
	}
	f.To = past.until(f.To)
	wanted, err := openingOf(ctx, q.Expand, ofOrder)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	list, next, err := s.desk.ListRefunds(ctx, c.Merchant, c.Live, f)
	if err != nil {
		return nil, p.blame(err)
	}
	shown, err := viewsAt(ctx, past, list, payment.ViewRefund)
	if err != nil {
		return nil, err
	}
	return &florinv1.ListRefundsResponse{Object: listObject, HasMore: next != "", Url: p.URL, NextCursor: next, Data: shown},
		s.expand.ofRefunds(ctx, shown, wanted)
}
