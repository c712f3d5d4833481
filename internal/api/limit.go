package api

import (
	"context"
	"strconv"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/fault"
)

// ErrRateLimited: the key calls faster than it may.
var ErrRateLimited = fault.New(fault.TooMany, "rate_limited", "The key makes more calls than it may. Wait as long as Retry-After says.")

// limit holds the key to its rate and says how much is left of it.
func (s *Server) limit(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		key := callOf(ctx).key
		d := s.Limiter.Allow(key)
		if d.Limit > 0 {
			info, _ := connect.CallInfoForServerContext(ctx)
			showLimit(info.ResponseHeader(), key, d)
		}
		if !d.OK {
			return ErrRateLimited.WithRetryAfter(d.RetryAfter)
		}
		return next(ctx, spec, stream)
	}
}

// showLimit writes the limit's headers: q calls in w seconds are allowed, r are left,
// and all are back in t seconds. Source: draft-ietf-httpapi-ratelimit-headers-10 §3, §4.
func showLimit(h *connect.Header, key apikey.Key, d apikey.Decision) {
	window := time.Duration(d.Limit) * time.Second / time.Duration(key.RatePerSecond)
	h.Set("RateLimit-Policy", `"key";q=`+strconv.Itoa(d.Limit)+`;w=`+strconv.FormatInt(max(1, wholeSeconds(window)), 10))
	h.Set("RateLimit", `"key";r=`+strconv.Itoa(d.Remaining)+`;t=`+strconv.FormatInt(wholeSeconds(d.ResetAfter), 10))
}
