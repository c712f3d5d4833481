package fault

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is one running process of the program.
type server struct {
	t     testing.TB
	place place
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
	log   string        // file of what it prints
	ready string
	world world
	took  time.Duration // from its start to ready
	api   *api
}

// world is what the ready file holds.
type world struct {
	URL      string `json:"url"`
	Key      string `json:"sandbox_key"`
	Merchant string `json:"merchant_id"`
	Payer    string `json:"payer_id"`
	Wallet   string `json:"wallet_id"`
}

const (
	startPatience = 60 * time.Second
	walletFunds   = 1_000_000_00 // minor units in the sandbox's wallet
)

// launch starts a server without waiting for it. wrap is a program, with its
// arguments, that runs it in its own place.
func launch(t testing.TB, p place, wrap ...string) *server {
	t.Helper()
	dir := t.TempDir()
	s := &server{t: t, place: p, ended: make(chan struct{}), ready: filepath.Join(dir, "ready"), log: filepath.Join(dir, "log")}
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close() // the process keeps its own copy
	s.cmd = p.command(context.Background(), wrap, append([]string{"dev", "--listen", "127.0.0.1:0", "--ready-file", s.ready}, p.flags...)...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.took = time.Since(began)
	go func() {
		_ = s.cmd.Wait() // how it ended is the test's business
		close(s.ended)
	}()
	t.Cleanup(s.kill)
	return s
}

// start starts a server and waits until it is ready.
func start(t testing.TB, p place, wrap ...string) *server {
	t.Helper()
	s := launch(t, p, wrap...)
	if err := s.wait(); err != nil {
		t.Fatal(err)
	}
	return s
}

var errEnded = errors.New("the server ended before it was ready")

// wait returns when the server is ready.
func (s *server) wait() error {
	began := time.Now()
	for time.Since(began) < startPatience {
		if text, err := os.ReadFile(s.ready); err == nil {
			s.took += time.Since(began)
			if err := json.Unmarshal(text, &s.world); err != nil {
				return err
			}
			s.api = newAPI(s.world)
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("%w:\n%s", errEnded, s.tail())
		case <-time.After(2 * time.Millisecond):
		}
	}
	return fmt.Errorf("the server was not ready within %s:\n%s", startPatience, s.tail())
}

// kill ends the server as a power cut would end its process, and looks at what it
// left in its log.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may be gone already
	<-s.ended
	if s.api != nil {
		s.api.http.CloseIdleConnections()
	}
	text, err := os.ReadFile(s.log)
	if keep := os.Getenv("FLORIN_KEEP_LOGS"); keep != "" {
		_ = os.WriteFile(filepath.Join(keep, fmt.Sprintf("%d.log", s.cmd.Process.Pid)), text, 0o600)
	}
	if err == nil && (bytes.Contains(text, []byte("panic")) || bytes.Contains(text, []byte("goroutine "))) {
		s.t.Errorf("the server panicked:\n%s", s.tail())
	}
}

// tail is the end of the server's log.
func (s *server) tail() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// verify runs florin ledger verify, which may run beside the server.
func (p place) verify(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	out, err := p.command(ctx, nil, "ledger", "verify").CombinedOutput()
	if err != nil {
		t.Errorf("florin ledger verify: %v\n%s", err, out)
		return
	}
	t.Logf("florin ledger verify: %s", strings.ReplaceAll(strings.TrimSpace(string(out)), "\n", "; "))
}

// eventually waits until done says so.
func eventually(t testing.TB, patience time.Duration, what string, done func() bool) {
	t.Helper()
	for began := time.Now(); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > patience {
			t.Fatalf("%s: not within %s", what, patience)
		}
	}
}
