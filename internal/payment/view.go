package payment

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/fx"
)

// View is p in the contract's words.
func View(p Payment) *florinv1.Payment {
	v := &florinv1.Payment{
		Id: string(p.ID), Object: "payment", Amount: p.Amount.Minor, Currency: string(p.Amount.Currency),
		Status: statusOf[p.State], Capture: florinv1.CaptureMode_CAPTURE_MODE_AUTOMATIC,
		AmountCaptured: p.Captured, AmountCapturable: p.Capturable(), AmountRefunded: p.Refunded + p.Refunding,
		Fee: p.Fee - p.FeeReturned, Source: p.Source, Destination: string(p.Destination), Merchant: string(p.Merchant),
		Description: p.Details.Description, Reference: p.Details.Reference, Metadata: p.Details.Metadata,
		Grant: string(p.Details.Grant), Disputed: p.Disputed, ExpiresAt: stamp(p.ExpiresAt), CreatedAt: stamp(p.CreatedAt), Livemode: p.Live,
		Sequence: p.Sequence,
	}
	if p.Manual {
		v.Capture = florinv1.CaptureMode_CAPTURE_MODE_MANUAL
	}
	if c := p.Details.Card; c != nil {
		v.Card = &florinv1.CardSummary{Brand: c.Brand, Last4: c.Last4, ExpiryMonth: int32(c.Month), ExpiryYear: int32(c.Year)} //nolint:gosec // a date
	}
	if c := p.Details.Conversion; c != nil {
		worth, _ := p.worth(p.Captured) // it was counted when it was captured
		v.Settlement = &florinv1.Settlement{
			Currency: string(c.To), AmountCaptured: worth.Minor, AmountReturned: p.Returned, Rate: fx.ViewRate(p.rate(), c.Source), Quote: string(c.Quote),
		}
	}
	if p.State == Failed {
		v.Failure = &florinv1.PaymentFailure{DeclineCode: p.DeclineCode, Advice: p.Advice}
	}
	if p.State == RequiresAction {
		v.NextAction = &florinv1.NextAction{Type: "authenticate", Url: "/v1/payments/" + string(p.ID) + "/confirm"}
	}
	return v
}

var statusOf = func() map[State]florinv1.PaymentStatus {
	m := map[State]florinv1.PaymentStatus{}
	for name, n := range florinv1.PaymentStatus_value {
		m[State(strings.ToLower(strings.TrimPrefix(name, "PAYMENT_STATUS_")))] = florinv1.PaymentStatus(n)
	}
	return m
}()

// ViewRefund is r in the contract's words.
func ViewRefund(r Refund) *florinv1.Refund {
	status := florinv1.RefundStatus_value["REFUND_STATUS_"+strings.ToUpper(string(r.State))]
	v := &florinv1.Refund{
		Id: string(r.ID), Object: "refund", Amount: r.Amount.Minor, Currency: string(r.Amount.Currency),
		Status: florinv1.RefundStatus(status), Payment: string(r.Payment), Merchant: string(r.Merchant),
		Reason: r.Reason, Metadata: r.Metadata, FeeReturned: r.FeeReturned, FailureCode: r.FailureCode,
		CreatedAt: stamp(r.CreatedAt), Livemode: r.Live, Sequence: r.Sequence,
	}
	if r.Converted {
		v.SettlementAmount = &r.Share
	}
	return v
}

func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
