package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Kind says how the caller should react. Each door maps kinds to its own
// protocol (HTTP status, gRPC code) in one place.
type Kind uint8

const (
	Internal        Kind = iota // a bug or a broken machine: 500
	Invalid                     // malformed or invalid request: 400
	Unauthenticated             // no or bad credentials: 401
	Refused                     // valid, but the answer is no: 402
	Forbidden                   // the key lacks the scope: 403
	NotFound                    // missing, or another owner's: 404
	MethodMissing               // the URL exists, the method does not: 405
	NotAcceptable               // 406
	Conflict                    // the object's state does not allow it: 409
	TooLarge                    // 413
	MediaType                   // 415
	KeyReused                   // idempotency key used with another request: 422
	RailFailed                  // an outside rail did not do its part: 424
	TooMany                     // rate limit: 429
	Unavailable                 // shedding load or shutting down: 503
)

// Field is one bad place in a request.
type Field struct {
	Pointer string // JSON pointer (RFC 6901) into the request body, or "?name" for a query parameter
	Code    string // stable, lower_snake
	Detail  string // what is wrong and what would be right
}

// Fault is an error with a public face. Compare with errors.Is against the
// variables made by [New]; refine one with the With methods, which copy.
type Fault struct {
	Kind        Kind
	Code        string // stable, one of a closed list
	Detail      string // safe to show; says what to do next where it can
	DeclineCode string // for a declined payment: why, in the card trade's words
	Advice      string // for a declined payment: what the caller should do
	Object      string // id of the object that records the refusal, if any
	Fields      []Field
	RetryAfter  time.Duration // 0: nothing promised
	cause       error
	base        *Fault
}

var (
	declaring sync.Mutex
	declared  []*Fault
)

// New declares a fault. Call it only from variable declarations; a test gathers
// them into the closed list.
func New(kind Kind, code, detail string) *Fault {
	f := &Fault{Kind: kind, Code: code, Detail: detail}
	declaring.Lock()
	defer declaring.Unlock()
	declared = append(declared, f)
	return f
}

// Declared is the closed list as far as this program is made of it, by code.
func Declared() []*Fault {
	declaring.Lock()
	defer declaring.Unlock()
	list := slices.Clone(declared)
	slices.SortStableFunc(list, func(a, b *Fault) int { return strings.Compare(a.Code, b.Code) })
	return slices.CompactFunc(list, func(a, b *Fault) bool { return a.Code == b.Code })
}

func (f *Fault) Error() string {
	s := f.Code + ": " + f.Detail
	for _, x := range f.Fields {
		s += fmt.Sprintf(" [%s %s]", x.Pointer, x.Code)
	}
	if f.cause != nil {
		s += ": " + f.cause.Error()
	}
	return s
}

// Unwrap gives the cause, which must never be shown to a caller.
func (f *Fault) Unwrap() error { return f.cause }

// Is makes a refined fault equal to each one that it came from: a declared one may be
// refined where it is declared.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	for ; ok && f != nil; f = f.base {
		if f == t {
			return true
		}
	}
	return false
}

func (f *Fault) clone() *Fault {
	c := *f
	c.base = f
	return &c
}

// With gives a copy with another sentence. The sentence must be safe to show.
func (f *Fault) With(format string, args ...any) *Fault {
	c := f.clone()
	c.Detail = fmt.Sprintf(format, args...)
	return c
}

// WithCause gives a copy that keeps err inside for the log.
func (f *Fault) WithCause(err error) *Fault {
	c := f.clone()
	c.cause = err
	return c
}

// WithField gives a copy that names one more bad place.
func (f *Fault) WithField(pointer, code, detail string) *Fault {
	c := f.clone()
	c.Fields = append(append([]Field(nil), f.Fields...), Field{pointer, code, detail})
	return c
}

// WithDecline gives a copy that carries a decline's reason and advice.
func (f *Fault) WithDecline(code, advice string) *Fault {
	c := f.clone()
	c.DeclineCode, c.Advice = code, advice
	return c
}

// WithObject gives a copy that names the object that records the refusal.
func (f *Fault) WithObject(id string) *Fault {
	c := f.clone()
	c.Object = id
	return c
}

// WithRetryAfter gives a copy that says when a retry may succeed.
func (f *Fault) WithRetryAfter(d time.Duration) *Fault {
	c := f.clone()
	c.RetryAfter = d
	return c
}

// Of finds the fault in err; any other error becomes [ErrInternal] with err as its
// cause. Of(nil) is nil.
func Of(err error) *Fault {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return ErrInternal.WithCause(err)
}

// Stored rebuilds a fault that was recorded as an answer.
func Stored(kind Kind, code, detail string) *Fault {
	return &Fault{Kind: kind, Code: code, Detail: detail}
}
