package webhook

import (
	"google.golang.org/protobuf/types/known/timestamppb"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// View is e in the contract's words, without its secret.
func View(e Endpoint) *florinv1.WebhookEndpoint {
	return &florinv1.WebhookEndpoint{
		Id: string(e.ID), Object: "webhook_endpoint", Url: e.URL, Description: e.Description, Types: e.Types, ApiVersion: e.Version,
		Thin: e.Thin, Ordered: e.Ordered, Concurrency: int32(e.Concurrency), Status: string(e.Status), //nolint:gosec // 32 at most
		DisabledReason: e.DisabledReason, DisabledAt: stamp(e.DisabledAt), PublicKey: e.PublicKey, RotatedUntil: stamp(e.RotatedUntil),
		FailingSince: stamp(e.FailingSince), CreatedAt: stamp(e.CreatedAt), Livemode: e.Live, Sequence: e.Sequence, CreatedBy: e.Maker,
	}
}

// ViewDelivery is d in the contract's words.
func ViewDelivery(d Delivery) *florinv1.WebhookDelivery {
	v := &florinv1.WebhookDelivery{
		Id: string(d.ID), Object: "webhook_delivery", Endpoint: string(d.Endpoint), Event: string(d.Event), EventSequence: d.Sequence, EventType: d.Type,
		Status: string(d.Status), AttemptCount: int32(d.Attempts), DeliveredAt: stamp(d.DeliveredAt), //nolint:gosec // some dozens
		CreatedAt: stamp(d.CreatedAt), Livemode: d.Live,
	}
	if d.Status == Pending {
		v.DueAt = stamp(d.DueAt)
	}
	return v
}

// ViewAttempt is a in the contract's words; body is what was sent.
func ViewAttempt(a Attempt, body string) *florinv1.WebhookAttempt {
	return &florinv1.WebhookAttempt{
		CreatedAt: stamp(a.CreatedAt), StatusCode: int32(a.StatusCode), Error: a.Error, Detail: a.Detail, //nolint:gosec // three digits
		LatencyMs: int32(a.Latency.Milliseconds()), RequestHeaders: a.RequestHeaders, RequestBody: body, //nolint:gosec // 30 s at most
		ResponseHeaders: a.ResponseHeaders, ResponseBody: a.ResponseBody,
	}
}

func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
