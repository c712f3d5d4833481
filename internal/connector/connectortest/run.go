package connectortest

import (
	"context"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// Test cards, as the networks' test systems publish them.
const (
	approves       = "4242424242424242"
	authenticates  = "4000000000003220"
	timesOut       = "4000000000000341" // approved, but the answer does not come in time
	settleTimeMax  = 30 * time.Second
	settleInterval = 10 * time.Millisecond
)

// Run runs the suite on connectors made by open, which also arranges that each
// is closed with its test. The connector should time out early, or the suite
// takes as long as its timeout.
func Run(t *testing.T, open func(t *testing.T) connector.Connector) {
	for name, test := range map[string]func(*testing.T, connector.Connector){
		"approves":                       testApproves,
		"declines with the right words":  testDeclines,
		"asks for authentication":        testAuthentication,
		"repeats have one effect":        testRepeat,
		"a reference has one content":    testOtherContent,
		"captures up to the amount":      testCaptureLimits,
		"refunds up to the captured":     testRefundLimits,
		"voids what is left":             testVoid,
		"a sale takes at once":           testSale,
		"needs an original":              testNoOriginal,
		"tells what became of it":        testAsk,
		"an abandoned one never acts":    testAbandon,
		"abandoned beside the call":      testAbandonRace,
		"a timeout is unknown":           testTimeout,
		"an ended context is unknown":    testCancel,
		"serves many at once":            testConcurrent,
		"a closed connector claims less": testClosed,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Authorization is a request to authorize minor units of USD on a test card.
func Authorization(t testing.TB, number string, minor int64) connector.Request {
	t.Helper()
	n, err := card.ParseNumber(number)
	if err != nil {
		t.Fatal(err)
	}
	cvv, err := card.ParseCVV("123")
	if err != nil {
		t.Fatal(err)
	}
	return connector.Request{
		Reference: reference(), Kind: connector.Authorize, Amount: money.New(minor, money.USD),
		Card: connector.Card{Number: n, Expiry: card.Expiry{Month: 12, Year: 2099}, CVV: cvv},
	}
}

// Following is a request about an earlier authorization.
func Following(kind connector.Kind, original string, minor int64) connector.Request {
	return connector.Request{Reference: reference(), Kind: kind, Amount: money.New(minor, money.USD), Original: original}
}

func reference() string { return string(id.New[id.Attempt](time.Now())) }

func expect(t *testing.T, what string, got connector.Answer, want connector.Result) connector.Answer {
	t.Helper()
	if got.Result != want {
		t.Fatalf("%s: %s %+v, want %s", what, got.Result, got, want)
	}
	switch want {
	case connector.Approved:
		if got.RailReference == "" || got.DeclineCode != "" || got.Advice != "" {
			t.Fatalf("%s: an approval needs the rail's reference and no decline: %+v", what, got)
		}
	case connector.Declined:
		if listed := connector.OfDecline(got.DeclineCode); listed.DeclineCode != got.DeclineCode || got.Advice == "" {
			t.Fatalf("%s: a decline needs a listed code and advice: %+v", what, got)
		}
	}
	return got
}

// authorized gives the rail's reference of a new authorization.
func authorized(t *testing.T, c connector.Connector, minor int64) string {
	t.Helper()
	a := expect(t, "authorize", c.Send(context.Background(), Authorization(t, approves, minor)), connector.Approved)
	return a.RailReference
}

func send(t *testing.T, c connector.Connector, kind connector.Kind, original string, minor int64, want connector.Result) connector.Answer {
	t.Helper()
	return expect(t, string(kind), c.Send(context.Background(), Following(kind, original, minor)), want)
}
