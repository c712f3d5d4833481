package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// crash is a panic as an error, for the log only.
type crash struct {
	text  string
	stack []byte
}

func (c *crash) Error() string { return "panic: " + c.text + "\n" + string(c.stack) }

// newCrash keeps what a panic says if it cannot hold what a caller sent: the
// runtime's own errors, and our own sentences without digits.
func newCrash(p any) *crash {
	c := &crash{fmt.Sprintf("%T", p), debug.Stack()}
	switch p := p.(type) {
	case runtime.Error:
		c.text = p.Error()
	case string:
		c.text = wire.MaskDigits(p, wire.EchoDigits)
	}
	return c
}

// settle is the front of the chain: whatever comes back from the rest, even a
// panic, leaves as a fault, in every transport.
func (s *Server) settle(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) (err error) {
		defer func() {
			if p := recover(); p != nil {
				if aborted(p) {
					panic(p)
				}
				err = fault.ErrInternal.WithCause(newCrash(p))
			}
		}()
		if f := settled(next(ctx, spec, stream)); f != nil {
			return f
		}
		return nil
	}
}

// aborted reports whether p is net/http's own way to give a request up.
func aborted(p any) bool {
	err, ok := p.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}
