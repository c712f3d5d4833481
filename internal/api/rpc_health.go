package api

import (
	"context"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/fault"
)

// watchesMax is how many may watch the health at once: they need no key.
const watchesMax = 32

// health answers grpc.health.v1 as /readyz does. It is outside of the chain: who
// asks has no key. Source: github.com/grpc/grpc/blob/master/doc/health-checking.md.
type health struct {
	door    *Server
	names   map[string]bool // services that can be asked for; "" is the server
	watches chan struct{}
}

func newHealth(s *Server) *health {
	h := &health{door: s, names: map[string]bool{"": true}, watches: make(chan struct{}, watchesMax)}
	for _, m := range s.methods {
		h.names[m.service] = true
	}
	return h
}

func (h *health) register(server *connect.Server) {
	methods := healthv1.File_grpc_health_v1_health_proto.Services().ByName("Health").Methods()
	add := func(name string, kind connect.StreamType, handler connect.ServerFunc) {
		server.Register(connect.Method{Handler: handler, Spec: connect.Spec{
			StreamType: kind, Schema: methods.ByName(protoreflect.Name(name)), Procedure: "/grpc.health.v1.Health/" + name,
		}})
	}
	add("Check", connect.StreamTypeUnary, h.check)
	add("List", connect.StreamTypeUnary, h.list)
	add("Watch", connect.StreamTypeServer, h.watch)
}

func (h *health) status(ctx context.Context) healthv1.HealthCheckResponse_ServingStatus {
	if h.door.draining.Err() != nil || h.door.Ready != nil && h.door.Ready(ctx) != nil {
		return healthv1.HealthCheckResponse_NOT_SERVING
	}
	return healthv1.HealthCheckResponse_SERVING
}

func (h *health) check(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
	var q healthv1.HealthCheckRequest
	if err := stream.Receive(&q); err != nil {
		return err
	}
	if !h.names[q.Service] {
		return fault.ErrNotFound.With("There is no such service. Ask for one of the contract's, or for the empty name.")
	}
	return stream.Send(&healthv1.HealthCheckResponse{Status: h.status(ctx)})
}

func (h *health) list(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
	var q healthv1.HealthListRequest
	if err := stream.Receive(&q); err != nil {
		return err
	}
	status := h.status(ctx)
	answer := &healthv1.HealthListResponse{Statuses: map[string]*healthv1.HealthCheckResponse{}}
	for name := range h.names {
		answer.Statuses[name] = &healthv1.HealthCheckResponse{Status: status}
	}
	return stream.Send(answer)
}

// watch tells the status now and each time it has changed, until the caller leaves
// or the server stops.
func (h *health) watch(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
	select {
	case h.watches <- struct{}{}:
		defer func() { <-h.watches }()
	default:
		return ErrTooManyStreams.With("As many watch the server's health as may. Ask with Check.")
	}
	var q healthv1.HealthCheckRequest
	if err := stream.Receive(&q); err != nil {
		return err
	}
	control := http.NewResponseController(callOf(ctx).visit.w)
	if err := control.SetWriteDeadline(time.Time{}); err != nil {
		return err
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	defer context.AfterFunc(h.door.draining, end)()
	told := healthv1.HealthCheckResponse_UNKNOWN
	for {
		now := healthv1.HealthCheckResponse_SERVICE_UNKNOWN
		if h.names[q.Service] {
			now = h.status(context.WithoutCancel(ctx))
		}
		if now != told {
			told = now
			if err := stream.Send(&healthv1.HealthCheckResponse{Status: now}); err != nil {
				return nil //nolint:nilerr // the watcher has left
			}
		}
		if h.door.draining.Err() != nil {
			return ErrStopping.With("The server is stopping.")
		}
		if h.door.Clock.Sleep(ctx, guardEvery) != nil && h.door.draining.Err() == nil {
			return nil
		}
	}
}
