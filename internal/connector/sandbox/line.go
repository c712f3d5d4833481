package sandbox

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// Waits between two attempts to connect: doubled from the first to the last, and
// each shortened at random by up to half, so that clients do not come in step.
const (
	backoffFirst = 20 * time.Millisecond
	backoffLast  = 2 * time.Second
)

var errBroken = errors.New("the connection broke")

// line is one connection to the rail, opened again whenever it breaks.
type line struct {
	client *Client

	mu    sync.Mutex
	out   *outbox               // nil while there is no connection
	up    chan struct{}         // closed while there is one
	calls map[uint64]chan reply // by question number; closed when the connection breaks
}

func newLine(c *Client) *line {
	return &line{client: c, up: make(chan struct{}), calls: map[uint64]chan reply{}}
}

// call sends a frame as soon as there is a connection and waits for the reply;
// not ok when ctx ends first, the connection breaks, or it takes no more.
func (l *line) call(ctx context.Context, number uint64, f []byte) (a reply, ok bool) {
	answered := make(chan reply, 1)
	for ctx.Err() == nil {
		up := l.post(number, f, answered)
		if up == nil {
			break
		}
		select {
		case <-up:
		case <-ctx.Done():
			return reply{}, false
		case <-l.client.ctx.Done():
			return reply{}, false
		}
	}
	select {
	case a, ok = <-answered:
		return a, ok
	case <-ctx.Done():
		l.mu.Lock()
		delete(l.calls, number)
		l.mu.Unlock()
		return reply{}, false
	}
}

// post hands f to the connection, or, if there is none, gives what tells when.
// If the connection takes no more, answered is closed.
func (l *line) post(number uint64, f []byte, answered chan reply) (up <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.out == nil {
		return l.up
	}
	if !l.out.put(f) {
		close(answered)
		return nil
	}
	l.calls[number] = answered
	l.out.flush()
	return nil
}

// run keeps the line connected until the client closes.
func (l *line) run() {
	ctx, c := l.client.ctx, l.client
	dialer := net.Dialer{Timeout: c.o.Timeout}
	wait := backoffFirst
	for ctx.Err() == nil {
		conn, err := dialer.DialContext(ctx, "tcp", c.o.Address)
		if err == nil {
			if err = errBroken; l.converse(ctx, conn) > 0 {
				wait = backoffFirst
			}
		}
		if ctx.Err() != nil {
			return
		}
		c.o.Log.Warn("sandbox rail is not connected", "address", c.o.Address, "error", err, "retry_in", wait)
		if c.o.Clock.Sleep(ctx, wait/2+rand.N(wait/2)) != nil {
			return
		}
		wait = min(2*wait, backoffLast)
	}
}

// converse carries calls over conn until it breaks and returns how many replies
// came.
func (l *line) converse(ctx context.Context, conn net.Conn) (replies int) {
	end := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer end()
	out := newOutbox()
	l.client.work.Go(func() { out.run(conn, l.client.o.Timeout) })
	l.connected(out)
	defer l.broken(out)
	in := bufio.NewReaderSize(conn, frameHead+FrameMax)
	buf := make([]byte, FrameMax)
	for {
		content, err := readFrame(in, buf)
		if err != nil {
			return replies
		}
		var a reply
		if err := json.Unmarshal(content, &a); err != nil {
			l.client.violations.Add(1)
			l.client.o.Log.Error("sandbox rail sent a malformed answer; closing the connection", "error", err)
			return replies
		}
		replies++
		l.deliver(a)
	}
}

func (l *line) connected(out *outbox) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out = out
	close(l.up)
}

// broken gives up every call that waits: the rail may have acted on it.
func (l *line) broken(out *outbox) {
	out.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.out, l.up = nil, make(chan struct{})
	for _, answered := range l.calls {
		close(answered)
	}
	clear(l.calls)
}

func (l *line) deliver(a reply) {
	l.mu.Lock()
	answered, waiting := l.calls[a.Number]
	delete(l.calls, a.Number)
	l.mu.Unlock()
	if !waiting {
		l.client.dropped.Add(1)
		return
	}
	answered <- a
}
