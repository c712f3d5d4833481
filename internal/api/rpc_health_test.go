package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/grpcreflect/v2"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var (
	healthCheck = connect.Spec{Procedure: "/grpc.health.v1.Health/Check"}
	healthList  = connect.Spec{Procedure: "/grpc.health.v1.Health/List"}
	healthWatch = connect.Spec{Procedure: "/grpc.health.v1.Health/Watch", StreamType: connect.StreamTypeServer}
)

// TestHealth asks without a key, in every protocol.
func TestHealth(t *testing.T) {
	h := newHouse(t)
	var broken atomic.Bool
	h.door.Ready = func(context.Context) error {
		if broken.Load() {
			return errors.New("table secrets")
		}
		return nil
	}
	for name, s := range speeches {
		if strings.HasSuffix(name, "json") {
			continue
		}
		c := h.client(s)
		for service, want := range map[string]string{"": "SERVING", "florin.v1.PaymentService": "SERVING", "nope": "not_found"} {
			var answer healthv1.HealthCheckResponse
			got := ""
			if err := c.CallUnary(t.Context(), healthCheck, &healthv1.HealthCheckRequest{Service: service}, &answer); err != nil {
				got = connect.CodeOf(err).String()
			} else {
				got = answer.Status.String()
			}
			if got != want {
				t.Errorf("%s: %q is %s, want %s", name, service, got, want)
			}
		}
		var list healthv1.HealthListResponse
		if err := c.CallUnary(t.Context(), healthList, &healthv1.HealthListRequest{}, &list); err != nil || len(list.Statuses) != 8 {
			t.Errorf("%s: the list is %v, %v", name, &list, err)
		}
	}
	watch := h.watch(t, "")
	unknown := h.watch(t, "nope")
	if a, b := <-watch, <-unknown; a != "SERVING" || b != "SERVICE_UNKNOWN" {
		t.Errorf("the watchers hear %s and %s", a, b)
	}
	broken.Store(true)
	if got := until(h, watch); got != "NOT_SERVING" {
		t.Errorf("broken: %s", got)
	}
	broken.Store(false)
	if got := until(h, watch); got != "SERVING" {
		t.Errorf("mended: %s", got)
	}
	if err := h.http.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if a, b, c := <-watch, <-watch, <-unknown; a != "NOT_SERVING" || b != "unavailable" || c != "unavailable" {
		t.Errorf("stopping: %s, %s; %s", a, b, c)
	}
}

// watch is what a watcher hears, the end included.
func (h *house) watch(t *testing.T, service string) <-chan string {
	t.Helper()
	stream, err := h.client(speeches["grpc"]).CallServerStream(t.Context(), healthWatch, &healthv1.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stream.Close() })
	heard := make(chan string, 10)
	go func() {
		for {
			var answer healthv1.HealthCheckResponse
			if err := stream.Receive(&answer); err != nil {
				heard <- connect.CodeOf(err).String()
				return
			}
			heard <- answer.Status.String()
		}
	}()
	return heard
}

func TestSoManyWatchAndNoMore(t *testing.T) {
	h := newHouse(t)
	for range watchesMax {
		<-h.watch(t, "")
	}
	if got := <-h.watch(t, ""); got != "resource_exhausted" {
		t.Errorf("one too many hears %s", got)
	}
}

// TestReflection is off unless it is asked for, needs no key, and shows what is served.
func TestReflection(t *testing.T) {
	h := newHouse(t)
	a := h.raw("POST", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", frame(nil), "Content-Type: application/grpc")
	if places(a.problem) != "route_not_found" {
		t.Errorf("off: %d %v", a.status, a.problem)
	}
	h.door.Reflect = true
	h.door.router = router{}
	h.door.addRPC()
	stream := grpcreflect.NewClient(h.client(speech{connecthttp.WithGRPC()})).NewStream(t.Context())
	defer stream.Close()
	services, err := stream.ListServices()
	for _, want := range []string{"florin.v1.PaymentService", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"} {
		if err != nil || !slices.Contains(services, protoreflect.FullName(want)) {
			t.Errorf("%s is not in %v, %v", want, services, err)
		}
	}
	files, err := stream.FileContainingSymbol(protoreflect.FullName("florin.v1.EventService"))
	if err != nil || len(files) == 0 || !strings.Contains(fmt.Sprint(files), "florin/v1/event.proto") {
		t.Errorf("the file of EventService: %v", err)
	}
}
