package connector_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/fault"
)

// named is a connector to nowhere.
type named struct {
	name   string
	closed *int
}

func (n named) Name() string                                           { return n.name }
func (named) Send(context.Context, connector.Request) connector.Answer { return connector.Answer{} }
func (named) Ask(context.Context, string) connector.Answer             { return connector.Answer{} }
func (named) Abandon(context.Context, string) connector.Answer         { return connector.Answer{} }
func (n named) Close() error                                           { *n.closed++; return nil }

func TestEachModeHasItsOwnConnector(t *testing.T) {
	var r connector.Registry
	var closed int
	_, err := r.For(true)
	if !errors.Is(err, connector.ErrMissing) || fault.Of(err).Kind != fault.Unavailable || !strings.Contains(fault.Of(err).Detail, "No live connector is configured") {
		t.Fatalf("For(live) of an empty registry: %v", err)
	}
	r.Register(connector.Sandbox, named{"play", &closed})
	if _, err := r.For(true); !errors.Is(err, connector.ErrMissing) {
		t.Fatalf("live requests fell through to the sandbox: %v", err)
	}
	r.Register(connector.Live, named{"bank", &closed})
	for live, want := range map[bool]string{true: "bank", false: "play"} {
		if c, err := r.For(live); err != nil || c.Name() != want {
			t.Errorf("For(%t) = %v, %v; want %s", live, c, err, want)
		}
	}
	if err := r.Close(); err != nil || closed != 2 {
		t.Errorf("Close closed %d connectors: %v", closed, err)
	}
}

func TestTheZeroAnswerClaimsNothing(t *testing.T) {
	var a connector.Answer
	if a.Result != connector.Unknown || a.Result.String() != "unknown" || connector.Result(200).String() != "unknown" {
		t.Errorf("the zero answer says %s", a.Result)
	}
}
