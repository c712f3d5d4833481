//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/test/process"
)

// onBoth runs fn on an empty place of each engine, side by side: the flags that name it.
func onBoth(t *testing.T, fn func(t *testing.T, place []string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, []string{"--data", filepath.Join(t.TempDir(), "data")})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, []string{"--data", filepath.Join(t.TempDir(), "data"), "--database", dbtest.PostgresURL(t)})
	})
}

// cable stands between a client and servers, each connection to one of them by chance. They
// may be others after a while. It breaks off.
type cable struct {
	URL     string
	servers atomic.Pointer[[]string] // their hosts and ports
	most    int64                    // bytes of answers before it breaks off; 0: it does not
	breaks  atomic.Int64
}

func newCable(t *testing.T, most int64, servers ...string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c := &cable{URL: "http://" + l.Addr().String(), most: most}
	c.lead(servers)
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(near.(*net.TCPConn))
		}
	}()
	return c
}

// lead says which servers there are.
func (c *cable) lead(servers []string) { c.servers.Store(&servers) }

// carry carries one connection until either end, or the cable, breaks it.
func (c *cable) carry(near *net.TCPConn) {
	defer near.Close()
	servers := *c.servers.Load()
	far, err := net.Dial("tcp", servers[rand.IntN(len(servers))])
	if err != nil {
		return
	}
	defer far.Close()
	go func() {
		_, _ = io.Copy(far, near)
		_ = far.Close()
	}()
	if c.most == 0 {
		_, _ = io.Copy(near, far)
		return
	}
	if n, _ := io.CopyN(near, far, c.most); n == c.most {
		c.breaks.Add(1)
	}
	if rand.IntN(2) == 0 {
		_ = near.SetLinger(0) // a reset; else an end that nobody announced
	}
}

// consumer is a program that writes down every event that comes to it.
type consumer struct {
	name    string
	command []string
	cable   *cable
	store   string // its file
	process *process.Process
	starts  int
}

// consumers are programs on libraries that others wrote, each at a cable of its own.
func consumers(t *testing.T, most int64, servers ...string) []*consumer {
	t.Helper()
	scripts := stage(t, "testdata/stream")
	python := tool(t, pythonTools, "python")
	var list []*consumer
	for _, name := range []string{"ws.mjs", "sse.mjs", "ws.py", "lines.py"} {
		command := []string{"node", filepath.Join(scripts, name)}
		if filepath.Ext(name) == ".py" {
			command = []string{python, "-B", filepath.Join(scripts, name)}
		}
		list = append(list, &consumer{name: name, command: command, cable: newCable(t, most, servers...), store: filepath.Join(t.TempDir(), "events")})
	}
	return list
}

func (c *consumer) start(t *testing.T, key string) {
	t.Helper()
	c.starts++
	environment := []string{"URL=" + c.cable.URL, "KEY=" + key, "STORE=" + c.store, "NO_PROXY=127.0.0.1", "NODE_NO_WARNINGS=1"}
	c.process = process.Launch(t, c.command[0], t.TempDir(), environment, c.command[1:]...)
}

func (c *consumer) kill() { c.process.Kill(syscall.SIGKILL) }

// lines are what it has written down: of each event number, id, type and object.
func (c *consumer) lines() []string {
	text, _ := os.ReadFile(c.store) // before it has started there is none
	whole := strings.LastIndexByte(string(text), '\n') + 1
	return strings.Split(strings.TrimSuffix(string(text[:whole]), "\n"), "\n")
}

func numberOf(line string) int64 {
	text, _, _ := strings.Cut(line, " ")
	n, _ := strconv.ParseInt(text, 10, 64) // 0 of nothing
	return n
}

// catchUp waits until it has the event of a number, and a little for what should not come.
func (c *consumer) catchUp(t *testing.T, number int64) []string {
	t.Helper()
	for began := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		lines := c.lines()
		if numberOf(lines[len(lines)-1]) >= number {
			time.Sleep(300 * time.Millisecond)
			return c.lines()
		}
		select {
		case <-c.process.Ended:
			t.Fatalf("%s ended by itself with %d:\n%s", c.name, c.process.Code, c.process.Errors())
		default:
		}
		if time.Since(began) > time.Minute {
			t.Errorf("%s came to %q only, not to %d:\n%s", c.name, lines[len(lines)-1], number, c.process.Errors())
			return lines
		}
	}
}

