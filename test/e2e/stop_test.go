package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/florinpay/florin/test/process"
)

const stopClients = 32

// TestStopUnderLoad stops a server while many clients pay. What was acknowledged is
// there afterwards; nothing was done twice; the books close.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		seen, stop := s.load(t)
		time.Sleep(1500 * time.Millisecond)
		s.Stop(t)
		stop()
		if len(seen.acknowledged) < stopClients {
			t.Fatalf("only %d payments were acknowledged: no load", len(seen.acknowledged))
		}
		at.verified(t)
		again := dev(t, at)
		if again.Key != s.Key || again.Merchant != s.Merchant || again.Payer != s.Payer || again.Wallet != s.Wallet {
			t.Errorf("the restart has another world: %+v, was %+v", again.Ready, s.Ready)
		}
		seen.check(t, again)
		again.Stop(t)
		at.verified(t)
	})
}

// TestStopWithStragglers: clients that have sent half a request do not keep a server from
// ending well, in its time, and who was being answered is.
func TestStopWithStragglers(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		c := s.caller()
		paid := c.post(t, "/v1/payments", amount("100"), "Idempotency-Key", "before").wants(t, 200).field("id")
		for _, half := range []string{
			"POST /v1/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + s.Key + "\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{\"amount\":",
			"POST /florin.v1.PaymentService/CreatePayment HTTP/1.1\r\nHost: x\r\nContent-Type: application/proto\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
			"POST /v1/payments HTTP/1.1\r\nHost: x\r\nAuthor",
		} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, half); err != nil {
				t.Fatal(err)
			}
		}
		slow := make(chan answer, 1)
		go func() { // its bank is silent for three seconds
			a, _ := c.do("POST", "/v1/payments", []byte(`{"amount":100,"currency":"USD","source":"tok_unknown"}`))
			slow <- a
		}()
		time.Sleep(500 * time.Millisecond)
		s.Stop(t)
		if a := <-slow; a.status != 200 {
			t.Errorf("who was being answered got %d %s", a.status, a.body)
		}
		if said := s.Errors(); strings.Contains(said, "deadline exceeded") {
			t.Errorf("it ended with\n%s", said)
		}
		at.verified(t)
		again := dev(t, at)
		again.caller().get(t, "/v1/payments/"+paid).wants(t, 200, "status=succeeded")
		again.Stop(t)
	})
}

// seen is what the clients of a load were told.
type seen struct {
	mu           sync.Mutex
	acknowledged map[string]string // payment → idempotency key
	unanswered   []string          // keys
}

// load pays from many clients until stop is called: by wallet, by card, and with a
// card whose bank is slow.
func (s *server) load(t *testing.T) (*seen, func()) {
	t.Helper()
	done := make(chan struct{})
	var work sync.WaitGroup
	out := &seen{acknowledged: map[string]string{}}
	for n := range stopClients {
		work.Go(func() {
			c := s.caller()
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				key := fmt.Sprintf("load-%d-%d", n, i)
				a, err := c.do("POST", "/v1/payments", []byte(s.loadBody(n)), "Idempotency-Key", key)
				if !out.note(key, a, err) {
					return // the server is gone
				}
			}
		})
	}
	return out, sync.OnceFunc(func() {
		close(done)
		work.Wait()
	})
}

func (s *server) loadBody(n int) string {
	switch n % 8 {
	case 0:
		return `{"amount":100,"currency":"USD","source":"tok_late"}`
	case 1, 2:
		return `{"amount":100,"currency":"USD","source":"tok_visa"}`
	}
	return `{"amount":1,"currency":"USD","source":"` + s.Wallet + `"}`
}

func (o *seen) note(key string, a answer, err error) (goOn bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil || a.status != 200 {
		o.unanswered = append(o.unanswered, key)
		return false
	}
	o.acknowledged[a.field("id")] = key
	return true
}

// check finds every acknowledged payment, and asks again with the keys: those that
// were answered give the same payment, the others one and no more.
func (o *seen) check(t *testing.T, s *server) {
	t.Helper()
	c := s.caller()
	for id := range o.acknowledged {
		if a := c.get(t, "/v1/payments/"+id); a.status != 200 || a.field("id") != id {
			t.Errorf("the acknowledged payment %s: HTTP %d %s", id, a.status, a.body)
		}
	}
	for _, key := range o.unanswered {
		var n, i int
		if _, err := fmt.Sscanf(key, "load-%d-%d", &n, &i); err != nil {
			t.Fatal(err)
		}
		first := c.post(t, "/v1/payments", s.loadBody(n), "Idempotency-Key", key)
		second := c.post(t, "/v1/payments", s.loadBody(n), "Idempotency-Key", key)
		if first.status != 200 || second.status != 200 || first.field("id") != second.field("id") {
			t.Errorf("retries with %s: HTTP %d %s, then %d %s", key, first.status, first.body, second.status, second.body)
		}
		if _, twice := o.acknowledged[first.field("id")]; twice {
			t.Errorf("two keys have one payment: %s", key)
		}
	}
}

// TestRestart: a restart on the same data keeps the key, the merchant, the payer and
// the wallet working; a second restart after a kill does too.
func TestRestart(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		var balance int64 = 1_000_000_00
		var world process.Ready
		for i, end := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL, syscall.SIGINT} {
			s := dev(t, at)
			if i > 0 && (s.Key != world.Key || s.Merchant != world.Merchant || s.Payer != world.Payer || s.Wallet != world.Wallet) {
				t.Fatalf("the restart has another world: %+v, was %+v", s.Ready, world)
			}
			world = s.Ready
			c := s.caller()
			c.get(t, "/v1/wallets/"+s.Wallet).wants(t, 200, fmt.Sprintf("balance=%d", balance),
				"payer="+s.Payer, "currency=USD", "limit_per_payment=0", "limit_per_day=0")
			c.get(t, "/v1/payers/"+s.Payer).wants(t, 200)
			c.get(t, "/v1/merchants/"+s.Merchant).wants(t, 200, "state=active")
			c.post(t, "/v1/payments", `{"amount":73,"currency":"USD","source":"`+s.Wallet+`"}`).wants(t, 200, "status=succeeded", "amount_captured=73")
			balance -= 73
			a := c.get(t, "/readyz").wants(t, 200)
			if a.field("status") != "ok" {
				t.Errorf("/readyz says %s", a.body)
			}
			s.Kill(end)
		}
		info, err := os.Stat(filepath.Join(at.data, "sandbox.json"))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the kept key must be readable by its owner only: %v %v", info, err)
		}
		at.verified(t)
	})
}

// TestReadyFile holds the file to what scripts rely on.
func TestReadyFile(t *testing.T) {
	t.Parallel()
	at := sqlitePlace(t)
	s := dev(t, at)
	path := filepath.Join(s.Dir, "ready.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]string
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"url", "sandbox_rail", "sandbox_key", "merchant_id", "payer_id", "wallet_id"} {
		if all[name] == "" {
			t.Errorf("the ready file lacks %s: %s", name, text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the ready file holds a key and must be readable by its owner only: %v %v", info, err)
	}
}
