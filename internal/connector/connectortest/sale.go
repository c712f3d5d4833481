package connectortest

import (
	"context"
	"testing"

	"github.com/florinpay/florin/internal/connector"
)

func testSale(t *testing.T, c connector.Connector) {
	r := Authorization(t, approves, 1000)
	r.Kind = connector.Sale
	first := expect(t, "sale", c.Send(context.Background(), r), connector.Approved)
	if again := c.Send(context.Background(), r); again != first {
		t.Errorf("the repeat answers %+v, the first %+v", again, first)
	}
	send(t, c, connector.Capture, first.RailReference, 1, connector.Declined)
	send(t, c, connector.Void, first.RailReference, 1000, connector.Declined)
	send(t, c, connector.Refund, r.Reference, 600, connector.Approved)
	send(t, c, connector.Refund, r.Reference, 401, connector.Declined)
	declined := Authorization(t, "4000000000009995", 1000)
	declined.Kind = connector.Sale
	expect(t, "declined sale", c.Send(context.Background(), declined), connector.Declined)
	send(t, c, connector.Refund, declined.Reference, 1, connector.Declined)
}
