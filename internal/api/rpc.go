package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/grpcreflect/v2"
	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/fault"
)

// rpc serves the methods of the contract over gRPC, gRPC-Web and Connect: the
// library's transports, between our porch and our chain.
type rpc struct {
	server *connect.Server
	errors *connecthttp.ErrorWriter
}

// addRPC opens a URL for each method of the contract, and those of health and,
// if it is on, reflection.
func (s *Server) addRPC() {
	s.rpc.server = connect.NewServer(s.reply)
	for spec := range s.chain.Specs() {
		s.rpc.server.Register(connect.Method{Spec: spec, Handler: s.throughChain})
	}
	newHealth(s).register(s.rpc.server)
	if s.Reflect {
		grpcreflect.Register(s.rpc.server)
	}
	options := []connecthttp.Option{
		connecthttp.WithCodecs(protoCodec{s.shapes}, jsonCodec{s.shapes}),
		connecthttp.WithCompressors(), // none: see ErrEncoding
		connecthttp.WithReadMaxBytes(bodyMax),
	}
	s.rpc.errors = connecthttp.NewErrorWriter(options...)
	mounted := muxed{}
	connecthttp.Mount(mounted, s.rpc.server, options...)
	for spec := range s.rpc.server.Specs() {
		s.router.add(&route{
			verb: "POST", pattern: spec.Procedure, method: s.methods[spec.Procedure],
			rpc: mounted[spec.Procedure], stream: spec.StreamType != connect.StreamTypeUnary,
		})
	}
}

// muxed gathers the handlers that connecthttp mounts.
type muxed map[string]http.Handler

// Handle implements [connecthttp.ServeMux].
func (m muxed) Handle(pattern string, h http.Handler) { m[pattern] = h }

// protocolREST is what the door speaks itself; the other names are connect's.
const protocolREST = "rest"

// protocolOf is the protocol that a Content-Type asks for at a method's URL, "" if
// none. Connect has one framing for single messages and one for streams.
func protocolOf(header []string, stream bool) string {
	if len(header) != 1 {
		return ""
	}
	media, parameters, _ := strings.Cut(header[0], ";")
	family, format, named := strings.Cut(strings.ToLower(strings.TrimSpace(media)), "+")
	if !utf8Only(parameters) || named && format != connect.CodecNameProto && format != connect.CodecNameJSON {
		return ""
	}
	switch family {
	case "application/grpc":
		return connect.ProtocolNameGRPC
	case "application/grpc-web":
		return connect.ProtocolNameGRPCWeb
	case "application/proto", "application/json":
		if !named && !stream {
			return connect.ProtocolNameConnect
		}
	case "application/connect":
		if named && stream {
			return connect.ProtocolNameConnect
		}
	}
	return ""
}

// serveRPC hands the visit to the library's transport, which comes back through
// reply. What the transport would refuse in words of its own is refused here.
func (v *visit) serveRPC() {
	protocol := protocolOf(v.r.Header["Content-Type"], v.route.stream)
	if protocol == "" {
		v.refuse(ErrMediaType.With("%s", rpcMedia[v.route.stream]))
		return
	}
	v.protocol = protocol
	if f := badFrame(v.r.Header); f != nil {
		v.refuse(f)
		return
	}
	if v.r.ContentLength > bodyMax+frameHead {
		v.refuseBody(ErrTooLarge)
		return
	}
	ctx := v.ctx
	if v.route.stream { // lives as long as its caller
		ctx = withCall(v.r.Context(), &v.call)
	}
	v.call.visit = v
	r := v.r.WithContext(ctx)
	r.Body = http.MaxBytesReader(v.w, v.r.Body, bodyMax+drainMax)
	v.route.rpc.ServeHTTP(v.w, r)
	if v.status == 0 {
		v.status = http.StatusBadRequest // refused by the transport itself
	}
}

