package bench

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Inbox is a server that webhooks are delivered to. Paths that begin with /hang get no answer.
type Inbox struct {
	URL    string
	server *http.Server
	mu     sync.Mutex
	late   histogram
	seen   map[string]bool // path and event: first attempts count
}

// OpenInbox listens on the loopback address.
func OpenInbox() (*Inbox, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Inbox{URL: "http://" + l.Addr().String(), seen: map[string]bool{}}
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = b.server.Serve(l) }() // until Close
	return b, nil
}

// ServeHTTP takes a delivery.
func (b *Inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if len(r.URL.Path) >= 5 && r.URL.Path[:5] == "/hang" {
		<-r.Context().Done()
		return
	}
	w.WriteHeader(http.StatusNoContent)
	happened, ok := Happened(text)
	b.mu.Lock()
	defer b.mu.Unlock()
	if key := r.URL.Path + r.Header.Get("webhook-id"); ok && !b.seen[key] {
		b.seen[key] = true
		b.late.add(time.Since(happened))
	}
}

// Delays tells how late first attempts came so far, and begins to count anew.
func (b *Inbox) Delays() Delays {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := Delays{int64(len(b.seen)), b.late.quantile(0.5), b.late.quantile(0.99), b.late.quantile(1)}
	b.late, b.seen = histogram{}, map[string]bool{}
	return d
}

// Close ends it.
func (b *Inbox) Close() error { return b.server.Close() }
