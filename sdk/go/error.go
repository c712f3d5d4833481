package florin

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The families of errors, for [errors.Is].
var (
	// ErrAuthentication: another key or another scope is needed (401, 403).
	ErrAuthentication = errors.New("authentication")
	// ErrInvalidRequest: the request must be mended; see Fields (400, 405, 406, 413, 415, 422).
	ErrInvalidRequest = errors.New("invalid request")
	// ErrNotFound: there is no such object for this key (404).
	ErrNotFound = errors.New("not found")
	// ErrRefused: the answer is no, as for a declined card; see DeclineCode and Advice (402).
	ErrRefused = errors.New("refused")
	// ErrConflict: the object's state does not allow it (409).
	ErrConflict = errors.New("conflict")
	// ErrRail: the payment network refused; the object is as it was (424).
	ErrRail = errors.New("rail")
	// ErrRateLimit: the key calls faster than it may (429).
	ErrRateLimit = errors.New("rate limit")
	// ErrUnavailable: the platform could not say (5xx). It may or may not have taken
	// effect: the same call with the same IdempotencyKey tells.
	ErrUnavailable = errors.New("unavailable")
	// ErrNetwork: no answer came. It may or may not have taken effect, as above.
	ErrNetwork = errors.New("network")
	// ErrWebhook: a webhook delivery cannot be trusted; Code says why. Of [VerifyWebhook] only.
	ErrWebhook = errors.New("webhook")
)

// Error is why a call failed. It holds neither the API key nor what was sent.
type Error struct {
	Family         error         // one of ErrAuthentication to ErrWebhook
	Status         int           // of HTTP; 0 if no answer came
	Code           string        // stable, such as "card_declined"; "" if the platform gave none
	Detail         string        // a sentence for people, which may change
	DeclineCode    string        // why a payment was declined
	Advice         string        // what to do about it, such as "try_another_source"
	ObjectID       string        // what records the refusal
	RequestID      string        // for support
	Fields         []FieldError  // every bad place of the request
	Retryable      bool          // the same call, with the same IdempotencyKey, may succeed later
	RetryAfter     time.Duration // what the platform asked to wait; 0 if it did not say
	IdempotencyKey string        // under which the call was made; "" if it creates nothing

	cause error
}

// FieldError is one bad place of a request.
type FieldError struct {
	Pointer string `json:"pointer"` // JSON pointer into the body, or "?name" of the query
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// Error implements the error interface.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("florin: ")
	if e.Code != "" {
		b.WriteString(e.Code + ": ")
	}
	b.WriteString(e.Detail)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " %s: %s", f.Pointer, f.Detail)
	}
	if e.DeclineCode != "" {
		fmt.Fprintf(&b, " (%s, %s)", e.DeclineCode, e.Advice)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " [%s]", e.RequestID)
	}
	if e.cause != nil {
		b.WriteString(": " + e.cause.Error())
	}
	return b.String()
}

// Unwrap gives the family and, if there is one, the cause, such as [context.Canceled].
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.Family}
	}
	return []error{e.Family, e.cause}
}

// unfit is what is refused before it is sent.
func unfit(code, detail string) *Error {
	return &Error{Family: ErrInvalidRequest, Code: code, Detail: detail}
}

// lost is a try without an answer.
func lost(cause error) *Error {
	return &Error{Family: ErrNetwork, Detail: "No answer came from the platform.", Retryable: true, cause: cause}
}

// busy are the conflicts that end by themselves.
var busy = []string{"idempotency_key_in_use", "payment_busy"}

// refusal reads a problem (RFC 9457). What a machine between answered has no code.
func refusal(status int, h http.Header, body []byte) *Error {
	e := &Error{Family: family(status), Status: status}
	var problem struct {
		Detail      string       `json:"detail"`
		Code        string       `json:"code"`
		DeclineCode string       `json:"decline_code"`
		Advice      string       `json:"advice"`
		ObjectID    string       `json:"object_id"`
		RequestID   string       `json:"request_id"`
		Errors      []FieldError `json:"errors"`
	}
	if json.Unmarshal(body, &problem) == nil {
		e.Code, e.Detail, e.DeclineCode, e.Advice = problem.Code, problem.Detail, problem.DeclineCode, problem.Advice
		e.ObjectID, e.RequestID, e.Fields = problem.ObjectID, problem.RequestID, problem.Errors
	}
	if e.Detail == "" {
		e.Detail = fmt.Sprintf("HTTP status %d, not from the platform's own hand.", status)
	}
	if e.RequestID == "" {
		e.RequestID = h.Get("Request-Id")
	}
	if n, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil && n > 0 {
		e.RetryAfter = time.Duration(n) * time.Second
	}
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Retryable = true
	case http.StatusConflict:
		e.Retryable = slices.Contains(busy, e.Code)
	}
	return e
}

func family(status int) error {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return ErrAuthentication
	case status == http.StatusPaymentRequired:
		return ErrRefused
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusConflict:
		return ErrConflict
	case status == http.StatusFailedDependency:
		return ErrRail
	case status == http.StatusTooManyRequests:
		return ErrRateLimit
	case status >= 400 && status < 500:
		return ErrInvalidRequest
	}
	return ErrUnavailable // also a redirect: whoever is there is not the platform
}
