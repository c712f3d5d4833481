package api

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// speech is a protocol with a format.
type speech []connecthttp.Option

var speeches = map[string]speech{
	"grpc":         {connecthttp.WithGRPC()},
	"grpcweb":      {connecthttp.WithGRPCWeb()},
	"connect":      {},
	"connect json": {connecthttp.WithCodecs(jsonCodec{wire.ContractShapes()}, connectproto.NewBinaryCodec())},
	"grpc json":    {connecthttp.WithGRPC(), connecthttp.WithCodecs(jsonCodec{wire.ContractShapes()}, connectproto.NewBinaryCodec())},
}

// client speaks to the house over HTTP/2 without TLS.
func (h *house) client(s speech) *connect.Client {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	h.t.Cleanup(transport.CloseIdleConnections)
	return connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: transport}, h.url, s...))
}

func (h *house) payments(s speech) florinv1connect.PaymentServiceClient {
	return florinv1connect.NewPaymentServiceClient(h.client(s))
}

// with is a context that sends the house's key, and what else is given as "Name: value".
func (h *house) with(headers ...string) (context.Context, *connect.CallInfo) {
	ctx, info := connect.NewClientContext(h.t.Context())
	info.RequestHeader().Set("Authorization", "Bearer "+h.key)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		info.RequestHeader().Delete(strings.TrimSuffix(name, ":"))
		if value != "" {
			info.RequestHeader().Set(name, value)
		}
	}
	return ctx, info
}

func payFor(minor int64) *florinv1.CreatePaymentRequest {
	return &florinv1.CreatePaymentRequest{Amount: proto.Int64(minor), Currency: "USD", Source: "wal_1"}
}

// refusal is an error as its receiver reads it: code, the problem, and when to retry.
func refusal(t *testing.T, err error) (connect.Code, *florinv1.Problem, time.Duration) {
	t.Helper()
	e, ok := errors.AsType[*connect.Error](err)
	if !ok {
		t.Fatalf("not an error of the protocol: %v", err)
	}
	problem, wait := &florinv1.Problem{}, time.Duration(0)
	for _, d := range e.Details() {
		m, err := connectproto.UnmarshalErrorDetail(d)
		if err != nil {
			t.Fatal(err)
		}
		switch m := m.(type) {
		case *florinv1.Problem:
			problem = m
		case *errdetails.RetryInfo:
			wait = m.RetryDelay.AsDuration()
		}
	}
	if problem.Detail != e.Message() {
		t.Errorf("the message %q is not the problem's %q", e.Message(), problem.Detail)
	}
	return e.Code(), problem, wait
}

func places(p *florinv1.Problem) string {
	out := p.Code
	for _, e := range p.Errors {
		out += " " + e.Pointer + ":" + e.Code
	}
	return out
}

