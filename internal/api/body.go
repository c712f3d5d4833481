package api

import (
	"io"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/fault"
)

// Faults of bodies.
var (
	ErrTooLarge   = fault.New(fault.TooLarge, "body_too_large", "The body is larger than 1 MiB. Send less at once.")
	ErrIncomplete = fault.New(fault.Invalid, "body_incomplete", "The body ended before its announced length, or could not be read.")
)

// Buffers are kept for the next request while they are small.
const (
	bufferFirst = 4 << 10
	bufferKept  = 64 << 10
	drainMax    = 4 << 20 // read past a body that is too large, so that its sender hears why
)

var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, bufferFirst)
	return &b
}}

// release gives a buffer back, wiped: it may have held a card number.
func release(b *[]byte) {
	clear((*b)[:cap(*b)])
	if cap(*b) <= bufferKept {
		*b = (*b)[:0]
		buffers.Put(b)
	}
}

// readBody decodes the body into m.
func (v *visit) readBody(m proto.Message) error {
	c, err := v.door.codecs.reads(v.r.Header["Content-Type"])
	if err != nil {
		return err
	}
	packed, err := bodyCoding(v.r.Header["Content-Encoding"])
	if err != nil {
		return err
	}
	buffer := buffers.Get().(*[]byte)
	defer release(buffer)
	if *buffer, err = readAll((*buffer)[:0], v.r.Body, v.r.ContentLength); err != nil {
		return err
	}
	if err := unpack(buffer, packed); err != nil {
		return err
	}
	if c == nil && len(*buffer) > 0 {
		return ErrMediaType.With("The body has no Content-Type. Send application/json, application/xml or application/protobuf.")
	}
	if c == nil {
		c = &v.door.codecs[0]
	}
	return c.decode(*buffer, m, v.route.given)
}

// readAll appends a body of the announced length (-1: not announced) to out.
// Errors: ErrTooLarge, ErrIncomplete.
func readAll(out []byte, body io.Reader, announced int64) ([]byte, error) {
	if announced > bodyMax {
		_, _ = io.CopyN(io.Discard, body, drainMax) // as far as it goes
		return out, ErrTooLarge
	}
	for {
		if len(out) == cap(out) {
			grown := make([]byte, len(out), 2*cap(out))
			copy(grown, out)
			clear(out)
			out = grown
		}
		n, err := body.Read(out[len(out):min(cap(out), bodyMax+1)])
		out = out[:len(out)+n]
		switch {
		case len(out) > bodyMax:
			_, _ = io.CopyN(io.Discard, body, drainMax)
			return out, ErrTooLarge
		case err == io.EOF:
			return out, nil
		case err != nil:
			return out, ErrIncomplete.WithCause(err)
		}
	}
}
