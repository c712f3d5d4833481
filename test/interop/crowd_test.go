//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/florinpay/florin/test/process"
)

// crowd pays, whoever serves, and remembers what it was told of.
type crowd struct {
	servers  atomic.Pointer[[]*process.Process]
	pause    time.Duration // of each client between two payments, on average
	stranger string        // the key of another merchant, who is paid too; "": nobody
	mu       sync.Mutex
	told     map[string]bool // payments whose success was answered
	lost     int             // calls that did not end in a success
}

func newCrowd(pause time.Duration, servers ...*process.Process) *crowd {
	c := &crowd{pause: pause, told: map[string]bool{}}
	c.lead(servers)
	return c
}

// lead says who serves.
func (c *crowd) lead(servers []*process.Process) { c.servers.Store(&servers) }

// pay lets so many clients pay until stop, or until each has made so many payments.
func (c *crowd) pay(clients, each int, stop <-chan struct{}) (wait func()) {
	var work sync.WaitGroup
	for n := range clients {
		work.Go(func() {
			for i := 0; i < each; i++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(rand.Int64N(int64(2 * c.pause)))):
				}
				c.once(fmt.Sprint(n, "-", i))
			}
		})
	}
	return work.Wait
}

func (c *crowd) once(reference string) {
	servers := *c.servers.Load()
	s := servers[rand.IntN(len(servers))]
	key, source := s.Key, s.Wallet
	if rand.IntN(4) == 0 {
		source = "tok_visa"
	}
	if c.stranger != "" && rand.IntN(4) == 0 {
		key, source = c.stranger, "tok_visa"
	}
	body := fmt.Sprintf(`{"amount":%d,"currency":"USD","source":%q,"reference":%q}`, 1+rand.IntN(500), source, reference)
	r, err := http.NewRequest("POST", s.URL+"/v1/payments", strings.NewReader(body))
	if err != nil {
		return
	}
	r.Header = http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"}}
	a, err := send(http.DefaultClient, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	var p struct{ ID, Status string }
	switch {
	case err != nil || json.Unmarshal(a.body, &p) != nil || a.status != http.StatusOK || p.Status != "succeeded":
		c.lost++
	case key == s.Key:
		c.told[p.ID] = true
	}
}

// judge holds the log against what was answered: no success without its event.
func (c *crowd) judge(t *testing.T, log []string) {
	t.Helper()
	succeeded := map[string]bool{}
	for _, line := range log {
		if words := strings.Fields(line); words[2] == "payment.succeeded" {
			succeeded[words[3]] = true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for payment := range c.told {
		if !succeeded[payment] {
			t.Errorf("%s was answered as succeeded and has no such event", payment)
		}
	}
	t.Logf("%d payments succeeded, %d calls came to nothing that is known", len(c.told), c.lost)
	if len(c.told) == 0 {
		t.Error("nobody paid")
	}
}
