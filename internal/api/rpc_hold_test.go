package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
)

// TestHangingUpStopsNoPayment: what was begun ends, and the retry gets the answer.
func TestHangingUpStopsNoPayment(t *testing.T) {
	for _, name := range []string{"grpc", "grpcweb", "connect"} {
		h := newHouse(t)
		ctx, _ := h.with(onceKey)
		ctx, hangUp := context.WithCancel(ctx)
		answer := make(chan error, 1)
		go func() {
			_, err := h.payments(speeches[name]).CreatePayment(ctx, payFor(amountSlow))
			answer <- err
		}()
		<-h.till.began
		hangUp()
		if err := <-answer; connect.CodeOf(err) != connect.CodeCanceled {
			t.Errorf("%s: the caller hears %v", name, err)
		}
		h.till.goOn <- struct{}{}
		if v := <-h.ended; v.Status != 200 {
			t.Errorf("%s: the payment ended with %+v", name, v)
		}
		go func() {
			<-h.till.began
			h.till.goOn <- struct{}{}
		}()
		retry := h.ask("POST", "/v1/payments", `{"amount":1006,"currency":"USD","source":"wal_1"}`, onceKey)
		retry.expect(t, 200, "")
		if h.till.paid != 1 || retry.Header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: %d payments, then %s", name, h.till.paid, retry.body)
		}
	}
}

// TestTheCallersDeadlineHolds: what has not begun by then does not begin.
func TestTheCallersDeadlineHolds(t *testing.T) {
	for _, name := range []string{"grpc", "grpcweb", "connect"} {
		h := newHouse(t)
		ctx, _ := h.with(onceKey)
		ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		answer := make(chan error, 1)
		go func() {
			_, err := h.payments(speeches[name]).CreatePayment(ctx, payFor(amountSlow))
			answer <- err
		}()
		<-h.till.began
		if err := <-answer; connect.CodeOf(err) != connect.CodeDeadlineExceeded {
			t.Errorf("%s: the caller hears %v", name, err)
		}
		if v := <-h.ended; v.Code != "deadline_exceeded" || h.till.paid != 0 {
			t.Errorf("%s: after the deadline: %+v, %d payments", name, v, h.till.paid)
		}
	}
}

func (h *house) events(s speech) florinv1connect.EventServiceClient {
	return florinv1connect.NewEventServiceClient(h.client(s))
}

// stream opens a stream of events and waits until the server has begun it.
func (h *house) stream(ctx context.Context, s speech, q *florinv1.StreamEventsRequest) florinv1connect.EventServiceStreamEventsClientStream {
	h.t.Helper()
	stream, err := h.events(s).StreamEvents(ctx, q)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = stream.Close() })
	return stream
}