// TestOnePaymentInEveryProtocol: a payment that was made in one is the same in all.
func TestOnePaymentInEveryProtocol(t *testing.T) {
	h := newHouse(t)
	first := h.ask("POST", "/v1/payments", pay, onceKey)
	first.expect(t, 200, "")
	for name, s := range speeches {
		ctx, info := h.with(onceKey)
		p, err := h.payments(s).CreatePayment(ctx, payFor(73))
		if err != nil || p.Id != first.field(t, "id") || p.Amount != 73 || p.Status != florinv1.PaymentStatus_PAYMENT_STATUS_SUCCEEDED {
			t.Errorf("%s: %v, %v", name, p, err)
			continue
		}
		head := info.ResponseHeader()
		if head.Get("Idempotent-Replayed") != "true" || !strings.HasPrefix(head.Get("Request-Id"), "req_") {
			t.Errorf("%s: answered with %v", name, maps.Collect(head.All()))
		}
		ctx, _ = h.with(onceKey)
		_, err = h.payments(s).CreatePayment(ctx, payFor(74))
		if code, problem, _ := refusal(t, err); code != connect.CodeAlreadyExists || problem.Code != "idempotency_key_reused" {
			t.Errorf("%s: another request with the key: %v", name, err)
		}
	}
	if h.till.paid != 1 {
		t.Errorf("%d payments", h.till.paid)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	want := map[string]int{"rest": 1, "grpc": 4, "grpcweb": 2, "connect": 4}
	for _, v := range h.seen {
		want[v.Protocol]--
		if v.Protocol != "rest" && (v.Route != "/florin.v1.PaymentService/CreatePayment" || v.Status != 200 && v.Status != 422) {
			t.Errorf("observed %+v", v)
		}
	}
	if slices.Max(slices.Collect(maps.Values(want))) != 0 {
		t.Errorf("not observed: %v", want)
	}
	if log := h.log.String(); !strings.Contains(log, `"protocol":"grpcweb"`) || !strings.Contains(log, `"code":"idempotency_key_reused"`) {
		t.Errorf("the log: %s", log)
	}
}

// TestRPCRefusesAsRESTDoes: one mistake has one code, and its kind's code of the protocol.
func TestRPCRefusesAsRESTDoes(t *testing.T) {
	h := newHouse(t)
	reader := h.newKey(apikey.Draft{Scopes: scopes(t, "payments:read")})
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		request *florinv1.CreatePaymentRequest
		header  string
		code    connect.Code
		want    string
		wait    time.Duration
	}{
		{payFor(1), "Authorization:", connect.CodeUnauthenticated, "credentials_missing", 0},
		{payFor(1), "Authorization: Bearer nope", connect.CodeUnauthenticated, "credentials_invalid", 0},
		{payFor(1), "Authorization: Bearer " + reader, connect.CodePermissionDenied, "scope_missing", 0},
		{&florinv1.CreatePaymentRequest{Currency: "usd", Source: long}, "", connect.CodeInvalidArgument, "invalid_request /amount:required /currency:pattern /source:too_long", 0},
		{&florinv1.CreatePaymentRequest{Amount: proto.Int64(0), Currency: "USD"}, "", connect.CodeInvalidArgument, "invalid_request /amount:too_small", 0},
		{&florinv1.CreatePaymentRequest{Amount: proto.Int64(1), Currency: "USD", Description: "a\x00b"}, "", connect.CodeInvalidArgument, "invalid_request /description:invalid_character", 0},
		{payFor(1 << 53), "", connect.CodeInvalidArgument, "invalid_request /amount:number_out_of_range", 0},
		{payFor(1), "Idempotency-Key: " + strings.Repeat("a", 256), connect.CodeInvalidArgument, "idempotency_key_invalid", 0},
		{payFor(amountDeclined), "", connect.CodeFailedPrecondition, "card_declined", 0},
		{payFor(amountRunning), "", connect.CodeAborted, "idempotency_key_in_use", time.Second},
		{payFor(amountBroken), "", connect.CodeInternal, "internal", 0},
		{payFor(amountCrash), "", connect.CodeInternal, "internal", 0},
		{payFor(amountLate), "", connect.CodeDeadlineExceeded, "deadline_exceeded", time.Second},
	} {
		for name, s := range speeches {
			if strings.HasSuffix(name, "json") && strings.Contains(c.want, "number_out") {
				continue // JSON writes it as a string, which the decoder's own tests refuse
			}
			ctx, info := h.with()
			if c.header != "" {
				ctx, info = h.with(c.header)
			}
			_, err := h.payments(s).CreatePayment(ctx, c.request)
			code, problem, wait := refusal(t, err)
			if code != c.code || places(problem) != c.want || wait != c.wait {
				t.Errorf("%s: got %v %q after %s, want %v %q after %s", name, code, places(problem), wait, c.code, c.want, c.wait)
			}
			if id := info.ResponseHeader().Get("Request-Id"); problem.RequestId == "" || id != problem.RequestId {
				t.Errorf("%s: request %q has the problem of %q", name, id, problem.RequestId)
			}
			if strings.Contains(err.Error()+problem.String(), "4242") || strings.Contains(problem.String(), "sql") {
				t.Errorf("%s tells too much: %v", name, problem)
			}
		}
	}
	if log := h.log.String(); strings.Contains(log, "424242424242") || strings.Contains(log, h.key) {
		t.Errorf("the log tells too much:\n%s", log)
	}
}