// listed are the events of the ledger as the API lists them, in their order: as lines of
// number, id, type and object.
func listed(t *testing.T, s *process.Process) []string {
	t.Helper()
	var lines []string
	for cursor := ""; ; {
		a := ask(t, s, "GET", "/v1/events?limit=100"+cursor, "")
		var page struct {
			Data []struct {
				ID, Type string
				Sequence int64
				Related  struct{ ID string }
			}
			More bool   `json:"has_more"`
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal(a.body, &page); err != nil || a.status != http.StatusOK {
			t.Fatalf("%d %v: %s", a.status, err, a.body)
		}
		for _, e := range page.Data {
			lines = append(lines, fmt.Sprintf("%d %s %s %s", e.Sequence, e.ID, e.Type, e.Related.ID))
		}
		if cursor = "&starting_after=" + page.Next; !page.More {
			break
		}
	}
	slices.Reverse(lines)
	return lines
}

// amiss says where what came is not what is listed, from the first on; "" if nowhere. What
// is listed may go on after it.
func amiss(came, listed []string) string {
	for i, line := range came {
		switch {
		case i < len(listed) && line == listed[i]:
		case i > 0 && numberOf(line) <= numberOf(came[i-1]):
			return fmt.Sprintf("doubled or out of order: %q after %q", line, came[i-1])
		case i < len(listed) && numberOf(line) > numberOf(listed[i]):
			return fmt.Sprintf("a gap: %q came where %q is listed", line, listed[i])
		default:
			return fmt.Sprintf("%q came and is not listed", line)
		}
	}
	return ""
}

// TestTheJudgeOfStreams: what is amiss is seen.
func TestTheJudgeOfStreams(t *testing.T) {
	listed := []string{"3 a x", "5 b x", "6 c x", "9 d x"}
	for name, c := range map[string]struct{ came, want string }{
		"all":          {"3 a x,5 b x,6 c x,9 d x", ""},
		"not yet all":  {"3 a x,5 b x", ""},
		"a gap":        {"3 a x,6 c x,9 d x", "a gap"},
		"the first":    {"5 b x", "a gap"},
		"a double":     {"3 a x,5 b x,5 b x,6 c x", "doubled"},
		"out of order": {"3 a x,6 c x,5 b x", "a gap"},
		"again":        {"3 a x,5 b x,3 a x", "doubled"},
		"invented":     {"3 a x,4 e x", "not listed"},
		"another":      {"3 a x,5 f x", "not listed"},
		"beyond":       {"3 a x,5 b x,6 c x,9 d x,10 e x", "not listed"},
	} {
		got := amiss(strings.Split(c.came, ","), listed)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

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

// TestStreamClients: programs on libraries that others wrote take a stream while payments
// happen. Their connections break off amid it, and they have each event once.
func TestStreamClients(t *testing.T) {
	onBoth(t, func(t *testing.T, place []string) {
		s := process.Dev(t, binary, nil, place...)
		t.Cleanup(func() { s.Stop(t) })
		all := consumers(t, 30_011, s.Address())
		for _, c := range all {
			c.start(t, s.Key)
		}
		payers := newCrowd(30*time.Millisecond, s)
		payers.pay(4, 75, nil)()
		want := listed(t, s)
		payers.judge(t, want)
		for _, c := range all {
			came := c.catchUp(t, numberOf(want[len(want)-1]))
			t.Logf("%s: %d events of %d, broken off %d times", c.name, len(came), len(want), c.cable.breaks.Load())
			if why := amiss(came, want); why != "" {
				t.Errorf("%s: %s", c.name, why)
			}
			if c.cable.breaks.Load() < 3 {
				t.Errorf("%s was broken off %d times only", c.name, c.cable.breaks.Load())
			}
		}
	})
}
