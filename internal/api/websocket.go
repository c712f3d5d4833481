package api

import (
	"bufio"
	"context"
	"io"
	"net"
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
// socket's last frame. The request ends where the socket begins, so that what net/http
// needs for requests is given back: sockets are many, and mostly wait.
func (v *visit) serveSocket() {
	credentialOfSocket(v.r)
	v.call.visit = v
	ctx, left := context.WithCancel(withCall(context.WithoutCancel(v.r.Context()), &v.call))
	outlives := context.AfterFunc(v.r.Context(), left) // who leaves before it has begun is not waited for
	s := &socketStream{visit: v, left: left, done: v.door.sockets.add(), up: &upgrade{ResponseWriter: v.w}}
	v.w = s.up
	v.call.beat = s.beat
	err := v.begin(ctx, s)
	outlives()
	if err == nil && v.call.last != nil && s.conn != nil {
		v.stays = true
		go s.goOn(ctx)
		return
	}
	defer s.done()
	defer left()
	s.close(err)
}

// goOn does what the socket does until it ends.
func (s *socketStream) goOn(ctx context.Context) {
	defer s.done()
	defer s.left()
	defer func() {
		if recover() != nil { // it has been logged
			_ = s.conn.CloseNow()
		}
	}()
	defer s.leave()
	s.close(s.call.last(ctx))
}

// leave ends the visit, also after a crash.
func (s *socketStream) leave() {
	if p := recover(); p != nil {
		s.crashed(p)
	}
	s.end()
}

// close tells the client how its stream ended.
func (s *socketStream) close(err error) {
	f := settled(err)
	switch {
	case s.conn == nil && s.status != 0: // the handshake was no good, and has been answered
		return
	case s.conn == nil:
		s.putHeader()
		if f == nil {
			f = fault.ErrInternal
		}
		s.refuse(s.placed(f))
		return
	case f == nil || s.gone():
		_ = s.conn.CloseNow()
		return
	}
	s.blame(f)
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
	done   func() // it is not open any more
	up     *upgrade
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
	s.up.letGo()
	s.status, s.protocol = http.StatusSwitchingProtocols, protocolSocket
	s.conn.SetReadLimit(socketReadMax)
	s.closed = s.conn.CloseRead(context.Background()) // answers pings; any message ends the socket
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

// upgrade is a response that may become a socket's connection. Then it lets go of the
// request's buffers.
type upgrade struct {
	http.ResponseWriter

	mu   sync.Mutex
	conn net.Conn // nil: not yet
}

// Sizes of a socket's own buffers: what comes in are control frames, of at most 125 bytes;
// an event is longer than what goes out at once, and passes by the buffer.
const (
	socketIn  = 256
	socketOut = 1 << 10
)

// Hijack implements [http.Hijacker].
func (u *upgrade) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	conn, b, err := http.NewResponseController(u.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if b.Reader.Buffered() == 0 { // or else the client was early
		b = bufio.NewReadWriter(bufio.NewReaderSize(conn, socketIn), bufio.NewWriterSize(conn, socketOut))
	}
	u.conn = conn
	return conn, b, nil
}

// Header implements [http.ResponseWriter]. Nobody reads what is put there afterwards.
func (u *upgrade) Header() http.Header {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ResponseWriter == nil {
		return http.Header{}
	}
	return u.ResponseWriter.Header()
}

// letGo forgets the response, which is not needed any more.
func (u *upgrade) letGo() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.ResponseWriter = nil
}

// SetWriteDeadline is what an [http.ResponseController] looks for.
func (u *upgrade) SetWriteDeadline(at time.Time) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.conn != nil {
		return u.conn.SetWriteDeadline(at)
	}
	return http.NewResponseController(u.ResponseWriter).SetWriteDeadline(at)
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
