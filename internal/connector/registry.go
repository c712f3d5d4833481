package connector

import (
	"errors"
	"sync"

	"github.com/florinpay/florin/internal/fault"
)

// ErrMissing: nothing is wired that could serve the mode.
var ErrMissing = fault.New(fault.Unavailable, "connector_missing",
	"No connector is configured for this mode. Use a sandbox key, or ask the operator to configure a connector.")

var errMissingLive = ErrMissing.With("No live connector is configured. Use a sandbox key, or ask the operator to configure one.")

// Mode says whose money a connector moves.
type Mode bool

// The modes.
const (
	Sandbox Mode = false
	Live    Mode = true
)

// Registry knows which connector serves which mode. The zero Registry is ready.
type Registry struct {
	mu    sync.RWMutex
	modes map[Mode]Connector
}

// Register makes c serve mode, in place of any before it.
func (r *Registry) Register(mode Mode, c Connector) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.modes == nil {
		r.modes = map[Mode]Connector{}
	}
	r.modes[mode] = c
}

// For gives the connector that serves live or sandbox requests.
// Error: ErrMissing.
func (r *Registry) For(live bool) (Connector, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if c, ok := r.modes[Mode(live)]; ok {
		return c, nil
	}
	if live {
		return nil, errMissingLive
	}
	return nil, ErrMissing
}

// Close closes every connector.
func (r *Registry) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, c := range r.modes {
		errs = append(errs, c.Close())
	}
	r.modes = nil
	return errors.Join(errs...)
}
