package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// beatEvery is how long a stream is silent at most: shorter than what proxies allow.
const beatEvery = 15 * time.Second

// series are the formats of a route that streams.
func (r *route) series() []wire.Series {
	if r.method.rule.Endless {
		return wire.LiveSeries
	}
	return wire.AllSeries
}

func seriesMedia(all []wire.Series) string {
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.Media
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// resume lets a stream of events go on where the reader says that it was: a browser that
// connects again says so in a header, whatever its URL says. Source: HTML Living Standard
// §9.2.4.
func (v *visit) resume(msg any) error {
	q, isEvents := msg.(*florinv1.StreamEventsRequest)
	last := v.r.Header.Get("Last-Event-ID")
	if !isEvents || last == "" {
		return nil
	}
	n, err := strconv.ParseInt(last, 10, 64)
	if err != nil || n < 0 {
		return fault.ErrInvalid.With("The header Last-Event-ID is no event's number. Send the id of the last event that came, or leave it out.")
	}
	q.After, q.AfterSequence, q.StartingAfter = &n, nil, "" //nolint:staticcheck // the older name
	return nil
}

// throughEndless sends the visit through the chain, and then does what the stream does
// until it ends.
func (v *visit) throughEndless(ctx context.Context, stream connect.ServerStream) error {
	if err := v.begin(ctx, stream); err != nil || v.call.last == nil {
		return err
	}
	return v.call.last(ctx)
}

// begin sends the visit through the chain on a stack that is given back. What the stream
// does until it ends is left in the call, if there is anything left to do.
func (v *visit) begin(ctx context.Context, stream connect.ServerStream) error {
	begun := make(chan error, 1)
	v.call.lasts = true
	go func() { begun <- v.through(ctx, stream) }() // the chain lets no panic out
	return <-begun
}

// isUpgrade reports whether a request wants to go on as a WebSocket. Source: RFC 6455 §4.2.1.
func isUpgrade(r *http.Request) bool {
	return r.ProtoMajor == 1 && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}
