package api

import (
	"context"
	"errors"
	"slices"
	"sync"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/wire"
)

// coalesce lets callers with one key who ask for the same page of a list at the same
// time share one reading of it: what group commit is to writes. Nobody is shown a page
// whose reading began before the request was there, so who has seen a payment succeed
// finds it in the list.
func (s *Server) coalesce(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		call := callOf(ctx)
		if !call.method.pages || call.Caller.Client != "" { // what a token shows is its payer's
			return next(ctx, spec, stream)
		}
		p := &passenger{ServerStream: stream, ctx: ctx, flights: &s.flights, call: call}
		defer p.land(nil) // also after a panic
		err := next(ctx, spec, p)
		if p.answer != nil {
			return stream.Send(p.answer)
		}
		return err
	}
}

// pagesOf reports whether a method's answer is a page of a list.
func pagesOf(output *wire.Shape) bool {
	return output.Named["has_more"] != nil && output.Named["data"] != nil
}

// flights are the readings that run, and those that wait for one of the same page.
type flights struct {
	mu     sync.Mutex
	routes map[string]*flightRoute
}

// flightRoute is one page that is being read.
type flightRoute struct{ running, waiting *flight }

// flight is one reading of a page and whom it is for.
type flight struct {
	turn   chan struct{} // closed: it may begin
	landed chan struct{} // closed: it is over
	guests int           // who wait for its answer; none come once it has begun
	answer proto.Message // nil: it failed, and each goes alone

	mu     sync.Mutex
	bodies map[*codec][]byte
}

// board takes a place for a page. lead: the caller is to read it, when its turn comes.
func (f *flights) board(page string) (on *flight, lead bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	route := f.routes[page]
	switch {
	case route == nil:
		on = newFlight()
		close(on.turn)
		if f.routes == nil {
			f.routes = map[string]*flightRoute{}
		}
		f.routes[page] = &flightRoute{running: on}
		return on, true
	case route.waiting == nil:
		route.waiting = newFlight()
		return route.waiting, true
	}
	route.waiting.guests++
	return route.waiting, false
}

func newFlight() *flight {
	return &flight{turn: make(chan struct{}), landed: make(chan struct{})}
}

// land ends a flight, which may not have begun, and lets the next one begin.
func (f *flights) land(page string, on *flight, answer proto.Message) {
	f.mu.Lock()
	defer f.mu.Unlock()
	on.answer = answer
	close(on.landed)
	route := f.routes[page]
	switch {
	case route.waiting == on:
		route.waiting = nil
	case route.waiting == nil:
		delete(f.routes, page)
	default:
		route.running, route.waiting = route.waiting, nil
		close(route.running.turn)
	}
}

// body is the answer as c writes it, written once for all who share it.
func (on *flight) body(c *codec) []byte {
	on.mu.Lock()
	defer on.mu.Unlock()
	if body, ok := on.bodies[c]; ok {
		return body
	}
	if on.bodies == nil {
		on.bodies = map[*codec][]byte{}
	}
	on.bodies[c] = slices.Clip(c.encode(nil, on.answer))
	return on.bodies[c]
}

// passenger is the stream of a call that may share a flight.
type passenger struct {
	connect.ServerStream
	ctx     context.Context // of the call, whose handler asks for its request
	flights *flights
	call    *Call
	page    string
	leads   *flight
	answer  proto.Message // of the flight that another led
}

// errShared ends a handler whose answer another call has read.
var errShared = errors.New("api: another call has read the page")

// Receive implements [connect.ServerStream]. It returns when the call is to read the
// page itself; errShared: another has.
func (p *passenger) Receive(msg any) error {
	if err := p.ServerStream.Receive(msg); err != nil || p.page != "" {
		return err
	}
	request, err := proto.MarshalOptions{Deterministic: true}.Marshal(msg.(proto.Message))
	if err != nil {
		return err
	}
	p.page = string(p.call.Caller.Key) + " " + p.call.URL + " " + p.call.method.procedure + " " + string(request)
	on, leads := p.flights.board(p.page)
	wait := on.landed
	if leads {
		p.leads, wait = on, on.turn
	}
	select {
	case <-wait:
	case <-p.ctx.Done():
		return p.ctx.Err()
	}
	if leads || on.answer == nil {
		return nil
	}
	p.answer, p.call.flight = on.answer, on
	return errShared
}

// Send implements [connect.ServerStream].
func (p *passenger) Send(msg any) error {
	if on := p.leads; on != nil && on.guests > 0 {
		p.call.flight = on
	}
	p.land(msg.(proto.Message))
	return p.ServerStream.Send(msg)
}

// land gives the answer, nil if there is none, to those who wait for it.
func (p *passenger) land(answer proto.Message) {
	if p.leads != nil {
		p.flights.land(p.page, p.leads, answer)
		p.leads = nil
	}
}
