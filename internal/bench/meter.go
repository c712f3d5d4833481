package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"
)

// reading is the state of all meters of a load at one moment, or what was spent
// between two.
type reading struct {
	elapsed time.Duration
	cpu     map[string]time.Duration
	memory  map[string]Memory
	mallocs uint64
}

func (l *Load) readMeters(ctx context.Context) (r reading, err error) {
	if r.cpu, err = ReadCPU(l.Processes); err != nil {
		return reading{}, err
	}
	r.memory = map[string]Memory{}
	for name, pid := range l.Processes {
		if r.memory[name], err = ReadMemory(pid); err != nil {
			return reading{}, err
		}
	}
	if l.Mallocs != nil {
		if r.mallocs, err = l.Mallocs(ctx); err != nil {
			return reading{}, fmt.Errorf("bench: the server's count of allocations: %w", err)
		}
	}
	return r, nil
}

func (r reading) since(before reading) reading {
	spent := reading{cpu: map[string]time.Duration{}, memory: r.memory}
	for name, now := range r.cpu {
		spent.cpu[name] = max(now-before.cpu[name], 0)
	}
	if r.mallocs > before.mallocs {
		spent.mallocs = r.mallocs - before.mallocs
	}
	return spent
}

const mallocsMetric = "go_memstats_mallocs_total"

// MallocsAt reads a Go server's running count of allocations from its Prometheus
// metrics at http://host:port/path, for [Load].Mallocs. Its own cost is a few
// hundred allocations in a run.
func MallocsAt(metricsURL string) func(context.Context) (uint64, error) {
	return func(ctx context.Context) (uint64, error) {
		text, err := get(ctx, metricsURL)
		if err != nil {
			return 0, err
		}
		_, rest, ok := bytes.Cut(text, []byte("\n"+mallocsMetric+" "))
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		count, err := strconv.ParseFloat(string(line), 64)
		if !ok || err != nil {
			return 0, fmt.Errorf("no %s at %s", mallocsMetric, metricsURL)
		}
		return uint64(count), nil
	}
}

func get(ctx context.Context, from string) ([]byte, error) {
	u, err := url.Parse(from)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "tcp", dialAddress(u))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", u.RequestURI(), u.Host); err != nil {
		return nil, err
	}
	var a answer
	if err := a.read(bufio.NewReaderSize(conn, readBytes)); err != nil {
		return nil, err
	}
	if a.status != 200 {
		return nil, fmt.Errorf("status %d from %s", a.status, from)
	}
	return a.body, nil
}
