//go:build interop

package interop

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
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

// trial are servers on one database and their consumers, all of which die.
type trial struct {
	*testing.T
	place     []string
	servers   []*process.Process
	rail      string // address of the first server's, which the others need
	starts    int    // of servers
	consumers []*consumer
	crowd     *crowd
}

// newTrial starts so many servers and, on them, consumers and a crowd. Payments of another
// merchant are between those whose events are consumed.
func newTrial(t *testing.T, place []string, servers int) *trial {
	t.Helper()
	s := &trial{T: t, place: place, servers: make([]*process.Process, servers), rail: fmt.Sprint("127.0.0.1:", freePort(t))}
	s.crowd = newCrowd(10 * time.Millisecond)
	s.florin("migrate")
	other := s.florin("merchant", "create", "Next Door")
	s.crowd.stranger = s.florin("key", "create", "--rate", "0", other)
	for i := range s.servers {
		s.serve(i)
	}
	s.consumers = consumers(t, s.servers[0], 0)
	s.lead()
	s.startAll(s.consumers)
	return s
}

// florin runs a command of the binary at the trial's place.
func (t *trial) florin(args ...string) string {
	t.Helper()
	return strings.TrimSpace(must(t.T, ".", nil, binary, append(args, t.place...)...))
}

// serve starts a server where the one before has left off, and leads everybody to it.
func (t *trial) serve(i int) {
	t.Helper()
	rail := "--sandbox-rail"
	if i == 0 {
		rail = "--sandbox-rail-listen"
	}
	t.servers[i] = process.Dev(t, binary, nil, append([]string{rail, t.rail}, t.place...)...)
	t.starts++
	t.lead()
}

// lead leads everybody to the servers that serve.
func (t *trial) lead() {
	serving := slices.DeleteFunc(slices.Clone(t.servers), func(s *process.Process) bool { return s == nil })
	t.crowd.lead(serving)
	var addresses []string
	for _, s := range serving {
		addresses = append(addresses, s.Address())
	}
	for _, c := range t.consumers {
		c.cable.lead(addresses)
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
		c.start(t.T, t.servers[0].Key)
	}
}

// kill kills at random moments for so long: a consumer here and there, and every few
// seconds a server, whose consumers may die while it is away.
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
		i := rand.IntN(len(t.servers))
		signal := syscall.SIGKILL
		if rand.IntN(4) == 0 {
			signal = syscall.SIGTERM // told to stop, it tells its consumers why their streams end
		}
		t.servers[i].Kill(signal)
		dead := t.killSome(2)
		t.serve(i)
		t.startAll(dead)
		death = next()
	}
}

// TestConsumersThatDie: consumers that keep the number of their last event, in Python and
// in JavaScript, are killed at random moments under load, and the servers too. They have
// written down what the ledger shows: every event, once, in order.
func TestConsumersThatDie(t *testing.T) {
	long := secondsOfKilling(t)
	onBoth(t, func(t *testing.T, place []string) {
		s := newTrial(t, place, len(place)/2) // two on PostgreSQL: what one writes another streams
		stop := make(chan struct{})
		wait := s.crowd.pay(6, 1<<30, stop)
		s.kill(long)
		close(stop)
		wait()
		s.judge()
		for i := range s.servers { // the first has the rail of all
			s.servers[len(s.servers)-1-i].Stop(t)
		}
	})
}

func (t *trial) judge() {
	t.Helper()
	end := listed(t.T, t.servers[0])
	came := map[*consumer][]string{}
	for _, c := range t.consumers {
		came[c] = c.catchUp(t.T, numberOf(end[len(end)-1]))
	}
	// Read after what came: a payment that a dead server left open may have ended meanwhile.
	want := listed(t.T, t.servers[0])
	for _, c := range t.consumers {
		t.Logf("%s: %d events of %d, in %d lives", c.name, len(came[c]), len(want), c.starts)
		if why := amiss(came[c], want); why != "" {
			t.Errorf("%s: %s", c.name, why)
		}
	}
	t.crowd.judge(t.T, want)
	if numberOf(want[len(want)-1]) <= int64(len(want)) {
		t.Error("nothing of another merchant is between the events")
	}
	t.Logf("%d lives of %d servers; florin ledger verify: %s", t.starts, len(t.servers), strings.ReplaceAll(t.florin("ledger", "verify"), "\n", "; "))
}
