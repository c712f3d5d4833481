package fault

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// smallDisk mounts a file system of size bytes, in a mount namespace of its own
// that ends with this process, and gives a place on it and the folder where it is
// mounted, as seen from here. It needs no more than user
// namespaces; where those are forbidden too the test is skipped with a line that
// says so, and TestFileMayNotGrow still makes the writes fail.
func smallDisk(t *testing.T, size int) (p place, mounted string) {
	t.Helper()
	namespace, enter := "-m", []string{"-m"}
	if os.Geteuid() != 0 {
		namespace, enter = "-Urm", []string{"-U", "-m", "--preserve-credentials"}
	}
	dir := t.TempDir()
	holder := exec.Command("unshare", namespace, "sh", "-c",
		fmt.Sprintf(`mount -t tmpfs -o size=%d florin "$0" && echo mounted && exec cat`, size), dir)
	holder.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Skipf("no small disk can be made here: %v", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = holder.Wait() // it ends with its input
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "mounted\n" {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	pid := strconv.Itoa(holder.Process.Pid)
	p = place{data: filepath.Join(dir, "data"), enter: append([]string{"nsenter", "-t", pid}, enter...)}
	return p, "/proc/" + pid + "/root" + dir
}

// fill takes all the room that is left, and gives what frees it again.
func fill(t *testing.T, dir string) (empty func()) {
	t.Helper()
	ballast := filepath.Join(dir, "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	block := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, io.ErrShortWrite) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(ballast); err != nil {
			t.Error(err)
		}
	}
}

// TestDiskFull fills the disk under load: payments are refused and say why, reads
// and retries of finished requests go on, and with room again payments do too.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	p, dir := smallDisk(t, 96<<20) // SQLite's log alone grows to 32 MiB before it starts over
	l := newLoad(t)
	s := start(t, p)
	first, err := s.api.pay("before", s.world.Wallet, 1)
	if err != nil || first.status != 200 {
		t.Fatalf("a payment before: %v %s", err, first)
	}
	if err := l.oracle.keep(record{Intent: &intent{Key: "before", Deed: pay, Amount: 1, Source: s.world.Wallet}}); err != nil {
		t.Fatal(err)
	}
	k := ackOf("before", first)
	if err := l.oracle.keep(record{Ack: &k}); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		time.Sleep(500 * time.Millisecond)
		empty := fill(t, dir)
		eventually(t, time.Minute, "the disk is full", func() bool { return l.seen("503 storage_full") >= 50 })
		if a, err := s.api.do("GET", "/v1/payments", "", nil); err != nil || a.status != 200 {
			t.Errorf("reads on a full disk: %v %s", err, a)
		}
		if a, err := s.api.pay("before", s.world.Wallet, 1); err != nil || a.status != 200 || !a.replayed {
			t.Errorf("a retry of a finished payment on a full disk: %v %s", err, a)
		}
		empty()
		l.recovers()
	}()
	l.run(s.api, chance(t), clients, stop)
	if n := l.seen("503 storage_closed"); n > 0 {
		t.Errorf("a full disk is not a broken one, and %d payments were told so", n)
	}

	// A crash with the disk full, a start on it, and one with room again.
	empty := fill(t, dir)
	stop = make(chan struct{})
	time.AfterFunc(time.Second, func() { s.kill(); close(stop) })
	l.run(s.api, chance(t), clients, stop)
	launch(t, p).endOrReady(t)
	empty()
	l.finish(start(t, p))
}

// endOrReady waits until a server either serves or has given up, and kills it.
func (s *server) endOrReady(t *testing.T) {
	t.Helper()
	if err := s.wait(); err != nil && !errors.Is(err, errEnded) {
		t.Error(err)
	} else if err != nil {
		t.Logf("on a full disk it does not start: %v", err)
	}
	s.kill()
}

// TestFileMayNotGrow gives the server a limit on the size of its files: a write
// error of another kind than a full disk. Nothing may be acknowledged that is not
// kept, and a restart without the limit has all of it.
func TestFileMayNotGrow(t *testing.T) {
	t.Parallel()
	p := sqlitePlace(t)
	l := newLoad(t)
	s := start(t, p)
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		time.Sleep(300 * time.Millisecond)
		limit := exec.Command("prlimit", "--pid", fmt.Sprint(s.cmd.Process.Pid), "--fsize=2000000:")
		if out, err := limit.CombinedOutput(); err != nil {
			t.Errorf("prlimit: %v %s", err, out)
			return
		}
		eventually(t, time.Minute, "writes fail", func() bool { return l.seen("503 ") >= 50 || l.seen("no answer") > 0 })
	}()
	l.run(s.api, chance(t), clients, stop)
	if a, err := s.api.do("GET", "/v1/payments", "", nil); err != nil || a.status != 200 {
		t.Errorf("reads when files may not grow: %v %s", err, a)
	}
	s.kill()
	l.finish(start(t, p))
}
