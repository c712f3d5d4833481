package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/florinpay/florin/internal/bench"
	"github.com/florinpay/florin/internal/db"
)

// target is Florin itself under measurement, on one engine.
type target struct {
	process
	world    world
	engine   string
	database string
	wallets  []string
	start    time.Duration
	args     []string // to start it again on the same data
	ready    string

	postmaster int // of PostgreSQL; 0 if there is none
}

// engine measures every scenario on one engine; database is empty for SQLite.
func (s *sitting) engine(ctx context.Context, engine, database string) error {
	t, err := s.open(ctx, engine, engine, database, 0)
	if err != nil {
		return err
	}
	if err := s.recordVersion(ctx, engine, database); err != nil {
		return errors.Join(err, t.stop())
	}
	t.postmaster = s.postmaster
	err = s.standard(ctx, t)
	if err == nil {
		err = s.streams(ctx, t)
	}
	if err == nil && s.Payments > 0 {
		err = s.filled(ctx, t)
	}
	if err = errors.Join(err, t.stop()); err != nil || !s.wants(bench.WalletSingle) {
		return err
	}
	// The same data and the same code without group commit.
	single, err := s.open(ctx, engine, engine, database, 1)
	if err != nil {
		return err
	}
	return errors.Join(s.wallet(ctx, single, bench.WalletSingle), single.stop())
}

// recordVersion notes the engine's version for the report.
func (s *sitting) recordVersion(ctx context.Context, engine, database string) error {
	d, err := place{Data: s.folder(engine), Database: database}.existing(ctx)
	if err != nil {
		return err
	}
	text, err := d.Version(ctx)
	s.table.Machine.Storage = append(s.table.Machine.Storage, text)
	if err == nil && database != "" {
		s.postmaster, err = d.ServerProcess(ctx)
	}
	return errors.Join(err, d.Close())
}

// open starts a server on a folder and seeds it if it is new.
func (s *sitting) open(ctx context.Context, engine, folder, database string, batchMax int) (*target, error) {
	t := &target{engine: engine, database: database, ready: s.folder(folder + ".ready")}
	t.args = []string{"dev", "--data", s.folder(folder), "--listen", "127.0.0.1:0", "--ready-file", t.ready, "--log", "error", "--batch-max", fmt.Sprint(batchMax), "--webhook-network", "127.0.0.0/8"}
	seed := []string{"bench", "seed", "--data", s.folder(folder), "--wallets", fmt.Sprint(s.Wallets), "--out", s.folder(folder + ".wallets")}
	if database != "" {
		t.args, seed = append(t.args, "--database", database), append(seed, "--database", database)
	}
	if _, err := os.Stat(s.folder(folder + ".wallets")); err != nil {
		p, err := s.launch(ctx, seed...)
		if err == nil {
			err = p.Wait()
		}
		if err != nil {
			return nil, fmt.Errorf("seed: %w", err)
		}
	}
	text, err := os.ReadFile(s.folder(folder + ".wallets"))
	if err != nil {
		return nil, err
	}
	for _, line := range bytes.Fields(text) {
		t.wallets = append(t.wallets, string(line))
	}
	return t, t.launch(ctx, s)
}

func (t *target) launch(ctx context.Context, s *sitting) (err error) {
	_ = os.Remove(t.ready) // of an earlier start, if any
	began := machine.Now()
	if t.process, err = s.launch(ctx, t.args...); err != nil {
		return err
	}
	if t.world, err = readReady(ctx, t.ready); err != nil {
		return errors.Join(err, t.stop())
	}
	t.start = machine.Now().Sub(began)
	return nil
}

func (s *sitting) standard(ctx context.Context, t *target) error {
	if s.wants(bench.Wallet64) {
		if err := s.wallet(ctx, t, bench.Wallet64); err != nil {
			return err
		}
	}
	if err := s.tokens(ctx, t); err != nil {
		return err
	}
	for _, x := range []struct {
		name   bench.Scenario
		conns  int
		from   []string
		replay float64
	}{
		{bench.Wallet256, 256, t.wallets, 0}, {bench.WalletHot, 64, t.wallets[:1], 0},
		{bench.WalletRetries, 64, t.wallets, 0.05}, {bench.WalletAlone, 1, t.wallets, 0},
		{bench.Card64, 64, []string{"tok_visa"}, 0},
	} {
		if !s.wants(x.name) {
			continue
		}
		if err := s.payments(ctx, t, x.name, t.payments(x.conns, x.from, x.replay)); err != nil {
			return err
		}
	}
	return nil
}

