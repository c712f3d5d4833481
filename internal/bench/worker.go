package bench

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/clock"
)

const (
	dialTimeout  = 5 * time.Second
	redialPause  = 50 * time.Millisecond
	readBytes    = 16 << 10
	failureBytes = 600 // shown of the first failed answer
)

// worker is one connection of a load. Its client is hand-written: it costs a few
// percent of net/http's, which would be charged to the server it measures.
type worker struct {
	load    *Load
	heads   []string
	address string
	draw    *Draw
	phase   *atomic.Int32
	tally   tally
	due     time.Time // of the next request, at a pace

	conn    net.Conn // nil: dial first
	release func() bool
	br      *bufio.Reader
	request []byte
	body    []byte
	answer  answer

	lastRequest []byte // successful and not itself a replay; empty: none yet
	lastStatus  int
	lastBody    []byte
}

func newWorker(l *Load, heads []string, address string, d *Draw, phase *atomic.Int32) *worker {
	return &worker{
		load: l, heads: heads, address: address, draw: d, phase: phase,
		tally: tally{status: map[int]int64{}},
		br:    bufio.NewReaderSize(nil, readBytes),
	}
}

func (w *worker) run(ctx context.Context) {
	defer w.hangUp()
	for w.phase.Load() != over && ctx.Err() == nil {
		if w.conn == nil {
			if err := w.dial(ctx); err != nil {
				w.broken(ctx, err)
				_ = clock.System{}.Sleep(ctx, redialPause) // the loop's head sees ctx end
				continue
			}
		}
		replay := len(w.lastRequest) > 0 && w.draw.chance(w.load.Replay)
		if replay {
			w.request = append(w.request[:0], w.lastRequest...)
		} else {
			w.compose()
		}
		start := w.wait(ctx)
		took, err := w.exchange(start)
		if err != nil {
			w.hangUp()
			w.broken(ctx, err)
			continue
		}
		w.judge(replay, took)
		if w.answer.closing {
			w.hangUp()
		}
	}
}

func (w *worker) compose() {
	w.request = append(w.request[:0], w.draw.Pick(w.heads)...)
	if w.load.Body != nil {
		w.body = w.load.Body(w.draw, w.body[:0])
		w.request = append(w.request, "Idempotency-Key: "...)
		w.request = w.draw.appendKey(w.request)
		w.request = append(w.request, "\r\nContent-Length: "...)
		w.request = strconv.AppendInt(w.request, int64(len(w.body)), 10)
		w.request = append(w.request, "\r\n\r\n"...)
		w.request = append(w.request, w.body...)
		return
	}
	w.request = append(w.request, "\r\n"...)
}

// wait keeps the pace, and gives the moment from which the next request's time counts.
func (w *worker) wait(ctx context.Context) time.Time {
	if w.load.Every == 0 {
		return time.Now()
	}
	start := w.due
	w.due = w.due.Add(w.load.Every)
	_ = clock.System{}.Sleep(ctx, time.Until(start)) // the loop's head sees ctx end
	return start
}

func (w *worker) exchange(start time.Time) (took time.Duration, err error) {
	if err = w.conn.SetDeadline(time.Now().Add(w.load.Timeout)); err != nil {
		return 0, err
	}
	if _, err = w.conn.Write(w.request); err != nil {
		return 0, err
	}
	err = w.answer.read(w.br)
	return time.Since(start), err
}

// judge counts an answer. A success counts if it came within the measured time; a
// failure or a mismatch also if it came afterwards: a server that stalls must not
// look healthy because its callers were still waiting at the end.
func (w *worker) judge(replay bool, took time.Duration) {
	phase := w.phase.Load()
	good := w.answer.status >= 200 && w.answer.status < 300
	if phase == measuring || phase == over && !good {
		w.tally.add(w.answer.status, good, took)
	}
	if replay && phase != warming {
		same := w.answer.status == w.lastStatus && bytes.Equal(w.answer.body, w.lastBody)
		w.tally.replayed(same)
	}
	if !good && phase != warming {
		w.tally.explain(strconv.Itoa(w.answer.status) + " " + clip(w.answer.body))
	}
	if good && !replay && w.load.Replay > 0 {
		w.lastRequest = append(w.lastRequest[:0], w.request...)
		w.lastBody = append(w.lastBody[:0], w.answer.body...)
		w.lastStatus = w.answer.status
	}
}

// broken counts a request without an answer, unless the run itself was stopped.
func (w *worker) broken(ctx context.Context, err error) {
	if ctx.Err() != nil || w.phase.Load() == warming {
		return
	}
	w.tally.status[0]++
	w.tally.failed++
	w.tally.explain(err.Error())
}

func (w *worker) dial(ctx context.Context) error {
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "tcp", w.address)
	if err != nil {
		return err
	}
	w.conn = conn
	w.release = context.AfterFunc(ctx, func() { _ = conn.Close() }) // wakes a waiting read
	w.br.Reset(conn)
	return nil
}

func (w *worker) hangUp() {
	if w.conn != nil {
		w.release()
		_ = w.conn.Close()
		w.conn = nil
	}
}

func clip(b []byte) string {
	return string(bytes.TrimSpace(b[:min(len(b), failureBytes)]))
}
