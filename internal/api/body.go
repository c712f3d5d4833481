package api

import (
	"io"
	"net/http"
	"sync"
	"time"

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
	drainWait   = 5 * time.Second
	frameHead   = 5 // bytes before a message of gRPC
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
	if *buffer, err = readAll((*buffer)[:0], v.r.Body); err != nil {
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

// refuseBody answers before the end of a body: who asks first (Expect: 100-continue) then
// never sends it. In HTTP/1.1 that ends the connection, and a sender who is cut off while
// it sends may never see the answer: so it is listened to for a while. In HTTP/2 a stream
// ends alone. Source: RFC 9110 §10.1.1, RFC 9112 §9.6.
func (v *visit) refuseBody(f *fault.Fault) {
	if v.r.ProtoMajor > 1 {
		v.refuse(f)
		return
	}
	v.w.Header()["Connection"] = closed
	control := http.NewResponseController(v.w)
	_ = control.EnableFullDuplex() // the answer does not wait for what is still to come
	v.refuse(f)
	_ = control.Flush()
	if v.r.Header.Get("Expect") == "" {
		_ = control.SetReadDeadline(v.door.Clock.Now().Add(drainWait))
		_, _ = io.CopyN(io.Discard, v.r.Body, drainMax) // as far as it goes
	}
}

// readAll appends a body to out. Errors: ErrTooLarge, ErrIncomplete.
func readAll(out []byte, body io.Reader) ([]byte, error) {
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
			return out, ErrTooLarge
		case err == io.EOF:
			return out, nil
		case err != nil:
			return out, ErrIncomplete.WithCause(err)
		}
	}
}
