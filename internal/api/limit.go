package api

import (
	"context"
	"strconv"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/fault"
)

// ErrRateLimited: the caller is faster than it may be.
var ErrRateLimited = fault.New(fault.TooMany, "rate_limited", "The key or client makes more calls than it may. Wait as long as Retry-After says.")

// limit holds the caller to its rate and says how much is left of it.
func (s *Server) limit(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		share := callOf(ctx).share
		d := s.Limiter.Allow(share)
		if d.Limit > 0 {
			info, _ := connect.CallInfoForServerContext(ctx)
			showLimit(info.ResponseHeader(), share, d)
		}
		if !d.OK {
			return ErrRateLimited.WithRetryAfter(d.RetryAfter)
		}
		return next(ctx, spec, stream)
	}
}

// showLimit writes the limit's headers: q calls in w seconds are allowed, r are left,
// and all are back in t seconds. Source: draft-ietf-httpapi-ratelimit-headers-10 §3, §4.
func showLimit(h *connect.Header, of apikey.Share, d apikey.Decision) {
	window := time.Duration(d.Limit) * time.Second / time.Duration(of.RatePerSecond)
	h.Set("RateLimit-Policy", `"key";q=`+strconv.Itoa(d.Limit)+`;w=`+strconv.FormatInt(max(1, wholeSeconds(window)), 10))
	h.Set("RateLimit", `"key";r=`+strconv.Itoa(d.Remaining)+`;t=`+strconv.FormatInt(wholeSeconds(d.ResetAfter), 10))
}
