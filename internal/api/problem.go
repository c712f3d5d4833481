package api

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// ErrDeadline: the request was given up after its deadline.
var ErrDeadline = fault.New(fault.Unavailable, "deadline_exceeded", "The request took too long and may or may not have taken effect. Retry with the same idempotency key to learn it.").WithRetryAfter(time.Second)

// answers is how each kind of fault looks in HTTP: the one place that says so.
var answers = [...]struct {
	status int
	title  string
}{
	fault.Internal:        {500, "Something broke on our side"},
	fault.Invalid:         {400, "The request is not valid"},
	fault.Unauthenticated: {401, "Credentials are missing or wrong"},
	fault.Refused:         {402, "The request was refused"},
	fault.Forbidden:       {403, "The key may not do this"},
	fault.NotFound:        {404, "Not found"},
	fault.MethodMissing:   {405, "The method is not allowed here"},
	fault.NotAcceptable:   {406, "No acceptable format"},
	fault.Conflict:        {409, "The state does not allow this"},
	fault.TooLarge:        {413, "The body is too large"},
	fault.MediaType:       {415, "The body's format is not supported"},
	fault.KeyReused:       {422, "The idempotency key was used before"},
	fault.RailFailed:      {424, "A payment rail failed"},
	fault.TooMany:         {429, "Too many requests"},
	fault.Unavailable:     {503, "Not available now"},
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

// retryAfter is the Retry-After header for f in whole seconds, "" for none. A 503 always
// has one.
func retryAfter(f *fault.Fault) string {
	wait := f.RetryAfter
	if wait <= 0 && f.Kind == fault.Unavailable {
		wait = time.Second
	}
	if wait <= 0 {
		return ""
	}
	return strconv.FormatInt(wholeSeconds(wait), 10)
}

// wholeSeconds rounds up: who comes back earlier is refused again.
func wholeSeconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }
