package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/fault"
)

// visit is one HTTP request on its way through the house. Towards the chain it
// is the stream of a unary call.
type visit struct {
	door   *Server
	w      http.ResponseWriter
	r      *http.Request
	ctx    context.Context // of the whole visit: it has no other place to live in
	began  time.Time
	call   Call
	info   connect.CallInfo
	route  *route
	params [paramsMax]string
	// protocol is rest, or connect's name of the one that the caller speaks.
	protocol string

	received bool
	packing  packing
	answer   proto.Message
	status   int // 0: nothing has been written
	fault    *fault.Fault
	cut      bool // the answer breaks off: its reader must see that it is not whole
	stays    bool // it goes on after its handler has returned
}

// serve sends the visit through the chain and writes what comes back.
func (v *visit) serve() {
	err := v.through(v.ctx, v)
	v.putHeader()
	switch {
	case errors.Is(err, ErrTooLarge):
		v.refuseBody(settled(err))
	case err != nil:
		v.refuse(v.placed(settled(err)))
	case v.answer == nil:
		v.refuse(fault.ErrInternal)
	default:
		v.respond()
	}
}

// through sends the visit through the chain, with stream as its end.
func (v *visit) through(ctx context.Context, stream connect.ServerStream) error {
	v.info.Protocol, v.info.PeerAddr = protocolREST, v.r.RemoteAddr
	header := v.info.RequestHeader()
	for name, values := range v.r.Header {
		header.SetValues(name, values)
	}
	return v.door.chain.Call(ctx, v.route.method.procedure, &v.info, stream)
}

// putHeader adds what the chain has to say to the answer's header.
func (v *visit) putHeader() {
	out := v.w.Header()
	for name, values := range v.info.ResponseHeader().All() {
		out[name] = values
	}
}

// Receive decodes the request. It implements [connect.ServerStream].
func (v *visit) Receive(msg any) error {
	if v.received {
		return io.EOF
	}
	v.received = true
	if v.door.codecs.writes(v.r.Header["Accept"]) == nil {
		return ErrNotAcceptable
	}
	return v.read(msg.(proto.Message))
}

// read decodes the request, once it is known that its answer can be written.
func (v *visit) read(m proto.Message) error {
	if err := v.agreeCoding(); err != nil {
		return err
	}
	if v.route.body {
		if err := v.readBody(m); err != nil {
			return err
		}
	}
	if err := v.readQuery(m); err != nil {
		return err
	}
	return v.readPath(m)
}

// Send keeps the answer until the chain has agreed to it.
func (v *visit) Send(msg any) error {
	v.answer = msg.(proto.Message)
	return nil
}

// SendHeaders does nothing: headers go out with the answer.
func (v *visit) SendHeaders() error { return nil }

// readPath fills the fields that the URL's pattern names. What cannot be an id
// names no object.
func (v *visit) readPath(m proto.Message) error {
	for i, field := range v.route.params {
		if !plausible(v.params[i]) {
			return fault.ErrNotFound
		}
		m.ProtoReflect().Set(field, protoreflect.ValueOfString(v.params[i]))
	}
	return nil
}

const segmentMax = 128 // bytes of an id in a URL

func plausible(segment string) bool {
	for _, c := range []byte(segment) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(segment) <= segmentMax
}

// placed moves the places of f from the body to the query, where this route
// takes its fields from there.
func (v *visit) placed(f *fault.Fault) *fault.Fault {
	if v.route.body || len(f.Fields) == 0 {
		return f
	}
	moved := *f
	moved.Fields = make([]fault.Field, len(f.Fields))
	for i, field := range f.Fields {
		if name, inBody := strings.CutPrefix(field.Pointer, "/"); inBody {
			name, _, _ = strings.Cut(name, "/")
			field.Pointer = "?" + name
		}
		moved.Fields[i] = field
	}
	return &moved
}
