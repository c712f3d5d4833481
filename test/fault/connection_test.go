package fault

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// raw is a payment's header as bytes on the wire; with its body behind it the test
// may cut it where it likes.
func (c *api) raw(key string, body []byte) (head string) {
	return fmt.Sprintf("POST /v1/payments HTTP/1.1\r\nHost: florin\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"+
		"Idempotency-Key: %s\r\nContent-Length: %d\r\n\r\n", c.world.Key, key, len(body))
}

func (c *api) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.world.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

// reset closes a connection so that the server's next word bounces.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

// TestConnectionLost cuts the caller's connection at every place of a request: a
// retry with the same key makes one payment out of it.
func TestConnectionLost(t *testing.T) {
	onBoth(t, func(t *testing.T, p place) {
		s := start(t, p)
		l := newLoad(t)
		r := chance(t)
		for n := range 120 {
			i := l.newPayment(s.world, r)
			if i.Source == "tok_unknown" {
				continue
			}
			if err := l.oracle.keep(record{Intent: i}); err != nil {
				t.Fatal(err)
			}
			head := s.api.raw(i.Key, i.Body)
			whole := head + string(i.Body)
			conn := s.api.dial(t)
			switch n % 4 {
			case 0: // all of it, and gone at once
				_, _ = io.WriteString(conn, whole)
				reset(conn)
			case 1: // all of it, and gone a moment later
				_, _ = io.WriteString(conn, whole)
				time.Sleep(time.Duration(r.Int64N(int64(3 * time.Millisecond))))
				reset(conn)
			case 2: // cut anywhere
				_, _ = io.WriteString(conn, whole[:r.IntN(len(whole))])
				reset(conn)
			case 3: // cut in the body, politely, and the answer is never read
				_, _ = io.WriteString(conn, whole[:len(head)+r.IntN(len(i.Body))])
				_ = conn.Close()
			}
			l.send(s.api, i)
		}
		l.finish(s)
	})
}

// TestSlowClients holds many connections open with requests that never end. Others
// are served meanwhile, and the server hangs up on the slow ones.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	const slow, patience = 200, 40 * time.Second // the server's own is 30 s for a request, 10 s for its header
	p := sqlitePlace(t)
	s := start(t, p)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var longest time.Duration
	for n := range slow {
		conn := s.api.dial(t)
		key := fmt.Sprintf("slow-%d", n)
		body, err := json.Marshal(map[string]any{"amount": 1, "currency": "USD", "source": s.world.Wallet, "reference": key})
		if err != nil {
			t.Fatal(err)
		}
		head := s.api.raw(key, body)
		whole := head + string(body)
		sent := len(head) + 1
		if n%2 == 0 {
			sent = 40 // amid the header
		}
		if _, err := io.WriteString(conn, whole[:sent]); err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			took := trickle(conn, whole[sent:len(whole)-1], patience)
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, took)
		})
	}
	for n := range 100 {
		began := time.Now()
		a, err := s.api.pay(fmt.Sprintf("quick-%d", n), s.world.Wallet, 1)
		if err != nil || a.status != http.StatusOK {
			t.Fatalf("a payment beside slow clients: %v %s", err, a)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("a payment beside slow clients took %s", took)
		}
	}
	wg.Wait()
	if longest >= patience {
		t.Errorf("a slow client was still connected after %s", patience)
	}
	t.Logf("the last slow client was cut after %s", longest.Round(time.Second))
	for n := range slow {
		if a, err := s.api.pay(fmt.Sprintf("slow-%d", n), s.world.Wallet, 1); err != nil || a.status != http.StatusOK || a.replayed {
			t.Fatalf("the retry of a request that never ended: %v %s", err, a)
		}
	}
	if got, want := s.api.balance(t, s.world.Wallet), int64(walletFunds-100-slow); got != want {
		t.Errorf("the wallet has %d, want %d", got, want)
	}
	p.verify(t)
}

// trickle sends a byte now and then until the server hangs up, and says when.
func trickle(conn *net.TCPConn, rest string, patience time.Duration) time.Duration {
	began := time.Now()
	go func() {
		for _, b := range []byte(rest) {
			time.Sleep(2 * time.Second)
			if _, err := conn.Write([]byte{b}); err != nil {
				return
			}
		}
	}()
	_ = conn.SetReadDeadline(began.Add(patience))
	_, _ = io.Copy(io.Discard, conn) // an answer, a reset, or the end of our patience
	return time.Since(began)
}
