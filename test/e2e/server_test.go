package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db/dbtest"
)

// place is where a server keeps its data.
type place struct {
	data     string // folder
	database string // URL of PostgreSQL; "" for SQLite in the folder
}

// eachEngine runs fn at a fresh place on SQLite and at one on PostgreSQL, side by side.
func eachEngine(t *testing.T, fn func(t *testing.T, at place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, sqlitePlace(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		at := sqlitePlace(t)
		at.database = dbtest.PostgresURL(t)
		fn(t, at)
	})
}

func sqlitePlace(t *testing.T) place {
	return place{data: filepath.Join(t.TempDir(), "data")}
}

func (p place) flags() []string {
	if p.database != "" {
		return []string{"--data", p.data, "--database", p.database}
	}
	return []string{"--data", p.data}
}

// ready is what the ready file tells.
type ready struct {
	URL      string `json:"url"`
	OpsURL   string `json:"ops_url"`
	Key      string `json:"sandbox_key"`
	Merchant string `json:"merchant_id"`
	Payer    string `json:"payer_id"`
	Wallet   string `json:"wallet_id"`
}

// server is a running florin.
type server struct {
	ready
	place
	dir     string // of its ready file and what it prints
	process *exec.Cmd
	ended   chan struct{}
	code    int // once ended
}

const (
	startWait = 30 * time.Second
	stopWait  = 30 * time.Second // the promise of a graceful stop
)

// dev starts 'florin dev' at a place and stops it when the test ends.
func dev(t *testing.T, at place, more ...string) *server { return devIn(t, at, nil, more...) }

func devIn(t *testing.T, at place, environment []string, more ...string) *server {
	t.Helper()
	dir := t.TempDir()
	args := append([]string{"dev", "--listen", "127.0.0.1:0", "--ready-file", filepath.Join(dir, "ready.json")}, at.flags()...)
	s := launch(t, at, dir, environment, append(args, more...)...)
	s.await(t, func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "ready.json"))
		return err == nil && json.Unmarshal(text, &s.ready) == nil
	})
	return s
}

// launch starts a florin that runs until it is stopped, printing into dir.
func launch(t *testing.T, at place, dir string, environment []string, args ...string) *server {
	t.Helper()
	s := &server{place: at, dir: dir, ended: make(chan struct{})}
	out, errs := create(t, s.printed("out")), create(t, s.printed("err"))
	defer out.Close()
	defer errs.Close()
	s.process = exec.Command(binary, args...)
	s.process.Stdout, s.process.Stderr = out, errs
	s.process.Env = append(clean(), environment...)
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.process.Wait() // its state says all
		s.code = s.process.ProcessState.ExitCode()
		close(s.ended)
	}()
	t.Cleanup(func() { s.kill(syscall.SIGKILL) })
	return s
}

// clean is the environment without settings of florin's own.
func clean() (list []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "FLORIN_") {
			list = append(list, v)
		}
	}
	return list
}

func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// printed is the file with what the server printed: "out" or "err".
func (s *server) printed(what string) string { return filepath.Join(s.dir, "printed."+what) }

func (s *server) errors() string {
	text, err := os.ReadFile(s.printed("err"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (s *server) await(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(startWait); !done(); time.Sleep(10 * time.Millisecond) {
		select {
		case <-s.ended:
			t.Fatalf("florin ended with %d while starting:\n%s", s.code, s.errors())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("florin is not ready after %s:\n%s", startWait, s.errors())
		}
	}
}

// kill sends a signal and waits for the end.
func (s *server) kill(signal syscall.Signal) {
	_ = s.process.Process.Signal(signal) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(stopWait + 10*time.Second):
	}
}

// stop ends the server as an operator does, and holds it to its promise.
func (s *server) stop(t *testing.T) {
	t.Helper()
	began := time.Now()
	s.kill(syscall.SIGTERM)
	if took := time.Since(began); took > stopWait {
		t.Errorf("a graceful stop took %s, the promise is %s", took, stopWait)
	}
	if s.code != 0 {
		t.Errorf("a graceful stop ended with %d:\n%s", s.code, s.errors())
	}
}

// printout is what a command of florin said.
type printout struct {
	code      int
	out, errs string
}

// florin runs a command to its end.
func florin(t *testing.T, args ...string) printout { return florinIn(t, nil, args...) }

func florinIn(t *testing.T, environment []string, args ...string) printout {
	t.Helper()
	var out, errs bytes.Buffer
	c := exec.CommandContext(t.Context(), binary, args...)
	c.Stdout, c.Stderr, c.Env = &out, &errs, append(clean(), environment...)
	c.WaitDelay = time.Second
	err := c.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatalf("florin %s: %v", strings.Join(args, " "), err)
	}
	return printout{c.ProcessState.ExitCode(), strings.TrimSpace(out.String()), strings.TrimSpace(errs.String())}
}

// at runs a command of florin at a place.
func (p place) florin(t *testing.T, args ...string) printout {
	t.Helper()
	return florin(t, append(args, p.flags()...)...)
}

// must runs a command of florin at a place; it has to succeed. It gives what was printed.
func (p place) must(t *testing.T, args ...string) string {
	t.Helper()
	said := p.florin(t, args...)
	if said.code != 0 {
		t.Fatalf("florin %s: exit %d\n%s\n%s", strings.Join(args, " "), said.code, said.out, said.errs)
	}
	return said.out
}

// verified holds the ledger of a place to account.
func (p place) verified(t *testing.T) {
	t.Helper()
	p.must(t, "ledger", "verify")
}

func (s *server) processID() string { return strconv.Itoa(s.process.Process.Pid) }
