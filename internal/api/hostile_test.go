package api

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// rough is a client that speaks HTTP/2 frame by frame, in the clear.
type rough struct {
	t      *testing.T
	conn   net.Conn
	framer *http2.Framer
	key    string
	header bytes.Buffer
	hpack  *hpack.Encoder
}

// dialRough connects to a server for the house's door, changed as a test needs it.
func (h *house) dialRough(change func(*http.Server), settings ...http2.Setting) *rough {
	h.t.Helper()
	t := h.t.(*testing.T)
	server := httptest.NewUnstartedServer(nil)
	server.Config = h.door.HTTP()
	change(server.Config)
	server.Start()
	t.Cleanup(server.Close)
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &rough{t: t, conn: conn, framer: http2.NewFramer(conn, conn), key: h.key}
	c.hpack = hpack.NewEncoder(&c.header)
	c.must(io.WriteString(conn, http2.ClientPreface))
	c.must(0, c.framer.WriteSettings(settings...))
	return c
}

func (c *rough) must(_ int, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// ask begins a request.
func (c *rough) ask(stream uint32, p http2.HeadersFrameParam, verb, path string, more ...string) error {
	c.header.Reset()
	fields := append([]string{":method", verb, ":scheme", "http", ":authority", "x", ":path", path, "authorization", "Bearer " + c.key}, more...)
	for i := 0; i < len(fields); i += 2 {
		if err := c.hpack.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			return err
		}
	}
	p.StreamID, p.BlockFragment = stream, c.header.Bytes()
	return c.framer.WriteHeaders(p)
}

// read reads frames until one of stream's kind comes, or the connection ends.
func (c *rough) read(want func(http2.Frame) bool) error {
	for {
		f, err := c.framer.ReadFrame()
		if err != nil {
			return err
		}
		if want(f) {
			return nil
		}
	}
}

func unchanged(*http.Server) {}

// TestSlowBodyOverHTTP2: a body that never comes is given up, and paid for by nobody.
func TestSlowBodyOverHTTP2(t *testing.T) {
	h := newHouse(t)
	c := h.dialRough(func(s *http.Server) { s.ReadTimeout = 100 * time.Millisecond })
	c.must(0, c.ask(1, http2.HeadersFrameParam{EndHeaders: true}, "POST", "/v1/payments", "content-type", "application/json"))
	c.must(0, c.framer.WriteData(1, false, []byte(`{"amount":`)))
	var body bytes.Buffer
	c.must(0, c.read(func(f http2.Frame) bool {
		if d, ok := f.(*http2.DataFrame); ok {
			body.Write(d.Data())
			return d.StreamEnded()
		}
		return false
	}))
	if !strings.Contains(body.String(), "body_incomplete") {
		t.Errorf("a slow body gets %s", body.String())
	}
	if h.till.paid != 0 {
		t.Error("a payment was made")
	}
}

// TestLyingLengthOverHTTP2: a body that is longer or shorter than its content-length is
// never carried out. Source: RFC 9113 §8.1.1, which permits an answer before the reset.
func TestLyingLengthOverHTTP2(t *testing.T) {
	h := newHouse(t)
	for length, ended := range map[string]func(http2.Frame) bool{
		"3": func(f http2.Frame) bool {
			reset, ok := f.(*http2.RSTStreamFrame)
			return ok && reset.ErrCode == http2.ErrCodeProtocol
		},
		"300": func(f http2.Frame) bool {
			d, ok := f.(*http2.DataFrame)
			return ok && bytes.Contains(d.Data(), []byte("body_incomplete"))
		},
	} {
		c := h.dialRough(unchanged)
		c.must(0, c.conn.SetReadDeadline(time.Now().Add(10*time.Second)))
		c.must(0, c.ask(1, http2.HeadersFrameParam{EndHeaders: true}, "POST", "/v1/payments", "content-type", "application/json", "content-length", length))
		c.must(0, c.framer.WriteData(1, true, []byte(pay)))
		if err := c.read(ended); err != nil {
			t.Errorf("%d bytes that say that they are %s: %v", len(pay), length, err)
		}
	}
	if h.till.paid != 0 {
		t.Error("a request of another length than it said was carried out")
	}
}

