package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/clock"
)

// Machine is where and of what a table speaks.
type Machine struct {
	Date       time.Time
	Commit     string // of this program; "unknown" if it was not stamped
	CPU        string
	Cores      int
	Memory     int64 // bytes
	Kernel     string
	Go         string
	Filesystem string        // of the data directory
	Fsync      time.Duration // see [FsyncMedian]; 0: not measured
	Storage    []string      // engines and their versions, filled in by the caller
}

// ReadMachine describes this machine and the filesystem that holds dir. What
// cannot be found out is "unknown". Error: dir does not exist.
func ReadMachine(c clock.Clock, dir string) (Machine, error) {
	path, err := filepath.Abs(dir)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return Machine{}, fmt.Errorf("bench: the data directory: %w", err)
	}
	return Machine{
		Date:       c.Now(),
		Commit:     commit(),
		CPU:        processorModel(contents("/proc/cpuinfo")),
		Cores:      runtime.NumCPU(),
		Memory:     kibibytes([]byte(contents("/proc/meminfo")), "MemTotal:"),
		Kernel:     orUnknown(strings.TrimSpace(contents("/proc/sys/kernel/osrelease"))),
		Go:         runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH,
		Filesystem: filesystemOf(contents("/proc/self/mountinfo"), path),
	}, nil
}

func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return orUnknown("")
	}
	revision, changed := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with changes"
		}
	}
	return orUnknown(revision) + changed
}

func processorModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return orUnknown("")
}

// filesystemOf finds the type of the mount that path lies on: the longest mount
// point above it, and of equal ones the last, which covers the others.
// Source: proc_pid_mountinfo(5).
func filesystemOf(mountinfo, path string) string {
	kind, longest := "", -1
	for line := range strings.Lines(mountinfo) {
		left, right, ok := strings.Cut(line, " - ")
		fields, types := strings.Fields(left), strings.Fields(right)
		if !ok || len(fields) < 5 || len(types) < 1 {
			continue
		}
		point := fields[4]
		above := point == "/" || path == point || strings.HasPrefix(path, point+"/")
		if above && len(point) >= longest {
			kind, longest = types[0], len(point)
		}
	}
	return orUnknown(kind)
}

func contents(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "" // not Linux
	}
	return string(text)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