var rpcMedia = map[bool]string{
	false: "This URL is a method. Send application/grpc, application/grpc-web, application/proto or application/json.",
	true:  "This URL is a stream. Send application/grpc, application/grpc-web, application/connect+proto or application/connect+json.",
}

// framing is what the headers of a frame may say. Source: the protocols of gRPC
// over HTTP/2 and of Connect.
var framing = map[string]*regexp.Regexp{
	"Grpc-Timeout":             regexp.MustCompile(`^[0-9]{1,8}[HMSmun]$`),
	"Connect-Timeout-Ms":       regexp.MustCompile(`^[0-9]{1,10}$`),
	"Connect-Protocol-Version": regexp.MustCompile(`^1$`),
}

// badFrame is what is wrong with the headers of a call, or nil.
func badFrame(h http.Header) *fault.Fault {
	for _, name := range []string{"Grpc-Encoding", "Connect-Content-Encoding", "Content-Encoding"} {
		if value := h.Get(name); value != "" && value != connect.CompressionNameIdentity {
			return ErrEncoding.With("Compressed messages are not read here. Send them without %s.", strings.ToLower(name))
		}
	}
	for name, rule := range framing {
		if list := h[name]; len(list) > 0 && !rule.MatchString(list[0]) {
			return fault.ErrInvalid.With("The header %s must match %s.", strings.ToLower(name), rule)
		}
	}
	return nil
}

// throughChain is the handler of every method of the contract.
func (s *Server) throughChain(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
	info, _ := connect.CallInfoForServerContext(ctx)
	kept := &rpcStream{ServerStream: stream, stream: spec.StreamType != connect.StreamTypeUnary}
	if err := s.chain.Call(ctx, spec.Procedure, info, kept); err != nil {
		return err
	}
	if kept.stream {
		return nil
	}
	if kept.answer == nil {
		return fault.ErrInternal
	}
	_ = stream.Send(kept.answer) // fails only if the caller is gone, who will retry
	return nil
}

// reply stands outside of everything: whatever comes back leaves as an error of
// the protocol, with the problem in it, and is noted for the log.
func (s *Server) reply(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		v := callOf(ctx).visit
		err := next(ctx, spec, stream)
		if err == nil {
			v.status = http.StatusOK
			return nil
		}
		if _, ours := errors.AsType[*fault.Fault](err); !ours {
			if own, ok := errors.AsType[*connect.Error](err); ok { // health's and reflection's
				v.status = http.StatusBadRequest
				return own
			}
		}
		f := settled(err)
		late := errors.Is(ctx.Err(), context.DeadlineExceeded) && errors.Is(err, context.DeadlineExceeded)
		if late && spec.StreamType != connect.StreamTypeUnary { // as long as its caller allowed: nothing went wrong
			v.status = http.StatusOK
			return v.rpcError(ErrDeadline.With("The deadline of the stream has passed. Begin the next one after the last event that came."))
		}
		if late && f.Code != ErrDeadline.Code {
			f = ErrDeadline.WithCause(err)
		}
		v.blame(f)
		return v.rpcError(f)
	}
}

// rpcStream stands between the transport and the chain: it keeps a unary call's
// answer until the chain has agreed to it, and says in faults what the transport
// could not read.
type rpcStream struct {
	connect.ServerStream
	stream bool
	answer proto.Message
}

// Receive implements [connect.ServerStream].
func (r *rpcStream) Receive(msg any) error {
	err := r.ServerStream.Receive(msg)
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	switch connect.CodeOf(err) {
	case connect.CodeResourceExhausted:
		return ErrTooLarge.WithCause(err)
	case connect.CodeCanceled, connect.CodeDeadlineExceeded:
		return ErrDeadline.WithCause(err)
	}
	return ErrIncomplete.With("The body is not one whole message of the protocol.").WithCause(err)
}

// Send implements [connect.ServerStream].
func (r *rpcStream) Send(msg any) error {
	if r.stream {
		return r.ServerStream.Send(msg)
	}
	r.answer = msg.(proto.Message)
	return nil
}
