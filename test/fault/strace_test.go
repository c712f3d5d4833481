package fault

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// withStrace is a command line that runs a server as our own child with strace
// beside it (-D), so that its process id is ours to kill. Without a working strace
// the test is skipped with a line that says so, or fails where it is required.
func withStrace(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("strace", "-f", "-o", "/dev/null", "-e", "trace=fdatasync", "true").CombinedOutput()
	if err != nil && os.Getenv("FLORIN_REQUIRE_STRACE") == "1" {
		t.Fatalf("strace does not work here, and FLORIN_REQUIRE_STRACE asks for it: %v %s", err, out)
	}
	if err != nil {
		t.Skipf("strace does not work here, so this fault cannot be made: %v %s", err, out)
	}
	return append([]string{"strace", "-D", "-I", "2", "-f", "-qq", "-o", "/dev/null"}, args...)
}

// TestCrashAtSync kills the server exactly when it asks the kernel to make a commit
// durable, at several places of its life.
func TestCrashAtSync(t *testing.T) {
	for _, n := range []int{1, 3, 8, 30, 75, 150} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Parallel()
			p := sqlitePlace(t)
			l := newLoad(t)
			// Without --seccomp-bpf: a signal that is injected at its stops is lost.
			s := launch(t, p, withStrace(t, "-e", "trace=fsync,fdatasync",
				"-e", fmt.Sprintf("inject=fsync,fdatasync:signal=KILL:when=%d", n))...)
			if err := s.wait(); err == nil {
				l.run(s.api, chance(t), clients, endOr(s.ended, time.Minute))
			}
			select {
			case <-s.ended:
			case <-time.After(time.Second):
				t.Fatal("the server outlived its load")
			}
			l.finish(start(t, p))
		})
	}
}

// endOr is closed when ended is, or after patience.
func endOr(ended <-chan struct{}, patience time.Duration) <-chan struct{} {
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		select {
		case <-ended:
		case <-time.After(patience):
		}
	}()
	return stop
}

// TestSyncFails lets the disk refuse to make anything durable: from then on nothing
// may be acknowledged, though it could be read back until a power cut.
func TestSyncFails(t *testing.T) {
	t.Parallel()
	p := sqlitePlace(t)
	l := newLoad(t)
	s := start(t, p, withStrace(t, "--seccomp-bpf", "-e", "trace=fsync,fdatasync",
		"-e", "inject=fsync,fdatasync:error=EIO:when=80+")...)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		eventually(t, time.Minute, "a sync fails", func() bool { return l.seen("503 ") > 0 })
	}()
	l.run(s.api, chance(t), clients, stop)
	if n := l.seen("503 storage_failed"); n > 0 { // a restart may find what could not be synced
		t.Errorf("%d payments were told that they had no effect", n)
	}
	for range 20 {
		a, err := s.api.pay(l.key(), s.world.Wallet, 1)
		if err != nil || a.status != 503 || a.shown().Code != "storage_closed" {
			t.Errorf("a payment after a failed sync: %v %s", err, a)
		}
	}
	if a, err := s.api.do("GET", "/readyz", "", nil); err != nil || a.status != 503 {
		t.Errorf("/readyz after a failed sync: %v %s", err, a)
	}
	if a, err := s.api.do("GET", "/v1/payments", "", nil); err != nil || a.status != 200 {
		t.Errorf("reads after a failed sync: %v %s", err, a)
	}
	s.kill()
	l.finish(start(t, p))
}

// TestCheckpointSyncFails lets the disk refuse to make the database file durable, beside
// every commit: what was copied into it may be gone, so the log is all there is. Nothing
// more may be written, and the next start must find everything in the log.
func TestCheckpointSyncFails(t *testing.T) {
	t.Parallel()
	p := sqlitePlace(t)
	l := newLoad(t)
	start(t, p).kill() // the file must be there, or strace cannot know it
	s := start(t, p, withStrace(t, "-P", filepath.Join(p.data, "florin.db"), "-e", "trace=fsync,fdatasync",
		"-e", "inject=fsync,fdatasync:error=EIO:when=2+")...)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		eventually(t, time.Minute, "the store is closed", func() bool { return l.seen("503 storage_closed") > 0 })
	}()
	l.run(s.api, chance(t), clients, stop)
	if a, err := s.api.do("GET", "/readyz", "", nil); err != nil || a.status != 503 {
		t.Errorf("/readyz after a failed sync: %v %s", err, a)
	}
	if a, err := s.api.do("GET", "/v1/payments", "", nil); err != nil || a.status != 200 {
		t.Errorf("reads after a failed sync: %v %s", err, a)
	}
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // even an orderly end must leave the log
	select {
	case <-s.ended:
	case <-time.After(40 * time.Second):
		t.Error("the server does not stop")
	}
	s.kill()
	l.finish(start(t, p))
}

// TestLogWriteFindsNoRoom fails writes to SQLite's log with ENOSPC for a while: of each
// thread, since strace counts by thread, those from the 400th to the 430th. The fault
// ends by itself: strace that leaves in the midst of a call it spoils would turn that
// call into one the kernel does not know, which is a broken disk and not a full one.
func TestLogWriteFindsNoRoom(t *testing.T) {
	t.Parallel()
	p := sqlitePlace(t)
	l := newLoad(t)
	log := filepath.Join(p.data, "florin.db-wal")
	start(t, p).kill() // the file must be there, or strace cannot know it
	s := start(t, p, withStrace(t, "-P", log, "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=ENOSPC:when=400..430")...)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		eventually(t, time.Minute, "writes fail", func() bool { return l.seen("503 storage_full") >= 20 })
		l.recovers()
	}()
	l.run(s.api, chance(t), clients, stop)
	l.finish(s)
	if l.seen("503 storage_closed") > 0 {
		t.Error("a full disk is not a broken one: it must not close the store")
	}
}

// recovers waits until new payments succeed again: a retry of an old one would
// succeed on a full disk too.
func (l *load) recovers() {
	l.t.Helper()
	before := l.news.Load()
	eventually(l.t, 30*time.Second, fmt.Sprintf("payments succeed again (answers before: %v)", l.answers()), func() bool {
		return l.news.Load() > before+20
	})
}

func (l *load) answers() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.statuses)
}

// seen counts the answers that begin with prefix: a status, and a state or code.
func (l *load) seen(prefix string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for what, count := range l.statuses {
		if strings.HasPrefix(what, prefix) {
			n += count
		}
	}
	return n
}