// TestRPCRateLimit: one bucket for all protocols, shown in each.
func TestRPCRateLimit(t *testing.T) {
	h := newHouse(t)
	limited := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: apikey.AllScopes(), RatePerSecond: 2, Burst: 3})
	for i, name := range []string{"grpc", "grpcweb", "connect"} {
		ctx, info := h.with(limited)
		_, err := h.payments(speeches[name]).ListPayments(ctx, &florinv1.ListPaymentsRequest{})
		if want := fmt.Sprintf(`"key";r=%d;`, 2-i); err != nil || !strings.HasPrefix(info.ResponseHeader().Get("RateLimit"), want) {
			t.Errorf("%s: %v, %q, want %s", name, err, info.ResponseHeader().Get("RateLimit"), want)
		}
	}
	h.ask("GET", "/v1/payments", "", limited).expect(t, 429, "rate_limited")
	ctx, info := h.with(limited)
	_, err := h.payments(speeches["grpc"]).ListPayments(ctx, &florinv1.ListPaymentsRequest{})
	code, problem, wait := refusal(t, err)
	if code != connect.CodeResourceExhausted || problem.Code != "rate_limited" || wait <= 0 || info.ResponseHeader().Get("Retry-After") != "1" {
		t.Errorf("refused with %v after %s, %q", err, wait, info.ResponseHeader().Get("Retry-After"))
	}
}

// frame is a message as gRPC sends it.
func frame(message []byte) string {
	return string(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))) + string(message)
}

const createPayment = "/florin.v1.PaymentService/CreatePayment"

// TestRPCFrames: what no good client sends is refused, and says why.
func TestRPCFrames(t *testing.T) {
	h := newHouse(t)
	good, _ := proto.Marshal(payFor(73))
	unknown := append(bytes.Clone(good), 0xba, 0x3e, 1, 'x', 0xba, 0x3e, 1, 'y') // field 999
	capture, _ := proto.Marshal(&florinv1.CreatePaymentRequest{Amount: proto.Int64(1), Currency: "USD", Capture: 77})
	const protobuf, grpc = "Content-Type: application/proto", "Content-Type: application/grpc"
	for _, c := range []struct {
		verb, path, body string
		headers          []string
		status           int
		want             string
	}{
		{"POST", createPayment, string(good), []string{protobuf}, 200, ""},
		{"POST", createPayment, pay, nil, 200, ""},
		{"POST", createPayment, pay, []string{`Content-Type: Application/JSON; charset="UTF-8"`}, 200, ""},
		{"POST", createPayment, `{"amount":1,"amount":2}`, nil, 400, "invalid_request /amount:duplicate_field"},
		{"POST", createPayment, `{"amont":1}`, nil, 400, "invalid_request /amont:unknown_field"},
		{"POST", createPayment, string(unknown), []string{protobuf}, 400, "invalid_request /#999:unknown_field /#999:unknown_field"},
		{"POST", createPayment, string(capture), []string{protobuf}, 400, "invalid_request /capture:unknown_value"},
		{"POST", createPayment, string(good[:len(good)-1]), []string{protobuf}, 400, "invalid_request :malformed_protobuf"},
		{"POST", createPayment, "", []string{protobuf}, 400, "invalid_request /amount:required /currency:required"},
		{"POST", createPayment, pay, []string{"Content-Encoding: gzip"}, 501, "content_encoding_unsupported"},
		{"POST", createPayment, pay, []string{"Connect-Timeout-Ms: soon"}, 400, "invalid_request"},
		{"POST", createPayment, pay, []string{"Connect-Protocol-Version: 2"}, 400, "invalid_request"},
		{"POST", createPayment, string(make([]byte, bodyMax+1)), []string{protobuf}, 429, "body_too_large"},
		{"POST", createPayment, frame(good), []string{grpc}, 200, ""},
		{"POST", createPayment, frame(good) + frame(good), []string{grpc}, 200, "body_incomplete"},
		{"POST", createPayment, "", []string{grpc}, 200, "body_incomplete"},
		{"POST", createPayment, frame(good)[:9], []string{grpc}, 200, "body_incomplete"},
		{"POST", createPayment, "\x01" + frame(good)[1:], []string{grpc}, 200, "body_incomplete"},
		{"POST", createPayment, "\x00\xff\xff\xff\xff" + frame(good), []string{grpc}, 200, "body_too_large"},
		{"POST", createPayment, frame(make([]byte, bodyMax+1)), []string{grpc}, 200, "body_too_large"},
		{"POST", createPayment, frame(good), []string{grpc, "Grpc-Encoding: gzip"}, 200, "content_encoding_unsupported"},
		{"POST", createPayment, frame(good), []string{grpc, "Grpc-Timeout: 1fortnight"}, 200, "invalid_request"},
		{"POST", "/florin.v1.PaymentService/Nope", frame(good), []string{grpc}, 200, "route_not_found"},
		{"POST", "/nope", frame(good), []string{"Content-Type: application/grpc-web+proto"}, 200, "route_not_found"},
		{"POST", "/florin.v1.PaymentService/CancelPayment", `{"id":"pay_1"}`, nil, 501, "route_not_found"}, // no handler
		{"POST", "/florin.v1.PaymentService/GetPayment", `{"id":"nope"}`, nil, 404, "not_found"},
	} {
		a := h.raw(c.verb, c.path, c.body, c.headers...)
		if a.status != c.status || places(a.problem) != c.want {
			t.Errorf("%s %q %v: got %d %q, want %d %q\n%s", c.path, c.body[:min(len(c.body), 40)], c.headers, a.status, places(a.problem), c.status, c.want, a.body)
		}
	}
	if h.till.paid != 4 {
		t.Errorf("%d payments, want 4", h.till.paid)
	}
	// What is no RPC at all is answered as REST answers.
	h.ask("GET", createPayment, "").expect(t, 405, "method_not_allowed")
	h.ask("POST", createPayment, pay, "Content-Type: text/plain").expect(t, 415, "media_type_unsupported")
	h.ask("POST", createPayment, pay, "Content-Type: application/json; charset=latin1").expect(t, 415, "media_type_unsupported")
	h.ask("POST", createPayment, pay, "Content-Type: application/grpc-web-text").expect(t, 415, "media_type_unsupported")
	h.ask("POST", createPayment, pay, "Content-Type: application/connect+json").expect(t, 415, "media_type_unsupported")
	h.ask("POST", "/florin.v1.PaymentService/Nope", "{}").expect(t, 404, "route_not_found")
}

