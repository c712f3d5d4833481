package api

import (
	"context"
	"net/http"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/oauth"
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

	method    *method
	http      *http.Request
	key       apikey.Key // none for a caller with a token
	shown     credential
	share     apikey.Share
	proof     *oauth.Proof                // that came with the token; nil: none
	challenge string                      // what a refused token is told; "": as a refused key
	visit     *visit                      // of an RPC or a stream
	lasts     bool                        // the transport does what last says
	last      func(context.Context) error // what an endless stream does until it ends, once it has begun
	flight    *flight                     // the answer is shared with other calls
	beat      func() error                // shows the reader of a silent stream that it is there; nil: the protocol does
}

// goOn does what a stream without an end does until it ends. Where that is most of its
// life, it is left to the transport, which does it on a stack that is not as deep as ours:
// there may be thousands.
func (c *Call) goOn(ctx context.Context, last func(context.Context) error) error {
	if !c.lasts {
		return last(ctx)
	}
	c.last = last
	return nil
}

// Caller is who calls: a key or a client, for which merchant, in which mode, and what it
// may do.
type Caller struct {
	Key      id.APIKey
	Client   id.Client // "": a key
	Merchant id.Merchant
	Live     bool
	Scopes   apikey.Scopes
	Use      *grant.Use // the payer's grant that bounds it; nil: it acts for the merchant
}

// Credential names what the caller proved itself by: a key or a client.
func (c *Caller) Credential() string { return string(c.Key) + string(c.Client) }

// sees reports whether what is a payer's own may be shown to the caller.
func (c *Caller) sees(p id.Payer) bool { return c.Use == nil || c.Use.Payer == p }

// owner is whose idempotency keys the caller's are. Those of a merchant's API keys are
// one: a retry after a rotation is still a retry. A client's are its own, and with each
// payer others: it must not learn what the merchant or another payer did.
func (c *Caller) owner() string {
	switch {
	case c.Client == "":
		return string(c.Merchant)
	case c.Use == nil:
		return string(c.Merchant) + "/" + string(c.Client)
	}
	return string(c.Merchant) + "/" + string(c.Client) + "/" + string(c.Use.Payer)
}

// credential is what the caller showed, in a sentence.
func (c *Caller) credential() string {
	if c.Client == "" {
		return "API key"
	}
	return "access token"
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
