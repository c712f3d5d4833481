package api

import (
	"context"
	"time"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/webhook"
)

// Webhooks serves WebhookService from room.
func Webhooks(room *webhook.Room) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterWebhookServiceHandler(server, webhooks{room})
	}
}

type webhooks struct{ room *webhook.Room }

func endpointsOf(c *Call) webhook.Owner {
	return webhook.Owner{Merchant: c.Caller.Merchant, Live: c.Caller.Live}
}

// CreateWebhookEndpoint implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) CreateWebhookEndpoint(ctx context.Context, q *florinv1.CreateWebhookEndpointRequest) (*florinv1.WebhookEndpoint, error) {
	call := callOf(ctx)
	if !call.Caller.Scopes.Has("events:read") { // deliveries tell what events tell
		return nil, lacks(ctx, "events:read", "an endpoint")
	}
	e, secret, err := s.room.Create(ctx, webhook.Draft{
		Owner: endpointsOf(call), Maker: call.Caller.Credential(), Once: call.Once, Origin: call.Origin(),
		Settings: webhook.Settings{
			URL: q.Url, Description: q.Description, Types: q.Types, Version: q.ApiVersion, Thin: q.Thin, Ordered: q.Ordered, Concurrency: int(q.GetConcurrency()),
		},
	})
	if err != nil {
		return nil, err
	}
	return withSecret(e, secret), nil
}

func withSecret(e webhook.Endpoint, secret webhook.Secret) *florinv1.WebhookEndpoint {
	v := webhook.View(e)
	v.Secret = secret.Text()
	return v
}

// GetWebhookEndpoint implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) GetWebhookEndpoint(ctx context.Context, q *florinv1.GetWebhookEndpointRequest) (*florinv1.WebhookEndpoint, error) {
	e, err := s.room.Get(ctx, endpointsOf(callOf(ctx)), id.Endpoint(q.Id))
	if err != nil {
		return nil, err
	}
	return webhook.View(e), nil
}

// ListWebhookEndpoints implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) ListWebhookEndpoints(ctx context.Context, q *florinv1.ListWebhookEndpointsRequest) (*florinv1.ListWebhookEndpointsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	list, next, err := s.room.List(ctx, endpointsOf(callOf(ctx)), p.page())
	if err != nil {
		return nil, p.blame(err)
	}
	return &florinv1.ListWebhookEndpointsResponse{
		Object: listObject, Url: p.URL, HasMore: next != "", NextCursor: next, Data: views(list, webhook.View),
	}, nil
}

// ChangeWebhookEndpoint implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) ChangeWebhookEndpoint(ctx context.Context, q *florinv1.ChangeWebhookEndpointRequest) (*florinv1.WebhookEndpoint, error) {
	call := callOf(ctx)
	change := webhook.Change{URL: q.Url, Description: q.Description, Version: q.ApiVersion, Thin: q.Thin, Ordered: q.Ordered}
	switch {
	case len(q.Types) > 0 && q.AllTypes:
		return nil, contradict("types", "all_types", "Send types or all_types, not both.")
	case len(q.Types) > 0:
		change.Types = &q.Types
	case q.AllTypes:
		change.Types = new([]string)
	}
	if q.Concurrency != nil {
		n := int(*q.Concurrency)
		change.Concurrency = &n
	}
	if q.Status != nil {
		enabled := *q.Status == string(webhook.Enabled)
		change.Enabled = &enabled
	}
	e, err := s.room.Change(ctx, endpointsOf(call), id.Endpoint(q.Id), change, call.Origin())
	if err != nil {
		return nil, err
	}
	return webhook.View(e), nil
}

// DeleteWebhookEndpoint implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) DeleteWebhookEndpoint(ctx context.Context, q *florinv1.DeleteWebhookEndpointRequest) (*florinv1.WebhookEndpoint, error) {
	call := callOf(ctx)
	e, err := s.room.Delete(ctx, endpointsOf(call), id.Endpoint(q.Id), call.Origin())
	if err != nil {
		return nil, err
	}
	return webhook.View(e), nil
}

// RotateWebhookSecret implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) RotateWebhookSecret(ctx context.Context, q *florinv1.RotateWebhookSecretRequest) (*florinv1.WebhookEndpoint, error) {
	call := callOf(ctx)
	overlap := overlapDefault
	if q.OverlapSeconds != nil {
		overlap = time.Duration(*q.OverlapSeconds) * time.Second
	}
	e, secret, err := s.room.Rotate(ctx, webhook.Rotation{
		Owner: endpointsOf(call), Endpoint: id.Endpoint(q.Id), Overlap: overlap, Maker: call.Caller.Credential(), Once: call.Once, Origin: call.Origin(),
	})
	if err != nil {
		return nil, err
	}
	return withSecret(e, secret), nil
}

// RedeliverEvents implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) RedeliverEvents(ctx context.Context, q *florinv1.RedeliverEventsRequest) (*florinv1.RedeliverEventsResponse, error) {
	from, to, err := timesOf(q)
	if err != nil {
		return nil, err
	}
	count, next, err := s.room.RedeliverSpan(ctx, webhook.Span{
		Owner: endpointsOf(callOf(ctx)), Endpoint: id.Endpoint(q.Id), From: from, To: to, After: q.After, DeliveredToo: q.DeliveredToo,
	})
	if err != nil {
		return nil, err
	}
	answer := &florinv1.RedeliverEventsResponse{Object: "redelivery", Count: int64(count), HasMore: next != 0, NextAfter: next}
	return answer, nil
}

// GetWebhookDelivery implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) GetWebhookDelivery(ctx context.Context, q *florinv1.GetWebhookDeliveryRequest) (*florinv1.WebhookDelivery, error) {
	d, tried, err := s.room.GetDelivery(ctx, endpointsOf(callOf(ctx)), id.Delivery(q.Id))
	if err != nil {
		return nil, err
	}
	v, body := webhook.ViewDelivery(d), ""
	for _, a := range tried {
		if callOf(ctx).Caller.Scopes.Has("events:read") { // it is an event
			if body, err = s.room.Payload(ctx, d, a); err != nil {
				return nil, err
			}
		}
		v.Attempts = append(v.Attempts, webhook.ViewAttempt(a, body))
	}
	return v, nil
}

// ListWebhookDeliveries implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) ListWebhookDeliveries(ctx context.Context, q *florinv1.ListWebhookDeliveriesRequest) (*florinv1.ListWebhookDeliveriesResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	list, next, err := s.room.Deliveries(ctx, endpointsOf(callOf(ctx)), webhook.Filter{
		Page: p.page(), Endpoint: id.Endpoint(q.Endpoint), Event: id.Event(q.Event), Status: webhook.State(q.Status),
	})
	if err != nil {
		return nil, p.blame(err)
	}
	return &florinv1.ListWebhookDeliveriesResponse{
		Object: listObject, Url: p.URL, HasMore: next != "", NextCursor: next, Data: views(list, webhook.ViewDelivery),
	}, nil
}

// RedeliverWebhook implements [florinv1connect.WebhookServiceHandler].
func (s webhooks) RedeliverWebhook(ctx context.Context, q *florinv1.RedeliverWebhookRequest) (*florinv1.WebhookDelivery, error) {
	d, err := s.room.Redeliver(ctx, endpointsOf(callOf(ctx)), id.Delivery(q.Id))
	if err != nil {
		return nil, err
	}
	return webhook.ViewDelivery(d), nil
}
