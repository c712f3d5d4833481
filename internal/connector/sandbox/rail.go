package sandbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/clock"
)

// Options say how a rail behaves.
type Options struct {
	Dir         string        // holds rail.book
	Latency     time.Duration // how long every answer takes
	SettleAfter time.Duration // how long tok_unknown stays unknown; 0: 2 s
	LateBy      time.Duration // how late tok_late is; 0: 5 s, past the client's timeout
	Clock       clock.Clock   // nil: the machine's
	Log         *slog.Logger  // nil: slog.Default()
}

const (
	settleAfterDefault = 2 * time.Second
	lateByDefault      = 5 * time.Second
	railStuck          = 30 * time.Second // a client that reads nothing for so long is cut off
)

// Rail is a running acquirer.
type Rail struct {
	o        Options
	listener net.Listener
	stop     context.CancelFunc
	work     sync.WaitGroup

	mu   sync.Mutex // guards book
	book *book

	latency atomic.Int64
	hanging atomic.Bool
	drops   atomic.Int64
}

// ServeRail starts a rail on l, which must be a loopback TCP listener, because
// test cards travel in the clear. It ends when ctx does or by Close.
func ServeRail(ctx context.Context, l net.Listener, o Options) (*Rail, error) {
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		return nil, fmt.Errorf("the sandbox rail listens on loopback only, not on %s", l.Addr())
	}
	if o.SettleAfter == 0 {
		o.SettleAfter = settleAfterDefault
	}
	if o.LateBy == 0 {
		o.LateBy = lateByDefault
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	b, err := openBook(o.Dir)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	r := &Rail{o: o, listener: l, stop: stop, book: b}
	r.SetLatency(o.Latency)
	r.work.Go(func() { r.accept(ctx) })
	return r, nil
}

// Address is where the rail listens, host:port.
func (r *Rail) Address() string { return r.listener.Addr().String() }

// Close cuts every connection and closes the book.
func (r *Rail) Close() error {
	r.stop()
	r.work.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.book.file.Close()
}

// SetLatency makes every answer from now on take d.
func (r *Rail) SetLatency(d time.Duration) { r.latency.Store(int64(d)) }

// Hang makes the rail act but answer nothing while on.
func (r *Rail) Hang(on bool) { r.hanging.Store(on) }

// Drop makes the rail break the connection in the middle of its next n answers.
func (r *Rail) Drop(n int) { r.drops.Store(int64(n)) }

func (r *Rail) accept(ctx context.Context) {
	end := context.AfterFunc(ctx, func() { _ = r.listener.Close() })
	defer end()
	for {
		conn, err := r.listener.Accept()
		if err == nil {
			r.work.Go(func() { r.converse(ctx, conn) })
			continue
		}
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			return
		}
		r.o.Log.Warn("sandbox rail cannot accept", "error", err)
		if r.o.Clock.Sleep(ctx, 100*time.Millisecond) != nil { // out of file descriptors: wait for some
			return
		}
	}
}
