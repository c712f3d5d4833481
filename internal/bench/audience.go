package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// Audience is streams of events that are held open, as clients that wait do.
type Audience struct {
	URL    string   // of the stream, with its query
	Keys   []string // API keys, which the streams share among them
	Size   int      // streams
	Socket bool     // WebSockets instead of server-sent events
}

// Hearing is an audience at its places.
type Hearing struct {
	stop   context.CancelFunc
	work   sync.WaitGroup
	ended  atomic.Int64
	mu     sync.Mutex
	late   histogram
	events int64
}

const openAtOnce = 64

// Open opens the streams, and returns once all of them have begun.
func (a Audience) Open(ctx context.Context) (*Hearing, error) {
	ctx, stop := context.WithCancel(ctx)
	h := &Hearing{stop: stop}
	slots, failures := make(chan struct{}, openAtOnce), make(chan error, a.Size)
	var opening sync.WaitGroup
	for i := range a.Size {
		slots <- struct{}{}
		opening.Add(1)
		h.work.Go(func() {
			read, err := a.open(ctx, a.Keys[i%len(a.Keys)])
			failures <- err
			<-slots
			opening.Done()
			if err == nil {
				h.hear(read)
			}
		})
	}
	opening.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			h.Close()
			return nil, err
		}
	}
	return h, nil
}

// open begins one stream; read gives its next message.
func (a Audience) open(ctx context.Context, key string) (read func() ([]byte, error), err error) {
	if a.Socket {
		c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(a.URL, "http"), &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + key}}}) //nolint:bodyclose // it is the connection
		if err != nil {
			return nil, err
		}
		c.SetReadLimit(1 << 20)
		return func() ([]byte, error) { _, text, err := c.Read(ctx); return text, err }, nil
	}
	at, err := url.Parse(a.URL)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: dialTimeout}
	c, err := d.DialContext(ctx, "tcp", at.Host)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = c.Close() })
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.URL, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if err := r.Write(c); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), r) //nolint:bodyclose // closed with the connection
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the stream is refused: HTTP %d", answer.StatusCode)
	}
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	return func() ([]byte, error) {
		if !lines.Scan() {
			return nil, errors.Join(errEnded, lines.Err())
		}
		return lines.Bytes(), nil
	}, nil
}

var errEnded = errors.New("the stream ended")

// hear takes the time of every event from when it was written down.
func (h *Hearing) hear(read func() ([]byte, error)) {
	defer h.ended.Add(1)
	for {
		text, err := read()
		if err != nil {
			return
		}
		if happened, ok := Happened(text); ok {
			late := time.Since(happened)
			h.mu.Lock()
			h.late.add(late)
			h.events++
			h.mu.Unlock()
		}
	}
}

// Happened finds in the text of an event when it was written down, which is before its
// commit.
func Happened(event []byte) (time.Time, bool) {
	const name = `"created_at":"`
	at := bytes.LastIndex(event, []byte(name))
	if at < 0 {
		return time.Time{}, false
	}
	text, _, _ := bytes.Cut(event[at+len(name):], []byte(`"`))
	t, err := time.Parse(time.RFC3339Nano, string(text))
	return t, err == nil
}

// Ended is how many of the streams are over.
func (h *Hearing) Ended() int64 { return h.ended.Load() }

// Close ends the streams.
func (h *Hearing) Close() {
	h.stop()
	h.work.Wait()
}

// Delays are how late events came.
type Delays struct {
	Events        int64
	P50, P99, Max time.Duration
}

// Delays tells how late the events came so far, and begins to count anew.
func (h *Hearing) Delays() Delays {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := Delays{h.events, h.late.quantile(0.5), h.late.quantile(0.99), h.late.quantile(1)}
	h.late, h.events = histogram{}, 0
	return d
}

// Text shows them.
func (d Delays) Text() string {
	return fmt.Sprintf("%d events, p50 %.1f ms, p99 %.1f ms, max %.0f ms", d.Events, ms(d.P50), ms(d.P99), ms(d.Max))
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
