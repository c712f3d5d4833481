package fx

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/money"
)

// View is q in the contract's words, as it is at the instant now.
func View(q Quote, now time.Time) *florinv1.Quote {
	status := florinv1.QuoteStatus_QUOTE_STATUS_OPEN
	switch {
	case q.Payment != "":
		status = florinv1.QuoteStatus_QUOTE_STATUS_USED
	case !now.Before(q.ExpiresAt):
		status = florinv1.QuoteStatus_QUOTE_STATUS_EXPIRED
	}
	return &florinv1.Quote{
		Id: string(q.ID), Object: "quote", Amount: q.Amount.Minor, Currency: string(q.Amount.Currency),
		SettlementAmount: q.Worth.Minor, SettlementCurrency: string(q.Worth.Currency), Rate: ViewRate(q.Rate, q.Source),
		Status: status, Payment: string(q.Payment),
		ExpiresAt: timestamppb.New(q.ExpiresAt), CreatedAt: timestamppb.New(q.CreatedAt), Livemode: q.Live,
		Sequence: q.Sequence,
	}
}

// ViewRate is a rate in the contract's words.
func ViewRate(r money.Rate, source string) *florinv1.Rate {
	return &florinv1.Rate{Value: r.Value, Scale: int32(r.Scale), Source: source} //nolint:gosec // at most 10
}
