package api

import (
	"context"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/fault"
)

// ErrNoSandbox: the server is not a sandbox.
var ErrNoSandbox = fault.New(fault.NotFound, "not_a_sandbox", "This server goes by the machine's clock. Only a sandbox's, started by 'florin dev', can be moved.")

// MovableClock is a sandbox's clock.
type MovableClock interface {
	Now() time.Time
	Ahead() time.Duration     // of the machine's
	Move(time.Duration) error // forwards, for good
}

// Sandbox serves SandboxService; nil: the server is none.
func Sandbox(c MovableClock) Service {
	return func(server *connect.Server) { florinv1connect.RegisterSandboxServiceHandler(server, sandbox{c}) }
}

type sandbox struct{ clock MovableClock }

// GetSandboxClock implements [florinv1connect.SandboxServiceHandler].
func (s sandbox) GetSandboxClock(context.Context, *florinv1.GetSandboxClockRequest) (*florinv1.SandboxClock, error) {
	if s.clock == nil {
		return nil, ErrNoSandbox
	}
	return &florinv1.SandboxClock{
		Object: "sandbox_clock", Now: timestamppb.New(s.clock.Now()), AheadSeconds: int64(s.clock.Ahead() / time.Second),
	}, nil
}

// MoveSandboxClock implements [florinv1connect.SandboxServiceHandler].
func (s sandbox) MoveSandboxClock(ctx context.Context, q *florinv1.MoveSandboxClockRequest) (*florinv1.SandboxClock, error) {
	if s.clock == nil {
		return nil, ErrNoSandbox
	}
	if err := s.clock.Move(time.Duration(q.Seconds) * time.Second); err != nil {
		return nil, err
	}
	return s.GetSandboxClock(ctx, nil)
}
