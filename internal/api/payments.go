package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/payment"
)

// Payments serves PaymentService and RefundService from desk.
func Payments(desk *payment.Desk, entry CardEntry) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterPaymentServiceHandler(server, paymentHandlers{desk, entry})
		florinv1connect.RegisterRefundServiceHandler(server, refunds{desk})
	}
}

type paymentHandlers struct {
	desk  *payment.Desk
	entry CardEntry
}

// caller names the call's merchant and request for the flows.
func (c *Call) caller() payment.Caller {
	return payment.Caller{Merchant: c.Caller.Merchant, Live: c.Caller.Live, Once: c.Once, Origin: c.Origin()}
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
		Caller: callOf(ctx).caller(), Amount: q.Amount, Currency: q.Currency,
		Manual:  q.Capture == florinv1.CaptureMode_CAPTURE_MODE_MANUAL,
		Details: payment.Details{Description: q.Description, Reference: q.Reference, Metadata: q.Metadata},
	})))
}

// GetPayment implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) GetPayment(ctx context.Context, q *florinv1.GetPaymentRequest) (*florinv1.Payment, error) {
	c := callOf(ctx).Caller
	return paymentAnswer(s.desk.Get(ctx, c.Merchant, c.Live, id.Payment(q.Id)))
}

// ListPayments implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) ListPayments(ctx context.Context, q *florinv1.ListPaymentsRequest) (*florinv1.ListPaymentsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	list, more, err := s.desk.List(ctx, c.Merchant, c.Live, p.page())
	if err != nil {
		return nil, p.blame(err)
	}
	return &florinv1.ListPaymentsResponse{Object: listObject, HasMore: more, Url: p.URL, Data: views(list, payment.View)}, nil
}

// CapturePayment implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) CapturePayment(ctx context.Context, q *florinv1.CapturePaymentRequest) (*florinv1.Payment, error) {
	return paymentAnswer(s.desk.Capture(ctx, callOf(ctx).caller(), id.Payment(q.Id), q.Amount, q.MoreToCome))
}

// CancelPayment implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) CancelPayment(ctx context.Context, q *florinv1.CancelPaymentRequest) (*florinv1.Payment, error) {
	return paymentAnswer(s.desk.Cancel(ctx, callOf(ctx).caller(), id.Payment(q.Id)))
}

// ConfirmPayment implements [florinv1connect.PaymentServiceHandler].
func (s paymentHandlers) ConfirmPayment(ctx context.Context, q *florinv1.ConfirmPaymentRequest) (*florinv1.Payment, error) {
	return paymentAnswer(s.desk.Confirm(ctx, callOf(ctx).caller(), id.Payment(q.Id), q.Authentication != "failed"))
}

type refunds struct{ desk *payment.Desk }

// CreateRefund implements [florinv1connect.RefundServiceHandler].
func (s refunds) CreateRefund(ctx context.Context, q *florinv1.CreateRefundRequest) (*florinv1.Refund, error) {
	r, err := s.desk.CreateRefund(ctx, payment.RefundOrder{
		Caller: callOf(ctx).caller(), Payment: id.Payment(q.Payment), Amount: q.Amount, Reason: q.Reason, Metadata: q.Metadata,
	})
	if err != nil {
		return nil, err
	}
	return payment.ViewRefund(r), nil
}

// GetRefund implements [florinv1connect.RefundServiceHandler].
func (s refunds) GetRefund(ctx context.Context, q *florinv1.GetRefundRequest) (*florinv1.Refund, error) {
	c := callOf(ctx).Caller
	r, err := s.desk.GetRefund(ctx, c.Merchant, c.Live, id.Refund(q.Id))
	if err != nil {
		return nil, err
	}
	return payment.ViewRefund(r), nil
}

// ListRefunds implements [florinv1connect.RefundServiceHandler].
func (s refunds) ListRefunds(ctx context.Context, q *florinv1.ListRefundsRequest) (*florinv1.ListRefundsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	list, more, err := s.desk.ListRefunds(ctx, c.Merchant, c.Live, id.Payment(q.Payment), p.page())
	if err != nil {
		return nil, p.blame(err)
	}
	return &florinv1.ListRefundsResponse{Object: listObject, HasMore: more, Url: p.URL, Data: views(list, payment.ViewRefund)}, nil
}

// page is the part of the list as the flows know it.
func (p span) page() payment.Page {
	return payment.Page{Limit: p.Limit, After: p.After, Before: p.Before}
}

// views shows each row of a page.
func views[Row, View any](rows []Row, view func(Row) View) []View {
	out := make([]View, len(rows))
	for i, r := range rows {
		out[i] = view(r)
	}
	return out
}
