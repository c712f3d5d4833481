package api

import (
	"context"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
)

// Call is what the door knows of one request by the time its handler runs. The
// chain fills it from the front: a handler finds all of it, a check only what
// stands before it.
type Call struct {
	Request         id.Request
	Caller          Caller
	Once            *idempotency.Key // nil: no key was sent, or the method takes none
	IdempotencyText string           // the key as it was sent, for the event log
	Replayed        bool             // the answer is an earlier request's
	URL             string           // path of the method, as lists show it

	method *method
	key    apikey.Key
	secret string // of the key, as it came
	visit  *visit // of an RPC
}

// Caller is who calls: a key, its merchant, its mode and what it may do.
type Caller struct {
	Key      id.APIKey
	Merchant id.Merchant
	Live     bool
	Scopes   apikey.Scopes
}

// Origin names the request behind the events that it causes.
func (c *Call) Origin() event.Origin {
	return event.Origin{Request: c.Request, IdempotencyKey: c.IdempotencyText}
}

type callKey struct{}

func withCall(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callOf is the call that ctx belongs to. It panics outside of one: that is a
// wiring mistake, and an empty caller would be worse.
func callOf(ctx context.Context) *Call {
	return ctx.Value(callKey{}).(*Call)
}
