package api

import (
	"context"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
)

// Events serves EventService from log.
func Events(log *event.Log) Service {
	return func(server *connect.Server) { florinv1connect.RegisterEventServiceHandler(server, events{log}) }
}

type events struct{ log *event.Log }

// GetEvent implements [florinv1connect.EventServiceHandler].
func (s events) GetEvent(ctx context.Context, q *florinv1.GetEventRequest) (*florinv1.Event, error) {
	caller := callOf(ctx).Caller
	e, err := s.log.Get(ctx, caller.Merchant, caller.Live, id.Event(q.Id))
	if err != nil {
		return nil, err
	}
	return eventView(e), nil
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
		answer.Data = append(answer.Data, eventView(e))
	}
	return answer, nil
}

func eventView(e event.Event) *florinv1.Event {
	v := &florinv1.Event{
		Id: string(e.ID), Object: "event", Sequence: e.Sequence, Type: e.Type, Data: e.Data,
		CreatedAt: timestamppb.New(e.At), Livemode: e.Live,
	}
	if e.Origin.Request != "" {
		v.Request = &florinv1.EventRequest{Id: string(e.Origin.Request), IdempotencyKey: e.Origin.IdempotencyKey}
	}
	return v
}
