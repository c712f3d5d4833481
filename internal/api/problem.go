package api

import (
	"context"
	"errors"
	"math"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// ErrDeadline: the request was given up after its deadline.
var ErrDeadline = fault.New(fault.Unavailable, "deadline_exceeded", "The request took too long and may or may not have taken effect. Retry with the same idempotency key to learn it.").WithRetryAfter(time.Second)

// answers is how each kind of fault looks in HTTP and in the RPC protocols: the one
// place that says so. A refusal is failed_precondition, which no client retries by
// itself; a conflict is aborted, which says to read the object and decide anew.
var answers = [...]struct {
	status int
	title  string
	code   connect.Code
}{
	fault.Internal:        {500, "Something broke on our side", connect.CodeInternal},
	fault.Invalid:         {400, "The request is not valid", connect.CodeInvalidArgument},
	fault.Unauthenticated: {401, "Credentials are missing or wrong", connect.CodeUnauthenticated},
	fault.Refused:         {402, "The request was refused", connect.CodeFailedPrecondition},
	fault.Forbidden:       {403, "The caller may not do this", connect.CodePermissionDenied},
	fault.NotFound:        {404, "Not found", connect.CodeNotFound},
	fault.MethodMissing:   {405, "The method is not allowed here", connect.CodeUnimplemented},
	fault.NotAcceptable:   {406, "No acceptable format", connect.CodeUnimplemented},
	fault.Conflict:        {409, "The state does not allow this", connect.CodeAborted},
	fault.TooLarge:        {413, "The body is too large", connect.CodeResourceExhausted},
	fault.MediaType:       {415, "The body's format is not supported", connect.CodeUnimplemented},
	fault.KeyReused:       {422, "The idempotency key was used before", connect.CodeAlreadyExists},
	fault.RailFailed:      {424, "A payment rail failed", connect.CodeFailedPrecondition},
	fault.TooMany:         {429, "Too many requests", connect.CodeResourceExhausted},
	fault.Unavailable:     {503, "Not available now", connect.CodeUnavailable},
}

// settled finds the fault in any error: what has none is our own failure.
func settled(err error) *fault.Fault {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return ErrDeadline.WithCause(err)
	}
	if connect.CodeOf(err) == connect.CodeUnimplemented {
		return fault.ErrRouteMissing.WithCause(err)
	}
	return fault.ErrInternal.WithCause(err)
}

// problemOf is f in the contract's words. Source: RFC 9457 §3.1.
func problemOf(f *fault.Fault, request id.Request) *florinv1.Problem {
	p := &florinv1.Problem{
		Type:        "urn:florin:problem:" + f.Code,
		Title:       answers[f.Kind].title,
		Status:      int32(answers[f.Kind].status),
		Detail:      f.Detail,
		Instance:    "urn:florin:request:" + string(request),
		Code:        f.Code,
		DeclineCode: f.DeclineCode,
		Advice:      f.Advice,
		ObjectId:    f.Object,
		RequestId:   string(request),
		DocUrl:      "/docs/errors#" + f.Code,
	}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, &florinv1.FieldProblem{Pointer: field.Pointer, Code: field.Code, Detail: field.Detail})
	}
	return p
}

// retryAfter is when a retry may succeed after f, 0 if nobody knows. An unavailable
// service always says.
func retryAfter(f *fault.Fault) time.Duration {
	if f.RetryAfter <= 0 && f.Kind == fault.Unavailable {
		return time.Second
	}
	return max(f.RetryAfter, 0)
}

// codeOf is f's code in the RPC protocols: its kind's, but for what their clients know
// by a code of its own.
func codeOf(f *fault.Fault) connect.Code {
	switch f.Code {
	case ErrDeadline.Code:
		return connect.CodeDeadlineExceeded
	case fault.ErrRouteMissing.Code:
		return connect.CodeUnimplemented
	}
	return answers[f.Kind].code
}

// rpcError is f in the RPC protocols: the problem is a detail, and so is when to retry.
func (v *visit) rpcError(f *fault.Fault) *connect.Error {
	problem := problemOf(f, v.call.Request)
	e := connect.NewError(codeOf(f), f.Detail).WithDetail(v.detail(problem))
	if wait := retryAfter(f); wait > 0 {
		e = e.WithDetail(v.detail(&errdetails.RetryInfo{RetryDelay: durationpb.New(wait)}))
	}
	return e
}

func (v *visit) detail(m proto.Message) *connect.ErrorDetail {
	d, err := connectproto.NewErrorDetail(m)
	if err != nil {
		return nil // our own words are valid UTF-8; without the detail the error is still one
	}
	if json := (jsonCodec{v.door.shapes}); ours(json.shapes, m) {
		d.Debug = v.door.shapes.EncodeJSON(nil, m)
	}
	return d
}

// wholeSeconds rounds up: who comes back earlier is refused again.
func wholeSeconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }
