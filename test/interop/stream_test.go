//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
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

// consumer is a program that writes down every event that comes to it.
type consumer struct {
	name    string
	command []string
	cable   *cable
	store   string // its file
	stubs   string // folder of what grpcio needs to know of the contract
	process *process.Process
	starts  int
}

// consumers are programs on libraries that others wrote, each at a cable of its own. The
// contract is asked of s.
func consumers(t *testing.T, s *process.Process, most int64, servers ...string) []*consumer {
	t.Helper()
	contract := stubs(t, s)
	scripts := stage(t, "testdata/stream")
	python := tool(t, pythonTools, "python")
	var list []*consumer
	for _, name := range []string{"ws.mjs", "sse.mjs", "ws.py", "lines.py", "rpc.py"} {
		command := []string{"node", filepath.Join(scripts, name)}
		if filepath.Ext(name) == ".py" {
			command = []string{python, "-B", filepath.Join(scripts, name)}
		}
		list = append(list, &consumer{name: name, command: command, cable: newCable(t, most, servers...), store: filepath.Join(t.TempDir(), "events"), stubs: contract})
	}
	return list
}

func (c *consumer) start(t *testing.T, key string) {
	t.Helper()
	c.starts++
	environment := []string{"URL=" + c.cable.URL, "KEY=" + key, "STORE=" + c.store, "NO_PROXY=127.0.0.1", "NODE_NO_WARNINGS=1", "PYTHONPATH=" + c.stubs}
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

// TestStreamClients: programs on libraries that others wrote take a stream while payments
// happen. Their connections break off amid it, and they have each event once.
func TestStreamClients(t *testing.T) {
	onBoth(t, func(t *testing.T, place []string) {
		s := process.Dev(t, binary, nil, place...)
		t.Cleanup(func() { s.Stop(t) })
		all := consumers(t, s, 30_011, s.Address())
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
