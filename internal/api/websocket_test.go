package api

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/coder/websocket"

	"github.com/florinpay/florin/internal/apikey"
)

// TestASocketThatBreaks: what goes on after its request has nobody above it who would
// catch a panic.
func TestASocketThatBreaks(t *testing.T) {
	h := newHouse(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := &upgrade{ResponseWriter: w}
		conn, err := websocket.Accept(up, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		up.letGo()
		ctx, left := context.WithCancel(context.Background())
		v := &visit{door: h.door, w: up, r: r, ctx: ctx, status: http.StatusSwitchingProtocols}
		v.call.last = func(context.Context) error { panic("pipe on fire") }
		go (&socketStream{visit: v, conn: conn, closed: ctx, left: left, done: h.door.sockets.add(), up: up}).goOn(ctx)
	}))
	defer s.Close()
	c, _, err := websocket.Dial(t.Context(), s.URL, nil) //nolint:bodyclose // it is the connection
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context()); err == nil {
		t.Error("it goes on")
	}
	h.door.Wait(t.Context())
	if log := h.log.String(); !strings.Contains(log, "pipe on fire") {
		t.Errorf("the log says nothing of it: %s", log)
	}
}

// TestAnEarlyFrame: a client that does not wait for the answer to its handshake.
func TestAnEarlyFrame(t *testing.T) {
	h := newHouse(t)
	key := h.newKey(apikey.Draft{Scopes: apikey.AllScopes()})
	c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	ping := "\x89\x84\x00\x00\x00\x00here" // masked with zeros. Source: RFC 6455 §5.5.2
	_, err = io.WriteString(c, "GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+key+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"+ping)
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	answer, err := http.ReadResponse(r, nil) //nolint:bodyclose // it is the connection
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(answer, err)
	}
	pong := make([]byte, 6)
	if _, err := io.ReadFull(r, pong); err != nil || string(pong) != "\x8a\x04here" {
		t.Errorf("it answers %q, %v", pong, err)
	}
}

// TestWhoLeavesBeforeItsSocket is not waited for, whatever the chain is waiting for.
func TestWhoLeavesBeforeItsSocket(t *testing.T) {
	h := newHouse(t)
	asked, gone := make(chan struct{}), make(chan struct{})
	h.door.chain = connect.NewServer(func(connect.ServerFunc) connect.ServerFunc {
		return func(ctx context.Context, _ connect.Spec, _ connect.ServerStream) error {
			close(asked)
			<-ctx.Done()
			close(gone)
			return ctx.Err()
		}
	})
	Events(nil, nil)(h.door.chain)
	ctx, leave := context.WithCancel(t.Context())
	go func() { <-asked; leave() }()
	_, _, _ = websocket.Dial(ctx, "ws"+strings.TrimPrefix(h.url, "http")+"/v1/events/stream", nil) //nolint:bodyclose // it fails
	select {
	case <-gone:
	case <-time.After(20 * time.Second):
		t.Error("it is waited for still")
	}
}