// tokens measures what access tokens cost: to pay with, and to get.
func (s *sitting) tokens(ctx context.Context, t *target) error {
	if !s.wants(bench.WalletToken) && !s.wants(bench.ClientToken) {
		return nil
	}
	client, err := s.register(ctx, t)
	if err != nil {
		return fmt.Errorf("register a client: %w", err)
	}
	getting := t.payments(64, nil, 0)
	getting.URL, getting.Body = t.world.URL+"/oauth/token", func(_ *bench.Draw, b []byte) []byte { return append(b, "grant_type=client_credentials"...) }
	getting.Headers = map[string]string{"Authorization": client.basic(), "Content-Type": "application/x-www-form-urlencoded"}
	if s.wants(bench.ClientToken) {
		if err := s.load(ctx, bench.Row{Scenario: bench.ClientToken, Engine: t.engine, Conns: 64}, getting); err != nil {
			return err
		}
	}
	if !s.wants(bench.WalletToken) {
		return nil
	}
	token, err := client.token(ctx, getting.URL)
	if err != nil {
		return err
	}
	paying := t.payments(64, t.wallets, 0)
	paying.Headers = map[string]string{"Authorization": "Bearer " + token}
	return s.payments(ctx, t, bench.WalletToken, paying)
}

// wallet runs one scenario of plain wallet payments.
func (s *sitting) wallet(ctx context.Context, t *target, name bench.Scenario) error {
	return s.load(ctx, bench.Row{Scenario: name, Engine: t.engine, Conns: 64}, t.payments(64, t.wallets, 0))
}

// payments runs one scenario of other payments, in turns with plain ones.
func (s *sitting) payments(ctx context.Context, t *target, name bench.Scenario, l bench.Load) error {
	row := bench.Row{Scenario: name, Engine: t.engine, Conns: l.Conns}
	return s.beside(ctx, row, s.timed(l).Run, t.payments(64, t.wallets, 0))
}

func (t *target) payments(conns int, from []string, replay float64) bench.Load {
	processes := map[string]int{bench.ProcessServer: t.Process.Pid}
	if t.postmaster != 0 {
		processes[bench.ProcessPostgres] = t.postmaster
	}
	return bench.Load{
		URL: t.world.URL + "/v1/payments", Headers: map[string]string{"Authorization": "Bearer " + t.world.SandboxKey},
		Body: bench.Payment("USD", from), Conns: conns, Replay: replay,
		Processes: processes, Mallocs: bench.MallocsAt(t.world.OpsURL + "/metrics"),
	}
}

// filled stores payments and measures what a full store costs. The server starts anew
// for it: what other scenarios left in its memory is not what payments take.
func (s *sitting) filled(ctx context.Context, t *target) error {
	if err := errors.Join(t.stop(), t.launch(ctx, s)); err != nil {
		return err
	}
	l := t.payments(256, t.wallets, 0)
	l.Duration = time.Minute
	began := machine.Now()
	for stored := int64(0); stored < s.Payments; {
		r, err := l.Run(ctx)
		if err != nil {
			return err
		}
		if stored += r.OK; r.OK == 0 {
			return fmt.Errorf("nothing could be stored: %s", r.FirstFailure)
		}
		fmt.Fprintf(s.out, "%-20s %-10s %d payments stored\n", "filling", t.engine, stored)
	}
	ended := machine.Now()
	memory, err := bench.ReadMemory(t.Process.Pid)
	if err != nil {
		return err
	}
	s.note(bench.Memory1M, t.engine, fmt.Sprintf("%d MiB resident after %d more payments", memory.Resident>>20, s.Payments))
	if err := errors.Join(t.stop(), t.launch(ctx, s)); err != nil {
		return err
	}
	s.note(bench.Start1M, t.engine, fmt.Sprintf("ready in %.2f s with them stored", t.start.Seconds()))
	if err := s.lists(ctx, t, began, ended); err != nil || !s.wants(bench.Store10M) {
		return err
	}
	return s.full(ctx, t)
}

// full measures payments into the full store in turns with payments into an empty one:
// by now the machine may not be as fast as it was when this one was empty.
func (s *sitting) full(ctx context.Context, t *target) (err error) {
	database := ""
	if t.database != "" {
		url, drop, failed := db.Scratch(ctx, s.Database, fmt.Sprintf("florin_bench_%d_empty", os.Getpid()), "")
		if failed != nil {
			return failed
		}
		defer func() { err = errors.Join(err, drop()) }()
		database = url
	}
	empty, err := s.open(ctx, t.engine, t.engine+".empty", database, 0)
	if err != nil {
		return err
	}
	row := bench.Row{
		Scenario: bench.Store10M, Engine: t.engine, Conns: 64,
		Note: fmt.Sprintf("with %d more payments stored", s.Payments),
	}
	err = s.beside(ctx, row, s.timed(t.payments(64, t.wallets, 0)).Run, empty.payments(64, empty.wallets, 0))
	return errors.Join(err, empty.stop())
}

func (s *sitting) note(name bench.Scenario, engine, text string) {
	s.table.Rows = append(s.table.Rows, bench.Row{Scenario: name, Engine: engine, Note: text})
}