// TestOneJSON: a method's own URL takes and gives the JSON of REST.
func TestOneJSON(t *testing.T) {
	h := newHouse(t)
	const payment = `{"id":"pay_00000000000000000000000001"}`
	rest := h.ask("GET", "/v1/payments/pay_00000000000000000000000001", "")
	own := h.raw("POST", "/florin.v1.PaymentService/GetPayment", payment)
	if rest.body != own.body {
		t.Errorf("REST gives %s\nConnect gives %s", rest.body, own.body)
	}
	refused := h.raw("POST", createPayment, `{"amount":0}`)
	if !strings.Contains(refused.body, `"request_id":"req_`) || !strings.Contains(refused.body, `"code":"invalid_argument"`) {
		t.Errorf("a problem is written as %s", refused.body)
	}
}

// answered is an answer of any protocol, its problem read.
type answered struct {
	status  int
	body    string
	problem *florinv1.Problem
}

func (h *house) raw(verb, path, body string, headers ...string) answered {
	h.t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	defer transport.CloseIdleConnections()
	r, err := http.NewRequest(verb, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.key)
	r.Header.Set("Content-Type", "application/json")
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	a := answered{response.StatusCode, string(text), &florinv1.Problem{}}
	status := response.Trailer
	if response.Header.Get("Grpc-Status") != "" { // trailers only
		status = response.Header
	}
	switch {
	case status.Get("Grpc-Status-Details-Bin") != "":
		a.problem = h.statusProblem(status.Get("Grpc-Status-Details-Bin"))
	case response.StatusCode != 200:
		a.problem = h.connectProblem(text)
	}
	return a
}

func TestEveryKindHasACode(t *testing.T) {
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		if answers[kind].code == 0 {
			t.Errorf("kind %d has no code", kind)
		}
	}
}
