package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Names of the process trees that a table has columns for.
const (
	ProcessServer   = "server"         // Florin, or the ceiling in its place
	ProcessPostgres = "postgres"       // the postmaster and its backends
	ProcessLoad     = "load generator" // this process, always counted
)

// tick is the unit of processor time in /proc: USER_HZ is 100 on every Linux that
// Go runs on. Source: proc_pid_stat(5).
const tick = 10 * time.Millisecond

// Memory of a process, in bytes.
type Memory struct {
	Resident int64 // VmRSS: now
	Peak     int64 // VmHWM: the most since its start
}

// process is one line of /proc: its parent and the ticks that it, and its
// children that have ended, spent.
type process struct {
	parent     int
	own, ended uint64
}

// ReadCPU gives the processor time, user and system, that each named tree has
// spent since its root began: the process, everything below it, and what has ended
// and been waited for. [ProcessLoad] is this process without its children. Error:
// a root that is gone.
func ReadCPU(roots map[string]int) (map[string]time.Duration, error) {
	all, err := readProcesses()
	if err != nil {
		return nil, err
	}
	spent := map[string]time.Duration{ProcessLoad: time.Duration(all[os.Getpid()].own) * tick}
	for name, root := range roots {
		if _, ok := all[root]; !ok {
			return nil, fmt.Errorf("bench: the process %d (%s) is gone", root, name)
		}
		spent[name] = time.Duration(treeTicks(all, root)) * tick
	}
	return spent, nil
}

func readProcesses() (map[int]process, error) {
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("bench: /proc cannot be read: processor time is only known on Linux")
	}
	all := make(map[int]process, len(paths))
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err != nil {
			continue // it ended since the listing
		}
		pid, _ := strconv.Atoi(strings.Split(path, "/")[2])
		if p, ok := parseProcess(line); ok {
			all[pid] = p
		}
	}
	return all, nil
}

// parseProcess reads a line of /proc/<pid>/stat. Its second field, the program's
// name, may hold spaces and brackets. Source: proc_pid_stat(5).
func parseProcess(line []byte) (p process, ok bool) {
	i := bytes.LastIndexByte(line, ')')
	if i < 0 {
		return p, false
	}
	field := strings.Fields(string(line[i+1:])) // field[0] is the third of the line
	if len(field) < 15 {
		return p, false
	}
	number := func(i int) uint64 {
		n, err := strconv.ParseUint(field[i], 10, 64)
		if err != nil {
			return 0 // the children's times are signed
		}
		return n
	}
	return process{parent: int(number(1)), own: number(11) + number(12), ended: number(13) + number(14)}, true
}

func treeTicks(all map[int]process, root int) (ticks uint64) {
	for pid, p := range all {
		// The depth is bounded: the listing is no snapshot, and a pid used again
		// meanwhile could close a circle.
		for above, depth := pid, 0; above > 0 && depth < 1000; above, depth = all[above].parent, depth+1 {
			if above == root {
				ticks += p.own + p.ended
				break
			}
		}
	}
	return ticks
}

// ReadMemory reads the memory of one process. Error: it is gone.
func ReadMemory(pid int) (Memory, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return Memory{}, fmt.Errorf("bench: the memory of process %d: %w", pid, err)
	}
	return Memory{Resident: kibibytes(text, "VmRSS:"), Peak: kibibytes(text, "VmHWM:")}, nil
}

// kibibytes finds the line of text that begins with name and reads its "n kB",
// in bytes; 0 if there is none.
func kibibytes(text []byte, name string) int64 {
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10
		}
	}
	return 0
}
