package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/florinpay/florin/internal/bench"
)

type benchWireCommand struct {
	Data     string `help:"Folder for a sandbox; a fresh one inside it is used and removed." default:"." type:"path"`
	Markdown string `help:"Page whose section of these figures is written anew." type:"path"`
}

// wirePayments are in the lists that are measured.
const wirePayments = 100

// Run makes payments in a sandbox, reads them back in every format and coding, and
// prints what each takes.
func (c *benchWireCommand) Run(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp(c.Data, "florin-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	sandbox := devCommand{place: place{Data: filepath.Join(dir, "data")}, listening: listening{Listen: "127.0.0.1:0", Ops: "127.0.0.1:0", Log: slog.LevelError.String()}}
	s, w, err := sandbox.start(ctx, os.Stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	api, err := newClient(s.url, w.SandboxKey, "")
	if err != nil {
		return err
	}
	for i := range wirePayments {
		if a := api.post(ctx, "/v1/payments", newKey(), w.samplePayment(i)); a.status != 200 && a.status != 402 {
			return fmt.Errorf("make a payment: HTTP %d %s", a.status, a.body)
		}
	}
	found, err := bench.MeasureWire(ctx, bench.WireTarget{URL: s.url, Key: w.SandboxKey, Paths: []bench.WirePath{
		{Name: "100 payments", Path: "/v1/payments?limit=100"}, {Name: "10 payments", Path: "/v1/payments?limit=10"},
		{Name: "100 events", Path: "/v1/events?limit=100"},
	}})
	if err != nil {
		return err
	}
	fmt.Fprint(out, found.Text())
	if c.Markdown == "" {
		return nil
	}
	page, err := os.ReadFile(c.Markdown)
	if err != nil {
		return err
	}
	return os.WriteFile(c.Markdown, []byte(bench.WithSection(string(page), found.Markdown())), 0o644) //nolint:gosec // a report to be read
}

// samplePayment is one of a shop's day: mostly cards, some wallets, a few declined.
func (w world) samplePayment(i int) map[string]any {
	sources := []string{"tok_visa", "tok_mastercard", string(w.Wallet), "tok_visa", "tok_insufficient_funds"}
	n := (i*7919 + 13) % 99991 // looks like chance and is the same each time
	return map[string]any{
		"amount": 100 + n, "currency": "USD", "source": sources[n%len(sources)], "description": fmt.Sprintf("Order %d", 40000+i),
		"reference": fmt.Sprintf("order-%d", 40000+i), "metadata": map[string]string{"cart": fmt.Sprintf("%08x", n*2654435761%(1<<32))},
	}
}
