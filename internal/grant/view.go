package grant

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// View is g in the contract's words, as it is at the instant now.
func View(g Grant, now time.Time) *florinv1.Grant {
	v := &florinv1.Grant{
		Id: string(g.ID), Object: "grant", Merchant: string(g.Merchant), Payer: string(g.Payer), Client: string(g.Client),
		Scopes: g.Scopes, Status: florinv1.GrantStatus_GRANT_STATUS_ACTIVE, ExpiresAt: timestamppb.New(g.ExpiresAt),
		RevokedBy: g.RevokedBy, CreatedAt: timestamppb.New(g.CreatedAt), Livemode: g.Live,
		Sequence: g.Sequence,
	}
	switch {
	case g.State == Revoked:
		v.Status, v.RevokedAt = florinv1.GrantStatus_GRANT_STATUS_REVOKED, timestamppb.New(g.RevokedAt)
	case !now.Before(g.ExpiresAt):
		v.Status = florinv1.GrantStatus_GRANT_STATUS_EXPIRED
	}
	for _, l := range g.Limits {
		spent, until := l.SpentAt(now)
		limit := &florinv1.GrantLimit{
			Payee: string(l.Payee), Currency: string(l.Currency), Amount: l.Max, PaymentAmount: l.PaymentMax, Interval: l.Interval.String(), Spent: spent,
		}
		if !until.IsZero() {
			limit.PeriodEndsAt = timestamppb.New(until)
		}
		v.Limits = append(v.Limits, limit)
	}
	return v
}
