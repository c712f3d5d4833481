package sandbox

import (
	"net"
	"sync"
	"time"
)

// outboxMax is how many bytes may wait for a peer that does not read.
const outboxMax = 1 << 20

// outbox gathers the frames that go to one connection, so that a burst of them
// is one write.
type outbox struct {
	mu     sync.Mutex
	frames []byte
	closed bool
	wake   chan struct{} // holds one token while there is something to send or to end
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// put takes a copy of f, to be sent at the next flush. It reports false when the
// outbox is closed or full: nothing of f will be sent.
func (o *outbox) put(f []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(o.frames)+len(f) > outboxMax {
		return false
	}
	o.frames = append(o.frames, f...)
	return true
}

// flush sends what has been put.
func (o *outbox) flush() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// close sends what has been put and then closes the connection.

func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.flush()
}

// run writes to conn until the outbox is closed or a write fails or takes longer
// than stuck, and then closes conn. What was written is wiped: it may hold cards.
func (o *outbox) run(conn net.Conn, stuck time.Duration) {
	defer conn.Close()
	var spare []byte
	for range o.wake {
		o.mu.Lock()
		burst, closed := o.frames, o.closed
		o.frames = spare
		o.mu.Unlock()
		err := write(conn, burst, stuck)
		clear(burst)
		spare = burst[:0]
		if err != nil || closed {
			o.close()
			return
		}
	}
}

func write(conn net.Conn, b []byte, stuck time.Duration) error {
	if len(b) == 0 {
		return nil
	}
	watch := time.AfterFunc(stuck, func() { _ = conn.Close() })
	defer watch.Stop()
	_, err := conn.Write(b)
	return err
}
