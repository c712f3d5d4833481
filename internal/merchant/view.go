package merchant

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// View is m in the contract's words, for a key of that mode.
func View(m Merchant, live bool) *florinv1.Merchant {
	return &florinv1.Merchant{
		Id:           string(m.ID),
		Object:       "merchant",
		Name:         m.Name,
		Country:      m.Country,
		State:        string(m.State),
		CardFeeBps:   int32(m.CardFeeBps), // at most 10_000
		CardFeeFixed: m.CardFeeFixedMinor,
		WalletFeeBps: int32(m.WalletFeeBps), // at most 10_000
		AmountMax:    m.AmountMaxMinor,
		CreatedAt:    timestamppb.New(m.CreatedAt),
		Livemode:     live,
	}
}
