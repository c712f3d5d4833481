package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/connector/sandbox"
)

// railSource says which sandbox rail a server uses. Servers on one database must use the
// same one: an acquirer knows its own operations only.
type railSource struct {
	SandboxRail       string `help:"Loopback address of another server's sandbox rail, to use instead of one of its own. Servers on one database must share one." name:"sandbox-rail" placeholder:"ADDRESS" env:"FLORIN_SANDBOX_RAIL"`
	SandboxRailListen string `help:"Loopback address of the server's own sandbox rail, for other servers to use; a free port if left out." name:"sandbox-rail-listen" placeholder:"ADDRESS" env:"FLORIN_SANDBOX_RAIL_LISTEN"`
}

// check refuses what would carry card numbers over a network in the clear.
func (s railSource) check() error {
	if s.SandboxRail != "" && s.SandboxRailListen != "" {
		return errors.New("--sandbox-rail uses another server's rail, --sandbox-rail-listen is for its own: leave one out")
	}
	for name, address := range map[string]string{"--sandbox-rail": s.SandboxRail, "--sandbox-rail-listen": s.SandboxRailListen} {
		if address != "" && !loopback(address) {
			return fmt.Errorf("%s %s would carry test cards over the network in the clear: use a loopback address, and between machines a tunnel such as ssh -L", name, address)
		}
	}
	return nil
}

// openRail connects to the sandbox acquirer as to any other, and starts it first unless
// it is another server's.
func (h *house) openRail(ctx context.Context, data string, s railSource) error {
	if err := s.check(); err != nil {
		return err
	}
	h.railAddress = s.SandboxRail
	if h.railAddress == "" {
		if err := h.serveRail(ctx, filepath.Join(data, "sandbox-rail"), s.SandboxRailListen); err != nil {
			return err
		}
		h.railAddress = h.rail.Address()
	}
	client := sandbox.Open(sandbox.ClientOptions{Address: h.railAddress, Clock: h.clock, Log: h.log})
	h.rails.Register(connector.Sandbox, traced{client})
	return nil
}

func (h *house) serveRail(ctx context.Context, dir, address string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the sandbox rail's folder: %w", err)
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("listen for the sandbox rail: %w. Choose another address with --sandbox-rail-listen", err)
	}
	// The rail outlives the signal that ends the server: payments under way still need it.
	h.rail, err = sandbox.ServeRail(context.WithoutCancel(ctx), listener, sandbox.Options{Dir: dir, Clock: h.clock, Log: h.log})
	if errors.Is(err, sandbox.ErrBookOpen) {
		err = fmt.Errorf("open the sandbox rail: %w. Another server runs on this data folder: stop it, or give this one a --data of its own; if both share a database, say where the other's rail listens with --sandbox-rail", err)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return nil
}