// TestSlowHeaderOverHTTP2: who does not finish a header loses the connection, in the
// first request and in a later one.
func TestSlowHeaderOverHTTP2(t *testing.T) {
	h := newHouse(t)
	for name, earlier := range map[string]bool{"first": false, "later": true} {
		t.Run(name, func(t *testing.T) {
			h.t = t
			c := h.dialRough(func(s *http.Server) { s.ReadHeaderTimeout, s.IdleTimeout = 100*time.Millisecond, 100*time.Millisecond })
			stream := uint32(1)
			if earlier {
				c.must(0, c.ask(1, http2.HeadersFrameParam{EndHeaders: true, EndStream: true}, "GET", "/healthz"))
				c.must(0, c.read(func(f http2.Frame) bool {
					return f.Header().StreamID == 1 && f.Header().Flags.Has(http2.FlagDataEndStream)
				}))
				stream = 3
			}
			c.must(0, c.ask(stream, http2.HeadersFrameParam{EndStream: true}, "GET", "/healthz"))
			if err := c.read(func(f http2.Frame) bool { return f.Header().StreamID == stream }); err == nil {
				t.Error("half a header was answered")
			}
		})
	}
	h.t = t
}

// TestRapidReset: streams that are opened and reset at once never run more handlers
// than streams are allowed, and others are served meanwhile (CVE-2023-44487).
func TestRapidReset(t *testing.T) {
	h := newHouse(t)
	var now, most atomic.Int64
	gate := make(chan struct{})
	c := h.dialRough(func(s *http.Server) {
		inner := s.Handler
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := now.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-gate
			inner.ServeHTTP(w, r)
			now.Add(-1)
		})
	})
	ended := make(chan error, 1)
	go func() { ended <- c.read(func(http2.Frame) bool { return false }) }() // until the connection ends
	for stream := uint32(1); stream < 20_000; stream += 2 {
		err := c.ask(stream, http2.HeadersFrameParam{EndHeaders: true, EndStream: true}, "GET", "/v1/payments")
		if err == nil {
			err = c.framer.WriteRSTStream(stream, http2.ErrCodeCancel)
		}
		if err != nil {
			break // hung up on, as it should be
		}
	}
	if err := <-ended; err == nil {
		t.Error("the connection is still open")
	}
	h.ask("GET", "/v1/payments", "").expect(t, 200, "")
	close(gate)
	if got := most.Load(); got == 0 || got > streamsMax {
		t.Errorf("%d handlers ran at once, at most %d may", got, streamsMax)
	}
}

// TestSlowReaders: a hundred callers who ask for compressed lists and do not read them
// hold their answers, and no compressor.
func TestSlowReaders(t *testing.T) {
	h := newHouse(t)
	h.payMany(60)
	const readers, eachMax = 100, 160 << 10
	for _, coding := range []string{"gzip", "zstd"} {
		c := h.dialRough(unchanged, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
		before := heap()
		for i := range uint32(readers) {
			c.must(0, c.ask(2*i+1, http2.HeadersFrameParam{EndHeaders: true, EndStream: true}, "GET", "/v1/events?limit=60", "accept-encoding", coding))
		}
		answered := 0
		c.must(0, c.read(func(f http2.Frame) bool {
			if _, ok := f.(*http2.HeadersFrame); ok {
				answered++
			}
			return answered == readers
		}))
		if grown := heap() - before; grown > readers*eachMax {
			t.Errorf("%s: %d KiB for each slow reader, at most %d are fair", coding, grown/readers>>10, eachMax>>10)
		} else {
			t.Logf("%s: %d KiB for each slow reader", coding, max(grown, 0)/readers>>10)
		}
		c.conn.Close()
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // what the pools kept goes at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestUnreadAnswerIsGivenUp: an answer that nobody reads ends with the server's limit,
// not with the reader's patience.
func TestUnreadAnswerIsGivenUp(t *testing.T) {
	h := newHouse(t)
	h.payMany(10)
	c := h.dialRough(func(s *http.Server) { s.WriteTimeout = 200 * time.Millisecond }, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	c.must(0, c.ask(1, http2.HeadersFrameParam{EndHeaders: true, EndStream: true}, "GET", "/v1/events", "accept-encoding", "gzip"))
	reset := errors.New("the stream is still open")
	c.must(0, c.read(func(f http2.Frame) bool {
		if _, ok := f.(*http2.RSTStreamFrame); ok {
			reset = nil
		}
		return reset == nil
	}))
}
