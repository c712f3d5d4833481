package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/internal/fault"
)

// Limits of streams.
const (
	heldMax      = 10               // of one key at once, on this node
	endlessMax   = 100              // of those that have no end: they mostly wait
	guardEvery   = time.Second      // a stream's key is looked at
	sendPatience = 30 * time.Second // for a reader to take one message
)

// Faults of streams.
var (
	ErrTooManyStreams = fault.New(fault.TooMany, "streams_too_many", "The key has as many streams open as it may: 100 of events, 10 of exports. Close one of them first.")
	ErrStopping       = fault.New(fault.Unavailable, "server_stopping", "The server is stopping. Begin again: a stream of events after the last one that came, an export from its start.").WithRetryAfter(time.Second)
)

// holds are the open streams. One goroutine guards them all: most of them wait, and
// there may be many.
type holds struct {
	mu      sync.Mutex
	open    map[string]int // of each allowance, and kind
	streams map[*heldStream]struct{}
	rest    context.CancelFunc // ends the guard
	tidied  int                // how many there were when memory was last tidied for them
}

// crowd is so many streams more that what their arrival left in memory is worth collecting:
// they wait, and nothing else would make the collector come.
const crowd = 500

func (h *holds) enter(key string, most int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open == nil {
		h.open, h.streams = map[string]int{}, map[*heldStream]struct{}{}
	}
	if h.open[key] >= most {
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
		key, most := call.share.Allowance, heldMax
		if call.method.rule.Endless {
			key, most = key+"|endless", endlessMax
		}
		if !s.holds.enter(key, most) {
			return ErrTooManyStreams
		}
		caller := ctx
		ctx, end := context.WithCancelCause(ctx)
		held := &heldStream{ServerStream: stream, door: s, call: call, end: end, control: http.NewResponseController(call.visit.w)}
		spared := context.AfterFunc(s.draining, func() { end(ErrStopping) })
		if beat := call.beat; beat != nil {
			call.beat = func() error { return held.timed(beat) }
		}
		s.guard(held)
		leave := sync.OnceFunc(func() {
			s.unguard(held)
			spared()
			end(nil)
			s.holds.leave(key)
		})
		finish := func(err error) error {
			err = held.outcome(caller, ctx, err)
			leave()
			return err
		}
		err := errUnfinished
		defer func() { // also after a panic
			if call.last == nil || err != nil {
				leave()
			}
		}()
		if err = next(ctx, spec, held); err != nil || call.last == nil {
			return finish(err)
		}
		goOn := call.last
		call.last = func(context.Context) error { return finish(goOn(ctx)) }
		return nil
	}
}

// errUnfinished stands until a handler has come back.
var errUnfinished = errors.New("api: the handler did not come back")

// outcome says how a held stream ended, whose own context has a cause for it.
func (h *heldStream) outcome(caller, own context.Context, err error) error {
	if own.Err() == nil { // nobody guards what is still to be written
		_ = h.control.SetWriteDeadline(h.door.Clock.Now().Add(sendPatience)) // fails only on what is gone
	}
	cause, ours := errors.AsType[*fault.Fault](context.Cause(own))
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

// guard watches over a stream until unguard.
func (s *Server) guard(held *heldStream) {
	s.holds.mu.Lock()
	defer s.holds.mu.Unlock()
	if len(s.holds.streams) == 0 {
		watch, rest := context.WithCancel(context.Background())
		s.holds.rest = rest
		go s.watch(watch)
	}
	s.holds.streams[held] = struct{}{}
	if n := len(s.holds.streams); n >= s.holds.tidied+crowd {
		s.holds.tidied = n
		go runtime.GC()
	}
}

func (s *Server) unguard(held *heldStream) {
	s.holds.mu.Lock()
	defer s.holds.mu.Unlock()
	if delete(s.holds.streams, held); len(s.holds.streams) == 0 {
		s.holds.rest()
	}
	s.holds.tidied = min(s.holds.tidied, len(s.holds.streams))
	held.mu.Lock()
	held.left = true
	held.mu.Unlock()
}

// watch looks at every stream from time to time.
func (s *Server) watch(ctx context.Context) {
	for s.Clock.Sleep(ctx, guardEvery) == nil {
		s.holds.mu.Lock()
		all := slices.Collect(maps.Keys(s.holds.streams))
		s.holds.mu.Unlock()
		look, cancel := context.WithTimeout(ctx, guardPatience)
		for _, held := range all {
			held.look(look)
		}
		cancel()
	}
}

// guardPatience is how long one look at all streams takes at most, whatever the database does.
const guardPatience = 3 * time.Second

// look ends the stream if its reader does not read or its credential is not good any more.
func (h *heldStream) look(ctx context.Context) {
	if began := h.sending.Load(); began != 0 && h.door.Clock.Now().UnixNano()-began > int64(sendPatience) {
		h.end(ErrDeadline.With("The stream's reader did not read. Begin again after the last event that came."))
		h.abort()
		return
	}
	if ctx.Err() != nil {
		return
	}
	if f := fault.Of(h.door.still(ctx, h.call)); f != nil && f.Kind == fault.Unauthenticated {
		h.end(f)
		if began := h.sending.Load(); began != 0 { // who does not read hears nothing of it
			h.abort()
		}
	}
}

// timed writes to the reader, who has only so much time.
func (h *heldStream) timed(write func() error) error {
	h.sending.Store(h.door.Clock.Now().UnixNano())
	defer h.sending.Store(0)
	return write()
}

// heldStream is a stream that its guard can end.
type heldStream struct {
	connect.ServerStream
	door    *Server
	call    *Call
	end     context.CancelCauseFunc
	control *http.ResponseController
	sending atomic.Int64 // since when, nanoseconds since 1970; 0: nothing is on its way out

	mu   sync.Mutex
	left bool // its connection may be another request's by now
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
	return h.timed(func() error { return h.ServerStream.Send(msg) })
}

// SendHeaders implements [connect.ServerStream].
func (h *heldStream) SendHeaders() error {
	return h.timed(h.ServerStream.SendHeaders)
}

// abort lets a Send fail that waits for its reader.
func (h *heldStream) abort() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.left {
		return
	}
	_ = h.control.SetWriteDeadline(time.Unix(1, 0)) // a deadline in the past; it fails only on what is gone
}
