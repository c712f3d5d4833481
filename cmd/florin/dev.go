package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/vault"
)

// listening is where the doors are.
type listening struct {
	Listen string `help:"Address of the API." default:"127.0.0.1:8080" env:"FLORIN_LISTEN"`
	Ops    string `help:"Loopback address of metrics and profiles." default:"127.0.0.1:0" env:"FLORIN_OPS"`
	Log    string `help:"Least level that is logged: debug, info, warn or error." default:"warn" env:"FLORIN_LOG"`
}

type devCommand struct {
	place
	listening
	railSource
	issuerSource
	webhookSource
	Public    bool   `help:"Listen beyond this machine. The sandbox's keys and vault are no secrets: test data only." env:"FLORIN_DEV_PUBLIC"`
	TLS       bool   `help:"Serve HTTPS with a certificate of the sandbox's own, kept in the data folder." name:"tls" env:"FLORIN_DEV_TLS"`
	ReadyFile string `help:"File to write when the server is ready: one JSON object with url, sandbox_key, merchant_id, payer_id and wallet_id." type:"path"`
	BatchMax  int    `help:"Most writes that share one commit; 1 turns group commit off, to measure what it is worth." default:"0" hidden:""`
}

// Run serves a sandbox until it is told to stop.
func (c *devCommand) Run(ctx context.Context, out io.Writer) error {
	stopTracing, err := startTracing(ctx)
	if err != nil {
		return fmt.Errorf("start tracing: %w", err)
	}
	s, w, err := c.start(ctx, os.Stderr)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Florin sandbox on %s (%s, %s)\n", s.url, s.house.db.Engine(), c.Data)
	fmt.Fprint(out, w.invitation(s.url))
	fmt.Fprint(out, w.trust)
	fmt.Fprintf(out, "Metrics and profiles: %s/metrics\nCtrl-C stops it.\n", s.opsURL)
	return errors.Join(s.wait(ctx), stopTracing(context.WithoutCancel(ctx)))
}

// start opens the sandbox's house and doors, and writes the ready file.
func (c *devCommand) start(ctx context.Context, logTo io.Writer) (*server, world, error) {
	h, w, err := c.open(ctx, logTo)
	if err != nil {
		return nil, w, err
	}
	keys, pair, err := c.openTLS(h.log)
	if err == nil {
		err = c.issuerSource.check(keys != nil)
	}
	if err == nil && keys != nil {
		w.CAFile = pair.TLSCert
		w.trust, err = pair.trust()
	}
	if err != nil {
		return nil, w, errors.Join(err, h.close())
	}
	s, err := start(ctx, h, doors{listen: c.Listen, ops: c.Ops, keys: keys, issuer: c.issuerSource, local: true})
	if err != nil {
		return nil, w, errors.Join(err, h.close())
	}
	w.Issuer = h.issuer
	if err := w.remember(c.Data); err != nil {
		h.log.Warn("the sandbox's address is not kept: its tools will ask for --issuer", "cause", err.Error())
	}
	if c.ReadyFile != "" {
		w.URL, w.Issuer, w.OpsURL, w.SandboxRail = s.url, h.issuer, s.opsURL, h.railAddress
		if err := writeFile(c.ReadyFile, w); err != nil {
			return nil, w, errors.Join(err, s.stop())
		}
	}
	return s, w, nil
}

// exposed refuses to show a sandbox to the network by accident, and warns of it if it
// is meant.
func (c *devCommand) exposed() (warning string, err error) {
	switch {
	case !loopback(c.Ops):
		return "", fmt.Errorf("--ops %s would show profiles to the network: use a loopback address", c.Ops)
	case loopback(c.Listen):
		return "", nil
	case !c.Public:
		return "", fmt.Errorf("--listen %s would show the sandbox to the network: it is for test data only, and its key-encryption key lies beside its data. Use a loopback address, say --public if you mean it, or run 'florin serve'", c.Listen)
	}
	return "WARNING: this sandbox listens beyond this machine. Whoever reaches it can call it; its key-encryption key lies beside its data. Test data only.", nil
}

func (c *devCommand) open(ctx context.Context, logTo io.Writer) (*house, world, error) {
	warning, err := c.exposed()
	if err != nil {
		return nil, world{}, err
	}
	log, err := newLog(logTo, c.Log)
	if err != nil {
		return nil, world{}, err
	}
	if warning != "" {
		fmt.Fprintln(os.Stderr, warning)
	}
	kek, err := devKEK(c.Data)
	if err != nil {
		return nil, world{}, err
	}
	moved, err := openClock(c.Data)
	if err != nil {
		return nil, world{}, err
	}
	h, err := openHouse(ctx, houseConfig{place: c.place, rail: c.railSource, targets: c.targets(), moved: moved, kek: kek, log: log, database: db.Config{BatchMax: c.BatchMax, Observe: observe}, reflect: true})
	if err != nil {
		return nil, world{}, err
	}
	w, err := settle(ctx, h, c.Data)
	if err != nil {
		return nil, w, errors.Join(err, h.close())
	}
	return h, w, nil
}

// devKEKFile is the sandbox's key-encryption key, in its data folder.
const devKEKFile = "sandbox-kek.key"

// isSandbox reports whether a folder is a sandbox's.
func isSandbox(folder string) bool {
	for _, name := range []string{devKEKFile, worldFile} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return true
		}
	}
	return false
}

// devKEK is the sandbox's own key-encryption key, beside its data: nothing in a
// sandbox is worth more. A production server refuses such a place.
func devKEK(data string) (vault.Wrapper, error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	path := filepath.Join(data, devKEKFile)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		if err := vault.NewKEKFile(path); err != nil && !errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("make the sandbox's key-encryption key: %w", err)
		}
	}
	return vault.FileKEK(path, "")
}

// writeFile writes v as JSON, whole or not at all, readable by its owner only.
func writeFile(path string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	temporary := fmt.Sprintf("%s.%d.tmp", path, os.Getpid())
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600) //nolint:gosec // the operator names the path
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// railPatience is how long the tools wait for an unknown outcome to resolve.
const railPatience = 30 * time.Second
