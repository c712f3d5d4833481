package connectortest

import (
	"context"
	"sync"
	"testing"

	"github.com/florinpay/florin/internal/connector"
)

// testAbandon: what was abandoned before it was seen is refused whenever it comes, and
// nothing else suffers; what was seen is told as by Ask.
func testAbandon(t *testing.T, c connector.Connector) {
	ctx := context.Background()
	sale := Authorization(t, approves, 1000)
	sale.Kind = connector.Sale
	original := authorized(t, c, 1000)
	taken := authorized(t, c, 1000)
	send(t, c, connector.Capture, taken, 1000, connector.Approved)
	for _, r := range []connector.Request{
		Authorization(t, approves, 1000), Authorization(t, authenticates, 1000), sale, Following(connector.Capture, original, 600),
		Following(connector.Void, original, 1000), Following(connector.Refund, taken, 1000),
	} {
		expect(t, "abandoned", c.Abandon(ctx, r.Reference), connector.Abandoned)
		expect(t, "abandoned again", c.Abandon(ctx, r.Reference), connector.Abandoned)
		for range 2 {
			if a := expect(t, "sent too late", c.Send(ctx, r), connector.Declined); a.NetworkCode == "" {
				t.Errorf("%s: no network code: %+v", r.Kind, a)
			}
			r.Authenticated = r.Kind.TakesCard()
		}
		expect(t, "asked", c.Ask(ctx, r.Reference), connector.Abandoned)
		if r.Kind.TakesCard() {
			send(t, c, connector.Capture, r.Reference, 1, connector.Declined)
		}
	}
	send(t, c, connector.Capture, original, 1000, connector.Approved)
	send(t, c, connector.Refund, taken, 1000, connector.Approved)

	known := Authorization(t, approves, 1000)
	was := expect(t, "seen", c.Send(ctx, known), connector.Approved)
	if a := c.Abandon(ctx, known.Reference); a != was {
		t.Errorf("abandoned after it was seen: %+v, want %+v", a, was)
	}
	send(t, c, connector.Capture, known.Reference, 1000, connector.Approved)
	challenged := Authorization(t, authenticates, 1000)
	expect(t, "challenged", c.Send(ctx, challenged), connector.ActionRequired)
	expect(t, "abandoned after the challenge", c.Abandon(ctx, challenged.Reference), connector.ActionRequired)
}

// testAbandonRace: whichever comes first, both are told the same.
func testAbandonRace(t *testing.T, c connector.Connector) {
	ctx := context.Background()
	for range 40 {
		r := Authorization(t, approves, 1000)
		var sent, told connector.Answer
		var wg sync.WaitGroup
		wg.Go(func() { sent = c.Send(ctx, r) })
		wg.Go(func() { told = c.Abandon(ctx, r.Reference) })
		wg.Wait()
		after := c.Ask(ctx, r.Reference).Result
		done := sent.Result == connector.Approved && told.Result == connector.Approved && after == connector.Approved
		never := sent.Result == connector.Declined && told.Result == connector.Abandoned && after == connector.Abandoned
		if !done && !never {
			t.Fatalf("the sender is told %s, the one who abandons %s, and later %s", sent.Result, told.Result, after)
		}
	}
}
