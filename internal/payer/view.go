package payer

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// View is p in the contract's words.
func View(p Payer) *florinv1.Payer {
	return &florinv1.Payer{
		Id:        string(p.ID),
		Object:    "payer",
		Name:      p.Name,
		Email:     p.Email,
		Reference: p.Reference,
		Metadata:  p.Metadata,
		CreatedAt: timestamppb.New(p.CreatedAt),
		Livemode:  p.Live,
		Sequence:  p.Sequence,
	}
}
