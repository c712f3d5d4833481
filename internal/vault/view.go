package vault

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/event"
)

// View is c as the contract shows it. It holds no fingerprint: with the last
// four digits that would be two views of one number to join.
func View(c Card) *florinv1.Card {
	return &florinv1.Card{
		Id: string(c.ID), Object: "card", Brand: string(c.Brand), Last4: c.Last4,
		ExpiryMonth: int32(c.Expiry.Month), ExpiryYear: int32(c.Expiry.Year),
		Merchant: string(c.Merchant), CreatedAt: timestamppb.New(c.CreatedAt), Livemode: c.Live,
		Sequence: c.sequence,
	}
}

func (c Card) fact(kind string, origin event.Origin, at time.Time) event.Fact {
	return event.Fact{
		Merchant: c.Merchant, Live: c.Live, Type: kind, Object: string(c.ID), Origin: origin, At: at,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Card{Card: View(c)}},
	}
}
