package apikey

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// View is k in the contract's words, without a secret: the two calls that show
// one add it to their own answer.
func View(k Key) *florinv1.ApiKey {
	return &florinv1.ApiKey{
		Id:            string(k.ID),
		Object:        "api_key",
		Name:          k.Name,
		Prefix:        k.Prefix,
		Scopes:        k.Scopes.List(),
		RatePerSecond: int32(k.RatePerSecond), // at most RateMax
		Burst:         int32(k.Burst),         // at most BurstMax
		CreatedAt:     instant(k.CreatedAt),
		ExpiresAt:     instant(k.ExpiresAt),
		RevokedAt:     instant(k.RevokedAt),
		LastUsedAt:    instant(k.LastUsedAt),
		ReplacedBy:    string(k.ReplacedBy),
		Livemode:      k.Live,
		Sequence:      k.Sequence,
	}
}

func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
