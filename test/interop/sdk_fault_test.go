//go:build interop

package interop

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"testing"
)

// fault is what a faulty machine does with a call that it sees for the first time.
// Whatever comes again it carries through.
type fault func(m *machine, client *net.TCPConn, r *http.Request)

// faults are the machines that tests of the client libraries find in their
// environment: each stands between them and the platform.
var faults = map[string]fault{
	// The platform does what is asked, and its answer is lost.
	"FLORIN_DROP_URL": func(m *machine, client *net.TCPConn, r *http.Request) {
		if answer, err := m.ask(r); err == nil {
			_ = answer.Body.Close()
		}
		_ = client.SetLinger(0) // a reset, as from a machine that lost its power
	},
	// A gateway is busy.
	"FLORIN_BUSY_URL": func(_ *machine, client *net.TCPConn, _ *http.Request) {
		_, _ = client.Write([]byte("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"))
	},
	// Nobody answers until the caller has had enough.
	"FLORIN_HANG_URL": func(_ *machine, client *net.TCPConn, _ *http.Request) {
		_, _ = client.Read(make([]byte, 1))
	},
}

// machine is one that fails.
type machine struct {
	platform string // host and port
	fault    fault
	mu       sync.Mutex
	seen     map[string]bool
}

// startMachine puts one in front of the platform at an address and gives its URL.
func startMachine(t *testing.T, platform string, f fault) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	m := &machine{platform: platform, fault: f, seen: map[string]bool{}}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go m.serve(client.(*net.TCPConn))
		}
	}()
	return "http://" + l.Addr().String()
}

// serve carries one call, or fails it.
func (m *machine) serve(client *net.TCPConn) {
	defer client.Close()
	r, err := http.ReadRequest(bufio.NewReader(client))
	if err != nil {
		return
	}
	if m.first(r) {
		m.fault(m, client, r)
		return
	}
	answer, err := m.ask(r)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	answer.Close = true
	_ = answer.Write(client)
}

// first says whether a call is new: a try of the same call has the same key, and a read
// the same URL.
func (m *machine) first(r *http.Request) bool {
	name := r.Method + r.RequestURI + r.Header.Get("Idempotency-Key")
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() { m.seen[name] = true }()
	return !m.seen[name] || r.Method == "POST" && r.Header.Get("Idempotency-Key") == ""
}

func (m *machine) ask(r *http.Request) (*http.Response, error) {
	r.URL.Scheme, r.URL.Host = "http", m.platform
	return http.DefaultTransport.RoundTrip(r)
}
