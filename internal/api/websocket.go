package api

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/fault"
)

// WebSockets of the door.
const (
	protocolSocket = "websocket"

	socketProtocol = "florin.v1"      // what a client may name in Sec-WebSocket-Protocol
	socketBearer   = "florin.bearer." // followed by its credential, where it can set no other header: in a browser

	socketReadMax  = 1 << 10         // bytes of what a client sends, which is nothing but control frames
	socketPatience = 5 * time.Second // for a client to answer a ping or a close
	compressFrom   = 512             // bytes of a message that is worth it
)

// ErrOrigin: a page of another origin opened the socket.
var ErrOrigin = fault.New(fault.Forbidden, "origin_not_allowed", "Pages of this origin may not open streams. Open it from the server's own origin, or with an access token of the client that has registered the origin.")

// credentialOfSocket moves a credential from the list of subprotocols into the header
// where credentials are looked for. A browser can put it nowhere else but into the URL,
// which ends up in logs.
func credentialOfSocket(r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		return
	}
	for name := range strings.SplitSeq(r.Header.Get("Sec-WebSocket-Protocol"), ",") {
		if text, found := strings.CutPrefix(strings.TrimSpace(name), socketBearer); found {
			r.Header.Set("Authorization", schemeBearer+" "+text)
			return
		}
	}
}

// serveSocket sends the visit through the chain and its messages into a WebSocket. Until
// the stream begins a failure is answered as any; afterwards it is the reason in the
// socket's last frame.
func (v *visit) serveSocket() {
	credentialOfSocket(v.r)
	v.call.visit = v
	ctx, left := context.WithCancel(withCall(v.r.Context(), &v.call))
	defer left()
	s := &socketStream{visit: v, left: left}
	v.call.beat = s.beat
	defer v.door.sockets.add()()
	f := settled(v.throughEndless(ctx, s))
	switch {
	case s.conn == nil && v.status != 0: // the handshake was no good, and has been answered
		return
	case s.conn == nil:
		v.putHeader()
		if f == nil {
			f = fault.ErrInternal
		}
		v.refuse(v.placed(f))
		return
	case f == nil || s.gone():
		_ = s.conn.CloseNow()
		return
	}
	v.blame(f)
	_ = s.conn.Close(closeCode(f), closeReason(f))
}

// closeCode says in the socket's words how the stream ended: 4000 and the status that a
// request would have been answered with. Source: RFC 6455 §7.4.
func closeCode(f *fault.Fault) websocket.StatusCode {
	switch {
	case f.Code == ErrStopping.Code:
		return websocket.StatusGoingAway
	case f.Kind == fault.Internal:
		return websocket.StatusInternalError
	}
	return websocket.StatusCode(4000 + answers[f.Kind].status)
}

const reasonMax = 123 // bytes. Source: RFC 6455 §5.5

func closeReason(f *fault.Fault) string {
	reason := f.Code + ": " + f.Detail
	return strings.ToValidUTF8(reason[:min(len(reason), reasonMax)], "")
}

// socketStream is the end of a stream in a WebSocket.
type socketStream struct {
	*visit
	conn   *websocket.Conn
	closed context.Context // ends with the client
	left   context.CancelFunc
	buffer []byte
}

// Receive decodes the request, which stands in the URL. It implements [connect.ServerStream].
func (s *socketStream) Receive(msg any) error {
	if s.received {
		return io.EOF
	}
	s.received = true
	if !s.originAllowed() {
		return ErrOrigin
	}
	m := msg.(proto.Message)
	if err := s.readQuery(m); err != nil {
		return err
	}
	return s.resume(m)
}

// originAllowed reports whether the page that opens the socket may. Programs that are no
// browsers name no origin.
func (s *socketStream) originAllowed() bool {
	from := s.r.Header.Get("Origin")
	if from == "" {
		return true
	}
	if u, err := url.Parse(from); err == nil && u.Host != "" && strings.EqualFold(u.Host, s.r.Host) {
		return true
	}
	return s.call.Caller.Client != "" && s.door.OriginOf != nil && s.door.OriginOf(s.r.Context(), s.call.Caller.Client, from)
}

// SendHeaders opens the socket.
func (s *socketStream) SendHeaders() (err error) {
	if s.conn != nil {
		return nil
	}
	s.putHeader()
	delete(s.w.Header(), "Vary") // nothing of it is kept
	s.conn, err = websocket.Accept(s.w, s.r, &websocket.AcceptOptions{
		Subprotocols: []string{socketProtocol}, InsecureSkipVerify: true, // see originAllowed
		CompressionMode: websocket.CompressionNoContextTakeover, CompressionThreshold: compressFrom,
	})
	if err != nil {
		s.status = http.StatusBadRequest // Accept has said so
		return fault.ErrInvalid.WithCause(err)
	}
	s.status, s.protocol = http.StatusSwitchingProtocols, protocolSocket
	s.conn.SetReadLimit(socketReadMax)
	s.closed = s.conn.CloseRead(context.WithoutCancel(s.r.Context())) // answers pings; any message ends the socket
	context.AfterFunc(s.closed, s.left)
	return nil
}

func (s *socketStream) gone() bool { return s.closed.Err() != nil }

// Send writes the next message as one of the socket's.
func (s *socketStream) Send(msg any) error {
	if err := s.SendHeaders(); err != nil {
		return err
	}
	s.buffer = s.door.shapes.EncodeJSON(s.buffer[:0], msg.(proto.Message))
	ctx, cancel := context.WithTimeout(s.closed, sendPatience)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, s.buffer)
}

// beat asks the client whether it is there.
func (s *socketStream) beat() error {
	ctx, cancel := context.WithTimeout(s.closed, socketPatience)
	defer cancel()
	return s.conn.Ping(ctx)
}

// sockets counts the WebSockets that are open: a server that stops does not know of them.
type sockets struct{ open sync.WaitGroup }

func (c *sockets) add() (done func()) {
	c.open.Add(1)
	return c.open.Done
}

// Wait returns when the door's WebSockets have ended, or ctx has. Shutdown tells them to.
func (s *Server) Wait(ctx context.Context) {
	done := make(chan struct{})
	go func() { defer close(done); s.sockets.open.Wait() }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
