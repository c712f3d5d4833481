//go:build interop

package interop

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/florinpay/florin/test/process"
)

// consumerSeconds is how long consumers and servers are killed under load, unless the
// environment says otherwise.
const consumerSeconds = 15

func secondsOfKilling(t *testing.T) time.Duration {
	t.Helper()
	n := consumerSeconds
	if text := os.Getenv("FLORIN_CONSUMER_SECONDS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatalf("FLORIN_CONSUMER_SECONDS: %v", err)
		}
	}
	return time.Duration(n) * time.Second
}

// trial is a server and its consumers, all of which die.
type trial struct {
	*testing.T
	place     []string
	server    *process.Process
	starts    int // of servers
	consumers []*consumer
	crowd     *crowd
}

// serve starts a server where the one before has left off, and leads everybody to it.
func (t *trial) serve() {
	t.Helper()
	t.server = process.Dev(t, binary, nil, t.place...)
	t.starts++
	for _, c := range t.consumers {
		c.cable.server.Store(t.server.Address())
	}
	if t.crowd != nil {
		t.crowd.server.Store(t.server)
	}
}

// killSome kills consumers by chance, and gives those that it killed.
func (t *trial) killSome(oneIn int) (dead []*consumer) {
	for _, c := range t.consumers {
		if rand.IntN(oneIn) == 0 {
			c.kill()
			dead = append(dead, c)
		}
	}
	return dead
}

func (t *trial) startAll(dead []*consumer) {
	t.Helper()
	for _, c := range dead {
		c.start(t.T, t.server.Key)
	}
}

// kill kills at random moments for so long: a consumer here and there, and every few
// seconds the server, whose consumers may die while it is away.
func (t *trial) kill(long time.Duration) {
	t.Helper()
	next := func() time.Time { return time.Now().Add(2*time.Second + rand.N(3*time.Second)) }
	death := next()
	for began := time.Now(); time.Since(began) < long; {
		time.Sleep(rand.N(600 * time.Millisecond))
		if time.Now().Before(death) {
			t.startAll(t.killSome(4))
			continue
		}
		t.server.Kill(syscall.SIGKILL)
		dead := t.killSome(2)
		t.serve()
		t.startAll(dead)
		death = next()
	}
}

// TestConsumersThatDie: consumers that keep the number of their last event, in Python and
// in JavaScript, are killed at random moments under load, and the server too. They have
// written down what the ledger shows: every event, once, in order.
func TestConsumersThatDie(t *testing.T) {
	long := secondsOfKilling(t)
	onBoth(t, func(t *testing.T, place []string) {
		s := &trial{T: t, place: place}
		s.serve()
		s.consumers = consumers(t, s.server.Address(), 0)
		s.startAll(s.consumers)
		s.crowd = newCrowd(s.server, 10*time.Millisecond)
		stop := make(chan struct{})
		wait := s.crowd.pay(6, 1<<30, stop)
		s.kill(long)
		close(stop)
		wait()
		s.judge()
		s.server.Stop(t)
	})
}

func (t *trial) judge() {
	t.Helper()
	end := listed(t.T, t.server)
	came := map[*consumer][]string{}
	for _, c := range t.consumers {
		came[c] = c.catchUp(t.T, numberOf(end[len(end)-1]))
	}
	// Read after what came: a payment that a dead server left open may have ended meanwhile.
	want := listed(t.T, t.server)
	for _, c := range t.consumers {
		t.Logf("%s: %d events of %d, in %d lives", c.name, len(came[c]), len(want), c.starts)
		if why := amiss(came[c], want); why != "" {
			t.Errorf("%s: %s", c.name, why)
		}
	}
	t.crowd.judge(t.T, want)
	verified := must(t.T, ".", nil, binary, append([]string{"ledger", "verify"}, t.place...)...)
	t.Logf("%d lives of the server; florin ledger verify: %s", t.starts, strings.ReplaceAll(strings.TrimSpace(verified), "\n", "; "))
}
