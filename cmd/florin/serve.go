package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/vault"
)

type serveCommand struct {
	place
	kekSource
	tlsSource
	railSource
	issuerSource
	webhookSource
	Listen      string `help:"Address of the API." default:"127.0.0.1:8080" env:"FLORIN_LISTEN"`
	Ops         string `help:"Address of metrics and profiles; loopback only." default:"127.0.0.1:9464" env:"FLORIN_OPS"`
	BehindProxy bool   `help:"Listen beyond this machine without TLS, because a proxy in front ends it."`
	Log         string `help:"Least level that is logged: debug, info, warn or error." default:"info" env:"FLORIN_LOG"`
	Reflection  bool   `help:"Let gRPC tools read the contract from the server (gRPC server reflection)." env:"FLORIN_REFLECTION"`
	ClientRate  int    `help:"Calls a second that each OAuth client may make for long; 0: no limit." default:"100" env:"FLORIN_CLIENT_RATE"`
	ClientBurst int    `help:"And at once." default:"200" env:"FLORIN_CLIENT_BURST"`
	Committers  int    `help:"PostgreSQL connections that commit side by side." default:"1" hidden:""`
}

// kekSource says where the vault's key-encryption key is.
type kekSource struct {
	KEKFile string `help:"File with the vault's key-encryption key, outside the data folder and closed to others; make one with 'florin key new-kek'. Without it, the environment variable FLORIN_KEK is read." name:"kek-file" type:"path" env:"FLORIN_KEK_FILE"`
}

// kekVariable holds the key itself where there is no file for it.
const kekVariable = "FLORIN_KEK"

func (k kekSource) open(data string) (vault.Wrapper, error) {
	switch {
	case k.KEKFile != "":
		w, err := productionKEK(k.KEKFile, data)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("there is no key-encryption key at %s: make one with 'florin key new-kek %s', or give the file that the vault was made with", k.KEKFile, k.KEKFile)
		}
		if err != nil {
			return nil, fmt.Errorf("the key-encryption key %s cannot be used: %w", k.KEKFile, err)
		}
		return w, nil
	case os.Getenv(kekVariable) != "":
		return vault.EnvKEK(kekVariable)
	default:
		return nil, fmt.Errorf("the vault has no key-encryption key: make one with 'florin key new-kek FILE' and give --kek-file FILE, or set %s", kekVariable)
	}
}

// Run serves until it is told to stop.
func (c *serveCommand) Run(ctx context.Context) error {
	if err := c.refuseWeak(); err != nil {
		return err
	}
	if err := vault.ForbidDumps(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("turn off core dumps: %w", err)
	}
	log, err := newLog(os.Stderr, c.Log)
	if err != nil {
		return err
	}
	kek, err := c.kekSource.open(c.Data)
	if err != nil {
		return err
	}
	keys, err := c.tlsSource.open(c.Data, log)
	if err != nil {
		return err
	}
	stopTracing, err := startTracing(ctx)
	if err != nil {
		return fmt.Errorf("start tracing: %w", err)
	}
	h, err := openHouse(ctx, houseConfig{place: c.place, rail: c.railSource, targets: c.targets(), kek: kek, log: log, database: db.Config{Observe: observe, Committers: c.Committers}, reflect: c.Reflection})
	if err != nil {
		return err
	}
	s, err := start(ctx, h, doors{listen: c.Listen, ops: c.Ops, keys: keys, strict: true, issuer: c.issuerSource, share: apikey.Share{RatePerSecond: c.ClientRate, Burst: c.ClientBurst}})
	if err != nil {
		return errors.Join(err, h.close())
	}
	log.Info("ready", "url", s.url, "ops", s.opsURL, "sandbox_rail", h.railAddress, "engine", h.db.Engine(), "version", version())
	err = s.wait(ctx)
	log.Info("stopped")
	return errors.Join(err, stopTracing(context.WithoutCancel(ctx)))
}

// refuseWeak refuses what would endanger money or cards in production. Settings of
// the database and the keys' files are checked where they are opened.
func (c *serveCommand) refuseWeak() error {
	switch {
	case c.BehindProxy && c.tlsSource.given():
		return errors.New("--behind-proxy says that TLS ends in front, but a certificate is given: leave one out")
	case !loopback(c.Listen) && !c.BehindProxy && !c.tlsSource.given():
		return fmt.Errorf("--listen %s would carry keys and cards over the network without TLS: give --tls-cert and --tls-key, or --acme-domain; or say --behind-proxy if a proxy ends TLS and the network between is yours alone", c.Listen)
	}
	if !loopback(c.Ops) {
		return fmt.Errorf("--ops %s would show profiles to the network: use a loopback address", c.Ops)
	}
	if isSandbox(c.Data) {
		return fmt.Errorf("the data folder %s is a sandbox's, made by 'florin dev': its key lies open in it. Give another --data", c.Data)
	}
	if err := c.issuerSource.check(c.tlsSource.given()); err != nil {
		return err
	}
	info, err := os.Stat(c.Data)
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("the data folder %s is open to others (mode %o): chmod 700 it", c.Data, info.Mode().Perm())
	}
	return nil
}

// productionKEK reads a key-encryption key that lies apart from the data, and not in a
// sandbox's folder, where whoever copies one has the other.
func productionKEK(path, data string) (vault.Wrapper, error) {
	file, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	if filepath.Base(file) == devKEKFile || isSandbox(filepath.Dir(file)) {
		return nil, errors.New("it lies in a sandbox's folder, made by 'florin dev': make one of its own with 'florin key new-kek'")
	}
	return vault.FileKEK(path, data)
}

func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
