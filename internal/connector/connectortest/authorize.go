package connectortest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/connector"
)

func testApproves(t *testing.T, c connector.Connector) {
	if c.Name() == "" {
		t.Error("the connector has no name")
	}
	for _, number := range []string{approves, "4111111111111111", "5555555555554444", "378282246310005"} {
		expect(t, "authorize", c.Send(context.Background(), Authorization(t, number, 1234)), connector.Approved)
	}
}

func testDeclines(t *testing.T, c connector.Connector) {
	for number, want := range map[string]connector.Meaning{
		"4000000000000002": {DeclineCode: "generic_decline", Advice: "try_another_source"},
		"4000000000009995": {DeclineCode: "insufficient_funds", Advice: "retry_later"},
		"4000000000009987": {DeclineCode: "lost_card", Advice: "do_not_retry"},
		"4000000000009979": {DeclineCode: "stolen_card", Advice: "do_not_retry"},
		"4000000000000069": {DeclineCode: "expired_card", Advice: "check_card_data"},
		"4000000000000127": {DeclineCode: "incorrect_cvc", Advice: "check_card_data"},
		"4000000000000119": {DeclineCode: "processing_error", Advice: "retry_later"},
	} {
		got := expect(t, want.DeclineCode, c.Send(context.Background(), Authorization(t, number, 1000)), connector.Declined)
		if got.DeclineCode != want.DeclineCode || got.Advice != want.Advice || got.NetworkCode == "" {
			t.Errorf("got %+v, want %+v with a network code", got, want)
		}
	}
	expired := Authorization(t, approves, 1000)
	expired.Card.Expiry.Year = 2020
	if got := c.Send(context.Background(), expired); got.Result != connector.Declined || got.DeclineCode != "expired_card" {
		t.Errorf("a card that expired in 2020: %+v", got)
	}
}

func testAuthentication(t *testing.T, c connector.Connector) {
	r := Authorization(t, authenticates, 1000)
	expect(t, "before", c.Send(context.Background(), r), connector.ActionRequired)
	r.Authenticated = true
	expect(t, "after", c.Send(context.Background(), r), connector.Approved)
	expect(t, "ask", c.Ask(context.Background(), r.Reference), connector.Approved)
}

func testRepeat(t *testing.T, c connector.Connector) {
	r := Authorization(t, approves, 1000)
	first := expect(t, "first", c.Send(context.Background(), r), connector.Approved)
	if again := c.Send(context.Background(), r); again != first {
		t.Errorf("the repeat answers %+v, the first %+v", again, first)
	}
	capture := Following(connector.Capture, first.RailReference, 600)
	for range 3 {
		expect(t, "capture of 600", c.Send(context.Background(), capture), connector.Approved)
	}
	send(t, c, connector.Capture, first.RailReference, 400, connector.Approved) // only 600 were taken
	declined := Authorization(t, "4000000000009995", 1000)
	first = expect(t, "first", c.Send(context.Background(), declined), connector.Declined)
	if again := c.Send(context.Background(), declined); again != first {
		t.Errorf("the repeat of a decline answers %+v, the first %+v", again, first)
	}
}

func testOtherContent(t *testing.T, c connector.Connector) {
	r := Authorization(t, approves, 1000)
	expect(t, "first", c.Send(context.Background(), r), connector.Approved)
	other := Authorization(t, approves, 1001)
	other.Reference = r.Reference
	if got := c.Send(context.Background(), other); got.Result != connector.Declined || got.DeclineCode != "processing_error" {
		t.Errorf("another amount under the same reference: %+v", got)
	}
	other = Authorization(t, "5555555555554444", 1000)
	other.Reference = r.Reference
	if got := c.Send(context.Background(), other); got.Result != connector.Declined {
		t.Errorf("another card under the same reference: %+v", got)
	}
	expect(t, "the first stands", c.Ask(context.Background(), r.Reference), connector.Approved)
}

func testConcurrent(t *testing.T, c connector.Connector) {
	original := authorized(t, c, 1000)
	var wg sync.WaitGroup
	var mu sync.Mutex
	results := map[connector.Result]int{}
	for range 50 {
		wg.Go(func() {
			a := c.Send(context.Background(), Following(connector.Capture, original, 100))
			mu.Lock()
			defer mu.Unlock()
			results[a.Result]++
		})
	}
	wg.Wait()
	if results[connector.Approved] != 10 || results[connector.Declined] != 40 {
		t.Errorf("50 captures of 100 out of 1000: %v", results)
	}
}

func testTimeout(t *testing.T, c connector.Connector) {
	r := Authorization(t, timesOut, 1000)
	expect(t, "in time", c.Send(context.Background(), r), connector.Unknown)
	if a := c.Abandon(context.Background(), r.Reference); a.Result != connector.Unknown && a.Result != connector.Approved {
		t.Fatalf("abandoned while the rail has it: %+v", a)
	}
	for begun := time.Now(); ; time.Sleep(settleInterval) {
		switch a := c.Ask(context.Background(), r.Reference); {
		case a.Result == connector.Approved:
			send(t, c, connector.Capture, a.RailReference, 1000, connector.Approved)
			return
		case a.Result != connector.Unknown || time.Since(begun) > settleTimeMax:
			t.Fatalf("asked after %v: %+v", time.Since(begun), a)
		}
	}
}

func testCancel(t *testing.T, c connector.Connector) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan connector.Answer, 1)
	go func() { ended <- c.Send(ctx, Authorization(t, timesOut, 1000)) }()
	cancel()
	expect(t, "cancelled while waiting", <-ended, connector.Unknown)
	expect(t, "send after the end", c.Send(ctx, Authorization(t, approves, 1000)), connector.Unknown)
	expect(t, "ask after the end", c.Ask(ctx, "never"), connector.Unknown)
	expect(t, "abandon after the end", c.Abandon(ctx, "never"), connector.Unknown)
	expect(t, "others are not touched", c.Send(context.Background(), Authorization(t, approves, 1000)), connector.Approved)
}

func testClosed(t *testing.T, c connector.Connector) {
	r := Authorization(t, approves, 1000)
	expect(t, "open", c.Send(context.Background(), r), connector.Approved)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, "send", c.Send(context.Background(), r), connector.Unknown)
	expect(t, "ask", c.Ask(context.Background(), r.Reference), connector.Unknown)
	expect(t, "abandon", c.Abandon(context.Background(), r.Reference), connector.Unknown)
}
