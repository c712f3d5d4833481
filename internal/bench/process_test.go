package bench

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/clock"
)

func TestProcessLineWithAnOddName(t *testing.T) {
	line := "42 (a) S (b) R 7 42 42 0 -1 4194560 1 0 0 0 250 50 30 20 20 0 1 0 99 0 0"
	p, ok := parseProcess([]byte(line))
	if want := (process{parent: 7, own: 300, ended: 50}); !ok || p != want {
		t.Errorf("%+v %v, want %+v", p, ok, want)
	}
	for _, bad := range []string{"", "42 (x", "42 (x) R 7"} {
		if _, ok := parseProcess([]byte(bad)); ok {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestTreeTicks(t *testing.T) {
	all := map[int]process{
		1:  {parent: 0, own: 1000},
		10: {parent: 1, own: 1, ended: 2}, // the root
		11: {parent: 10, own: 10},
		12: {parent: 11, own: 100, ended: 200},
		20: {parent: 1, own: 5000},
		30: {parent: 31, own: 7}, 31: {parent: 30, own: 7}, // a circle ends nothing
	}
	if got := treeTicks(all, 10); got != 313 {
		t.Errorf("%d ticks, want 313", got)
	}
}

func TestProcessorTimeOfAChildAndItsChild(t *testing.T) {
	child := exec.Command("sh", "-c", "(i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done); echo done; read -r _")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close(); _ = child.Wait() }()
	if _, err := out.Read(make([]byte, 4)); err != nil { // its grandchild has burnt its time and ended
		t.Fatal(err)
	}
	spent, err := ReadCPU(map[string]int{ProcessServer: child.Process.Pid})
	if err != nil || spent[ProcessServer] < tick {
		t.Errorf("%v, %v", spent, err)
	}
	if m, err := ReadMemory(child.Process.Pid); err != nil || m.Resident <= 0 || m.Peak < m.Resident {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestAProcessThatIsGone(t *testing.T) {
	if _, err := ReadCPU(map[string]int{ProcessServer: 1 << 30}); err == nil || !strings.Contains(err.Error(), ProcessServer) {
		t.Errorf("%v", err)
	}
	if _, err := ReadMemory(1 << 30); err == nil {
		t.Error("no error")
	}
}

func TestMachine(t *testing.T) {
	m, err := ReadMachine(clock.System{}, t.TempDir())
	if err != nil || m.Cores < 1 || m.Memory < 1<<20 || m.Kernel == "unknown" || m.Filesystem == "unknown" ||
		time.Since(m.Date) > time.Minute || m.Commit == "" || !strings.HasPrefix(m.Go, "go1.") {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := ReadMachine(clock.System{}, os.DevNull+"/x"); err == nil {
		t.Error("no error without a directory")
	}
}

func TestFilesystemOf(t *testing.T) {
	const mounts = `20 1 8:1 / / rw - ext4 /dev/a rw
30 20 0:5 / /data rw shared:1 - xfs /dev/b rw
31 20 0:6 / /data/fast rw - btrfs /dev/c rw
32 20 0:7 / /data/fast rw - tmpfs none rw
bad line
`
	for path, want := range map[string]string{"/": "ext4", "/database": "ext4", "/data": "xfs", "/data/x": "xfs", "/data/fast/y": "tmpfs"} {
		if got := filesystemOf(mounts, path); got != want {
			t.Errorf("%s lies on %s, want %s", path, got, want)
		}
	}
}
