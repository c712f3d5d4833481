package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/internal/fault"
)

// Limits of streams.
const (
	heldMax      = 10               // of one key at once, on this node
	guardEvery   = time.Second      // a stream's key is looked at
	sendPatience = 30 * time.Second // for a reader to take one message
)

// Faults of streams.
var (
	ErrTooManyStreams = fault.New(fault.TooMany, "streams_too_many", "The key has as many streams open as it may: 10. Close one of them first.")
	ErrStopping       = fault.New(fault.Unavailable, "server_stopping", "The server is stopping. Begin again: a stream of events after the last one that came, an export from its start.").WithRetryAfter(time.Second)
)

// holds counts the open streams of each key, and of those that it made.
type holds struct {
	mu   sync.Mutex
	open map[string]int
}

func (h *holds) enter(key string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		h.open = map[string]int{}
	}
	if h.open[key] == heldMax {
		return false
	}
	h.open[key]++
	return true
}

func (h *holds) leave(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open[key]--; h.open[key] == 0 {
		delete(h.open, key)
	}
}

// hold lets a key have so many streams and no more, and ends a stream when its key
// ends, when the server stops, or when its reader does not read.
func (s *Server) hold(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		if spec.StreamType == connect.StreamTypeUnary {
			return next(ctx, spec, stream)
		}
		call := callOf(ctx)
		if !s.holds.enter(call.share.Allowance) {
			return ErrTooManyStreams
		}
		defer s.holds.leave(call.share.Allowance)
		caller := ctx
		ctx, end := context.WithCancelCause(ctx)
		defer end(nil)
		defer context.AfterFunc(s.draining, func() { end(ErrStopping) })()
		held := &heldStream{ServerStream: stream, door: s, control: http.NewResponseController(call.visit.w)}
		stop := s.guard(ctx, end, held)
		err := next(ctx, spec, held)
		stop()
		if ctx.Err() == nil { // nobody guards what is still to be written
			_ = held.control.SetWriteDeadline(s.Clock.Now().Add(sendPatience)) // fails only on what is gone
		}
		cause, ours := errors.AsType[*fault.Fault](context.Cause(ctx))
		switch {
		case ours:
			return cause
		case errors.Is(caller.Err(), context.Canceled):
			return nil // the caller has left, and hears nothing any more
		case err != nil && errors.Is(caller.Err(), context.DeadlineExceeded):
			return caller.Err() // whatever was under way when the caller's time was up
		}
		return err
	}
}

// guard watches over a stream until stop is called.
func (s *Server) guard(ctx context.Context, end context.CancelCauseFunc, held *heldStream) (stop func()) {
	call := callOf(ctx)
	watch, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var done sync.WaitGroup
	done.Go(func() {
		for s.Clock.Sleep(watch, guardEvery) == nil {
			began := held.sending.Load()
			if began != 0 && s.Clock.Now().UnixNano()-began > int64(sendPatience) {
				end(ErrDeadline.With("The stream's reader did not read."))
			}
			if ctx.Err() != nil {
				if began != 0 {
					held.abort()
				}
				continue
			}
			if f := fault.Of(s.still(watch, call)); f != nil && f.Kind == fault.Unauthenticated {
				end(f)
			}
		}
	})
	return func() {
		cancel()
		done.Wait()
	}
}

// heldStream is a stream that its guard can end.
type heldStream struct {
	connect.ServerStream
	door    *Server
	control *http.ResponseController
	sending atomic.Int64 // since when, nanoseconds since 1970; 0: nothing is on its way out
}

// Receive implements [connect.ServerStream]. The request has the server's time to
// come; what follows it has as long as it takes.
func (h *heldStream) Receive(msg any) error {
	if err := h.ServerStream.Receive(msg); err != nil {
		return err
	}
	return h.control.SetWriteDeadline(time.Time{})
}

// Send implements [connect.ServerStream].
func (h *heldStream) Send(msg any) error {
	h.sending.Store(h.door.Clock.Now().UnixNano())
	defer h.sending.Store(0)
	return h.ServerStream.Send(msg)
}

// SendHeaders implements [connect.ServerStream].
func (h *heldStream) SendHeaders() error {
	h.sending.Store(h.door.Clock.Now().UnixNano())
	defer h.sending.Store(0)
	return h.ServerStream.SendHeaders()
}

// abort lets a Send fail that waits for its reader.
func (h *heldStream) abort() {
	_ = h.control.SetWriteDeadline(time.Unix(1, 0)) // a deadline in the past; it fails only on what is gone
}
