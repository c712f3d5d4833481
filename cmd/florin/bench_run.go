package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/florinpay/florin/internal/bench"
	"github.com/florinpay/florin/internal/db"
)

// sitting is one run of florin bench: every server is a process of its own, on a
// fresh folder that is removed in the end.
type sitting struct {
	benchRunCommand
	out     io.Writer
	program string
	dir     string
	table   bench.Table

	postmaster int // of the PostgreSQL that is being measured, if it runs here
}

// Run measures and prints.
func (c *benchRunCommand) Run(ctx context.Context, out io.Writer) error {
	for _, name := range c.Scenarios {
		if bench.Scenario(name).About() == "" {
			return fmt.Errorf("--scenarios: there is no %q. There are %v", name, bench.Scenarios())
		}
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.Data, "florin-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &sitting{benchRunCommand: *c, out: out, program: program, dir: dir}
	if s.table.Machine, err = bench.ReadMachine(machine, dir); err != nil {
		return err
	}
	if s.table.Machine.Fsync, err = bench.FsyncMedian(dir); err != nil {
		return err
	}
	if err := s.measure(ctx); err != nil {
		return err
	}
	fmt.Fprintln(out)
	fmt.Fprint(out, s.table.Text())
	if c.Markdown == "" {
		return nil
	}
	before, err := os.ReadFile(c.Markdown)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	page := bench.WithSection(s.table.Markdown(), bench.Section(string(before), bench.WireHeading)) // that is for florin bench wire
	return os.WriteFile(c.Markdown, []byte(page), 0o644)                                            //nolint:gosec // a report to be read
}

func (s *sitting) wants(name bench.Scenario) bool {
	if len(s.Scenarios) == 0 {
		return true
	}
	for _, w := range s.Scenarios {
		if w == string(name) {
			return true
		}
	}
	return false
}

func (s *sitting) measure(ctx context.Context) error {
	if err := s.ceilings(ctx); err != nil {
		return err
	}
	if err := s.engine(ctx, "SQLite", ""); err != nil {
		return err
	}
	if s.Database == "" {
		return nil
	}
	return s.onPostgres(ctx)
}

// ceilings are measured first, at the numbers of connections that they are compared at.
func (s *sitting) ceilings(ctx context.Context) error {
	for _, c := range []struct {
		name  bench.Scenario
		kind  string
		conns int
	}{{bench.CeilingNone, bench.KindNone, 64}, {bench.CeilingLog, bench.KindLog, 64}, {bench.CeilingLog, bench.KindLog, 256}} {
		if !s.wants(c.name) {
			continue
		}
		address, err := freeAddress(ctx)
		if err != nil {
			return err
		}
		p, err := s.launch(ctx, "bench", "ceiling", "--kind", c.kind, "--listen", address, "--data", s.dir)
		if err != nil {
			return err
		}
		if err := waitFor(ctx, "http://"+address+"/v1/payments"); err != nil {
			return errors.Join(err, p.stop())
		}
		err = s.load(ctx, bench.Row{Scenario: c.name, Conns: c.conns}, bench.Load{
			URL: "http://" + address + "/v1/payments", Conns: c.conns, Body: bench.Payment("USD", []string{"a", "b", "c"}),
			Processes: map[string]int{bench.ProcessServer: p.Process.Pid},
		})
		if err = errors.Join(err, p.stop()); err != nil {
			return err
		}
	}
	return nil
}

// load runs one scenario and adds its row to the table.
func (s *sitting) load(ctx context.Context, row bench.Row, l bench.Load) (err error) {
	for i := range s.Runs {
		if row.Runs, err = s.run(ctx, row, i, row.Runs, s.timed(l).Run); err != nil {
			return err
		}
	}
	s.table.Rows = append(s.table.Rows, row)
	return nil
}

// beside runs one scenario in turns with the plain wallet payments that it is compared
// with, and adds its row to the table: a store slows down as it fills, and so would what
// is measured last.
func (s *sitting) beside(ctx context.Context, row bench.Row, run measurement, plain bench.Load) (err error) {
	for i := range s.Runs {
		if row.Runs, err = s.run(ctx, row, i, row.Runs, run); err != nil {
			return err
		}
		if row.Plain, err = s.run(ctx, bench.Row{Scenario: "… beside it", Engine: row.Engine}, i, row.Plain, s.timed(plain).Run); err != nil {
			return err
		}
	}
	s.table.Rows = append(s.table.Rows, row)
	return nil
}

func (s *sitting) timed(l bench.Load) bench.Load {
	l.Warmup, l.Duration = s.Warmup, s.Duration
	return l
}

type measurement func(context.Context) (bench.Result, error)

// run measures once and adds the result to what there is.
func (s *sitting) run(ctx context.Context, row bench.Row, i int, there []bench.Result, measure measurement) ([]bench.Result, error) {
	fmt.Fprintf(s.out, "%-20s %-10s run %d of %d …", row.Scenario, row.Engine, i+1, s.Runs)
	r, err := measure(ctx)
	if err != nil {
		fmt.Fprintln(s.out)
		return there, fmt.Errorf("%s: %w", row.Scenario, err)
	}
	fmt.Fprintf(s.out, " %8.0f/s  p99 %.1f ms  %d failed\n", r.PerSecond, float64(r.P99.Microseconds())/1000, r.Failed)
	return append(there, r), nil
}

// onPostgres measures in a database of its own, removed in the end.
func (s *sitting) onPostgres(ctx context.Context) error {
	url, drop, err := db.Scratch(ctx, s.Database, fmt.Sprintf("florin_bench_%d", os.Getpid()), "")
	if err != nil {
		return err
	}
	return errors.Join(s.engine(ctx, "PostgreSQL", url), drop())
}

// process is a server under measurement.
type process struct{ *exec.Cmd }

func (s *sitting) launch(ctx context.Context, args ...string) (process, error) {
	c := exec.CommandContext(context.WithoutCancel(ctx), s.program, args...) //nolint:gosec // ourselves
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return process{c}, c.Start()
}

func (p process) stop() error {
	if p.Cmd == nil || p.Process == nil || p.ProcessState != nil {
		return nil // it never ran, or has been waited for
	}
	_ = p.Process.Signal(syscall.SIGTERM) // it may have ended by itself: Wait tells
	return p.Wait()
}

func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

const startPatience = 60 * time.Second

// waitFor waits until anything answers at url.
func waitFor(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(`{}`))
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(r); err == nil {
			return response.Body.Close()
		}
		if err := machine.Sleep(ctx, 20*time.Millisecond); err != nil {
			return fmt.Errorf("nothing answered at %s: %w", url, err)
		}
	}
}

// readReady waits for a server's ready file.
func readReady(ctx context.Context, path string) (w world, err error) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		text, err := os.ReadFile(path) //nolint:gosec // our own file
		if err == nil {
			return w, json.Unmarshal(text, &w)
		}
		if err := machine.Sleep(ctx, 5*time.Millisecond); err != nil {
			return w, fmt.Errorf("the server did not become ready: %w", err)
		}
	}
}

func (s *sitting) folder(name string) string { return filepath.Join(s.dir, name) }
