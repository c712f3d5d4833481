package connectortest

import (
	"context"
	"testing"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/money"
)

func testCaptureLimits(t *testing.T, c connector.Connector) {
	original := authorized(t, c, 1000)
	send(t, c, connector.Capture, original, 1001, connector.Declined)
	send(t, c, connector.Capture, original, 0, connector.Declined)
	send(t, c, connector.Capture, original, -1, connector.Declined)
	send(t, c, connector.Capture, original, 700, connector.Approved)
	send(t, c, connector.Capture, original, 301, connector.Declined)
	send(t, c, connector.Capture, original, 300, connector.Approved)
	send(t, c, connector.Capture, original, 1, connector.Declined)

	original = authorized(t, c, 1000)
	final := Following(connector.Capture, original, 600)
	final.Final = true
	expect(t, "a final capture", c.Send(context.Background(), final), connector.Approved)
	send(t, c, connector.Capture, original, 1, connector.Declined) // the rest was let go
	send(t, c, connector.Refund, original, 600, connector.Approved)

	r := Following(connector.Capture, authorized(t, c, 1000), 1000)
	r.Amount = money.New(1000, money.EUR)
	expect(t, "another currency", c.Send(context.Background(), r), connector.Declined)
}

func testRefundLimits(t *testing.T, c connector.Connector) {
	original := authorized(t, c, 1000)
	send(t, c, connector.Refund, original, 1, connector.Declined)
	send(t, c, connector.Capture, original, 800, connector.Approved)
	send(t, c, connector.Refund, original, 801, connector.Declined)
	send(t, c, connector.Refund, original, 500, connector.Approved)
	send(t, c, connector.Refund, original, 301, connector.Declined)
	send(t, c, connector.Refund, original, 300, connector.Approved)
	send(t, c, connector.Refund, original, 1, connector.Declined)
	send(t, c, connector.Capture, original, 200, connector.Approved) // a refund frees nothing and blocks nothing
}

func testVoid(t *testing.T, c connector.Connector) {
	whole := authorized(t, c, 1000)
	send(t, c, connector.Void, whole, 1000, connector.Approved)
	send(t, c, connector.Void, whole, 1000, connector.Declined)
	send(t, c, connector.Capture, whole, 1, connector.Declined)

	rest := authorized(t, c, 1000)
	send(t, c, connector.Capture, rest, 600, connector.Approved)
	send(t, c, connector.Void, rest, 400, connector.Approved)
	send(t, c, connector.Capture, rest, 1, connector.Declined)
	send(t, c, connector.Refund, rest, 600, connector.Approved)

	nothing := authorized(t, c, 1000)
	send(t, c, connector.Capture, nothing, 1000, connector.Approved)
	send(t, c, connector.Void, nothing, 0, connector.Declined)
}

func testNoOriginal(t *testing.T, c connector.Connector) {
	for _, kind := range []connector.Kind{connector.Capture, connector.Void, connector.Refund} {
		send(t, c, kind, reference(), 100, connector.Declined)
	}
	refused := Authorization(t, "4000000000000002", 1000)
	a := expect(t, "authorize", c.Send(context.Background(), refused), connector.Declined)
	send(t, c, connector.Capture, a.RailReference, 1000, connector.Declined)
	send(t, c, connector.Capture, refused.Reference, 1000, connector.Declined)

	byReference := Authorization(t, approves, 1000)
	expect(t, "authorize", c.Send(context.Background(), byReference), connector.Approved)
	send(t, c, connector.Capture, byReference.Reference, 1000, connector.Approved)
}

func testAsk(t *testing.T, c connector.Connector) {
	expect(t, "never sent", c.Ask(context.Background(), reference()), connector.Missing)
	original := Authorization(t, approves, 1000)
	sent := map[string]connector.Answer{
		original.Reference: expect(t, "authorize", c.Send(context.Background(), original), connector.Approved),
	}
	for _, minor := range []int64{400, 700} {
		r := Following(connector.Capture, original.Reference, minor)
		sent[r.Reference] = c.Send(context.Background(), r)
	}
	for reference, answer := range sent {
		if told := c.Ask(context.Background(), reference); told != answer {
			t.Errorf("asked: %+v, sent: %+v", told, answer)
		}
	}
}