// happen makes n events that carry so many bytes, and gives the id of the last.
func (h *house) happen(n, bytes int) {
	h.t.Helper()
	err := h.till.db.Write(h.t.Context(), []db.Lock{event.Lock()}, func(tx *db.Tx) error {
		for range n {
			event.Append(tx, event.Fact{
				Merchant: cafe, Type: "payment.created", Object: "pay_1", At: h.clock.Now(),
				Data: &florinv1.EventData{Object: &florinv1.EventData_Payment{Payment: &florinv1.Payment{Id: "pay_1", Description: strings.Repeat("x", bytes)}}},
			})
		}
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func since(sequence int64) *florinv1.StreamEventsRequest {
	return &florinv1.StreamEventsRequest{After: &sequence}
}

// numbers are the sequences of the next n events.
func numbers(t *testing.T, stream florinv1connect.EventServiceStreamEventsClientStream, n int) string {
	t.Helper()
	var out []string
	for range n {
		e, err := stream.Receive()
		if err != nil {
			t.Fatalf("after %v: %v", out, err)
		}
		out = append(out, fmt.Sprint(e.Sequence))
	}
	return strings.Join(out, " ")
}

// TestStreamOfEvents: what was, then what happens, in every protocol and format.
func TestStreamOfEvents(t *testing.T) {
	for name, s := range speeches {
		h := newHouse(t)
		end, err := h.door.lastEvent(h)
		if err != nil {
			t.Fatal(err)
		}
		h.happen(2, 1)
		ctx, info := h.with()
		all := h.stream(ctx, s, since(end))
		if got, want := numbers(t, all, 2), fmt.Sprint(end+1, end+2); got != want {
			t.Errorf("%s: what was is %s, want %s", name, got, want)
		}
		if !strings.HasPrefix(info.ResponseHeader().Get("Request-Id"), "req_") {
			t.Errorf("%s: a stream without a request's id", name)
		}
		h.happen(1, 1)
		if got, want := numbers(t, all, 1), fmt.Sprint(end+3); got != want {
			t.Errorf("%s: what happens is %s, want %s", name, got, want)
		}
		list, err := h.events(s).ListEvents(ctx, &florinv1.ListEventsRequest{Limit: proto.Int32(3)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, _ = h.with()
		later := h.stream(ctx, s, &florinv1.StreamEventsRequest{StartingAfter: list.Data[1].Id})
		if got, want := numbers(t, later, 1), fmt.Sprint(end+3); got != want {
			t.Errorf("%s: after the second comes %s, want %s", name, got, want)
		}
		ctx, _ = h.with()
		keys := h.stream(ctx, s, &florinv1.StreamEventsRequest{After: new(int64), Types: []string{"api_key.created"}})
		if e, err := keys.Receive(); err != nil || e.Type != "api_key.created" || e.Data.GetApiKey().GetId() == "" {
			t.Errorf("%s: of keys: %v, %v", name, e, err)
		}
	}
}

// lastEvent is the number of the log's last event.
func (s *Server) lastEvent(h *house) (int64, error) {
	return event.NewLog(h.till.db).End(h.t.Context())
}

func TestStreamRefuses(t *testing.T) {
	h := newHouse(t)
	below := int64(-1)
	reader := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: scopes(t, "payments:read")})
	for _, c := range []struct {
		q      *florinv1.StreamEventsRequest
		header string
		code   connect.Code
		want   string
	}{
		{since(0), reader, connect.CodePermissionDenied, "scope_missing"},
		{since(below), "X: y", connect.CodeInvalidArgument, "invalid_request /after:too_small"},
		{&florinv1.StreamEventsRequest{After: new(int64), StartingAfter: "evt_1"}, "X: y", connect.CodeInvalidArgument, "invalid_request /starting_after:conflicting_fields"},
		{&florinv1.StreamEventsRequest{StartingAfter: "evt_1"}, "X: y", connect.CodeInvalidArgument, "invalid_request /starting_after:unknown_cursor"},
		{&florinv1.StreamEventsRequest{Types: make([]string, 1)}, "X: y", connect.CodeInvalidArgument, "invalid_request /types/0:required"},
	} {
		for name, s := range speeches {
			ctx, _ := h.with(c.header)
			_, err := h.stream(ctx, s, c.q).Receive()
			if code, problem, _ := refusal(t, err); code != c.code || places(problem) != c.want {
				t.Errorf("%s: got %v %q, want %v %q", name, code, places(problem), c.code, c.want)
			}
		}
	}
}

// until lets the clock run until something has happened.
func until[T any](h *house, happened <-chan T) T {
	h.t.Helper()
	for range 2000 {
		select {
		case got := <-happened:
			return got
		case <-time.After(5 * time.Millisecond):
			h.clock.move(guardEvery)
		}
	}
	h.t.Fatal("it did not happen")
	panic("unreachable")
}

// ending is how a stream ends.
func ending(stream florinv1connect.EventServiceStreamEventsClientStream) <-chan error {
	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := stream.Receive(); err != nil {
				ended <- err
				return
			}
		}
	}()
	return ended
}

// TestAKeyHasSoManyStreams: more are refused, and a place becomes free again.
func TestAKeyHasSoManyStreams(t *testing.T) {
	h := newHouse(t)
	h.happen(1, 1)
	var streams []florinv1connect.EventServiceStreamEventsClientStream
	for range endlessMax {
		ctx, _ := h.with()
		stream := h.stream(ctx, speeches["grpc"], since(0))
		numbers(t, stream, 1)
		streams = append(streams, stream)
	}
	ctx, _ := h.with()
	_, err := h.stream(ctx, speeches["grpc"], since(0)).Receive()
	if code, problem, _ := refusal(t, err); code != connect.CodeResourceExhausted || problem.Code != "streams_too_many" {
		t.Errorf("one too many: %v", err)
	}
	<-h.ended
	ctx, _ = h.with("Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: apikey.AllScopes()}))
	numbers(t, h.stream(ctx, speeches["grpc"], since(0)), 1)
	_ = streams[0].Close()
	if v := <-h.ended; v.Status != 200 {
		t.Errorf("a caller that leaves: %+v", v)
	}
	ctx, _ = h.with()
	numbers(t, h.stream(ctx, speeches["grpc"], since(0)), 1)
}

func TestARevokedKeyEndsItsStreams(t *testing.T) {
	for name, s := range speeches {
		h := newHouse(t)
		made := h.ask("POST", "/v1/api_keys", `{"scopes":["events:read"]}`)
		ctx, _ := h.with("Authorization: Bearer " + made.field(t, "secret").(string))
		stream := h.stream(ctx, s, since(0))
		numbers(t, stream, 1)
		h.ask("POST", "/v1/api_keys/"+made.field(t, "id").(string)+"/revoke", "").expect(t, 200, "")
		began := h.clock.Now()
		err := until(h, ending(stream))
		if code, problem, _ := refusal(t, err); code != connect.CodeUnauthenticated || problem.Code != "credentials_invalid" {
			t.Errorf("%s: %v", name, err)
		}
		if took := h.clock.Now().Sub(began); took > 5*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
}

// TestStoppingEndsStreams: a graceful stop is not held up, and callers are told.
func TestStoppingEndsStreams(t *testing.T) {
	for name, s := range speeches {
		h := newHouse(t)
		h.happen(1, 1)
		ctx, _ := h.with()
		stream := h.stream(ctx, s, since(0))
		numbers(t, stream, 1)
		ended := ending(stream)
		if err := h.http.Shutdown(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err := <-ended
		if code, problem, wait := refusal(t, err); code != connect.CodeUnavailable || problem.Code != "server_stopping" || wait != time.Second {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAStreamOutlivesTheTimeOfOneRequest: the server's time limits are for requests.
// They are the socket's own, so this waits for them.
func TestAStreamOutlivesTheTimeOfOneRequest(t *testing.T) {
	for name, version := range map[string]func(*http.Protocols, bool){
		"HTTP/1.1": (*http.Protocols).SetHTTP1, "HTTP/2": (*http.Protocols).SetUnencryptedHTTP2,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const limit = 2 * time.Second
			h := newHouse(t)
			server := httptest.NewUnstartedServer(h.door)
			server.Config = h.door.HTTP()
			server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
			server.Start()
			t.Cleanup(server.Close)
			transport := &http.Transport{Protocols: new(http.Protocols)}
			version(transport.Protocols, true)
			t.Cleanup(transport.CloseIdleConnections)
			client := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: transport}, server.URL))
			h.happen(1, 1)
			ctx, _ := h.with()
			stream, err := florinv1connect.NewEventServiceClient(client).StreamEvents(ctx, &florinv1.StreamEventsRequest{After: new(int64), Types: []string{"payment.created"}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = stream.Close() })
			numbers(t, stream, 1)
			time.Sleep(limit + limit/2)
			h.happen(1, 1)
			numbers(t, stream, 1)
		})
	}
}

// TestAStreamsOwnDeadline is its caller's wish, and no failure of ours.
func TestAStreamsOwnDeadline(t *testing.T) {
	h := newHouse(t)
	a := h.raw("POST", "/florin.v1.EventService/StreamEvents", frame(nil), "Content-Type: application/grpc", "Grpc-Timeout: 300m")
	if places(a.problem) != "deadline_exceeded" || a.problem.Advice != "" {
		t.Errorf("it ended with %v", a.problem)
	}
	if v := <-h.ended; v.Status != 200 || v.Code != "" {
		t.Errorf("observed as %+v", v)
	}
}

// TestASlowReaderIsLeft: who does not read holds a page of events, and not for long.
func TestASlowReaderIsLeft(t *testing.T) {
	for _, version := range []string{"HTTP/1.1", "HTTP/2"} {
		h := newHouse(t)
		h.happen(300, 64<<10)
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetHTTP1(version == "HTTP/1.1")
		transport.Protocols.SetUnencryptedHTTP2(version == "HTTP/2")
		defer transport.CloseIdleConnections()
		r, _ := http.NewRequestWithContext(t.Context(), "POST", h.url+"/florin.v1.EventService/StreamEvents", strings.NewReader(frame([]byte("\x08\x00"))))
		r.Header.Set("Content-Type", "application/grpc-web+proto")
		r.Header.Set("Authorization", "Bearer "+h.key)
		response, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, err := io.ReadFull(response.Body, make([]byte, 64<<10)); err != nil {
			t.Fatal(err)
		}
		v := until(h, h.ended)
		if v.Code != "deadline_exceeded" || v.Route != "/florin.v1.EventService/StreamEvents" {
			t.Errorf("%s: the reader that did not read: %+v", version, v)
		}
		n, err := io.Copy(io.Discard, response.Body)
		if err == nil || errors.Is(err, context.Canceled) || n > 15<<20 {
			t.Errorf("%s: afterwards it reads %d bytes, %v", version, n, err)
		}
	}
}
