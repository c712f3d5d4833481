package api

import (
	"context"

	"connectrpc.com/connect/v2"
	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/wire"
)

// Events serves EventService from log. Streams of events look for those of other
// nodes by c.
func Events(log *event.Log, c clock.Clock) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterEventServiceHandler(server, events{log, c})
	}
}

type events struct {
	log   *event.Log
	clock clock.Clock
}

// GetEvent implements [florinv1connect.EventServiceHandler].
func (s events) GetEvent(ctx context.Context, q *florinv1.GetEventRequest) (*florinv1.Event, error) {
	caller := callOf(ctx).Caller
	e, err := s.log.Get(ctx, caller.Merchant, caller.Live, id.Event(q.Id))
	if err != nil {
		return nil, err
	}
	return event.View(e, ""), nil
}

// ListEvents implements [florinv1connect.EventServiceHandler].
func (s events) ListEvents(ctx context.Context, q *florinv1.ListEventsRequest) (*florinv1.ListEventsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	f := event.Filter{Page: p.page(), Types: q.Types, Object: q.Object}
	if f.From, f.To, err = timesOf(q); err != nil {
		return nil, err
	}
	if q.Type != "" {
		if f.Types = []string{q.Type}; len(q.Types) > 0 {
			return nil, contradict("type", "types", "Send type or types, not both.")
		}
	}
	caller := callOf(ctx).Caller
	list, next, err := s.log.List(ctx, caller.Merchant, caller.Live, f)
	if err != nil {
		return nil, p.blame(err)
	}
	answer := &florinv1.ListEventsResponse{Object: listObject, HasMore: next != "", Url: p.URL, NextCursor: string(next)}
	for _, e := range list {
		answer.Data = append(answer.Data, event.View(e, ""))
	}
	return answer, nil
}

// StreamEvents implements [florinv1connect.EventServiceHandler].
func (s events) StreamEvents(ctx context.Context, q *florinv1.StreamEventsRequest, stream florinv1connect.EventServiceStreamEventsServerStream) error {
	caller := callOf(ctx).Caller
	if err := event.CheckVersion(q.ApiVersion); err != nil {
		return err
	}
	after, err := s.start(ctx, caller, q)
	if err != nil {
		return err
	}
	if err := stream.SendHeaders(); err != nil { // the caller knows that it is heard before anything happens
		return err
	}
	wanted := event.Interest{Merchant: caller.Merchant, Live: caller.Live, Types: q.Types, Object: q.Object}
	call := callOf(ctx)
	return call.goOn(ctx, func(ctx context.Context) error {
		return s.log.Follow(ctx, s.clock, wanted, after, event.Reader{
			Take: func(e event.Event) error { return stream.Send(event.View(e, q.ApiVersion)) },
			Rest: stream.SendHeaders, Idle: call.beat, Wait: beatEvery,
		})
	})
}

// start is the number of the last event before a stream.
func (s events) start(ctx context.Context, caller Caller, q *florinv1.StreamEventsRequest) (int64, error) {
	if q.AfterSequence != nil && q.After != nil { //nolint:staticcheck // the older name
		return 0, contradict("after_sequence", "after", "Send after; after_sequence is its older name.")
	}
	if q.After == nil {
		q.After = q.AfterSequence //nolint:staticcheck // the older name
	}
	switch {
	case q.After != nil && q.StartingAfter != "":
		return 0, wire.Invalid(fault.Field{Pointer: "/starting_after", Code: wire.CodeConflictingFields, Detail: "Send after or starting_after, not both."})
	case q.After != nil:
		return *q.After, nil
	case q.StartingAfter == "":
		return s.log.End(ctx)
	}
	e, err := s.log.Get(ctx, caller.Merchant, caller.Live, id.Event(q.StartingAfter))
	return e.Sequence, span{After: q.StartingAfter}.blame(err)
}
