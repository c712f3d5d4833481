package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/fault"
)

// clockFile says how far a sandbox's clock is ahead of the machine's, in its data folder.
const clockFile = "sandbox-clock.json"

// aheadMax keeps a sandbox's clock within what databases and certificates know.
const aheadMax = 20 * 365 * 24 * time.Hour

// movedClock is a sandbox's clock: it keeps for good how far it was moved.
type movedClock struct {
	*clock.Manual
	path  string
	mu    sync.Mutex
	ahead time.Duration
}

type clockState struct {
	AheadSeconds int64 `json:"ahead_seconds"`
}

// openClock gives the sandbox's clock as it was left.
func openClock(data string) (*movedClock, error) {
	c := &movedClock{Manual: clock.NewManual(), path: filepath.Join(data, clockFile)}
	text, err := os.ReadFile(c.path)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	var s clockState
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return nil, fmt.Errorf("read the sandbox's clock from %s: %w", c.path, err)
	}
	c.ahead = time.Duration(s.AheadSeconds) * time.Second
	c.Manual.Move(c.ahead)
	return c, nil
}

// Ahead implements [api.MovableClock].
func (c *movedClock) Ahead() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ahead
}

// Move implements [api.MovableClock].
func (c *movedClock) Move(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ahead+d > aheadMax {
		return fault.ErrInvalid.WithField("/seconds", "out_of_range", "The clock can be at most 20 years ahead. Begin with a fresh data folder.")
	}
	// Kept before it is shown: a restart must not take time back.
	if err := writeFile(c.path, clockState{int64((c.ahead + d) / time.Second)}); err != nil {
		return fmt.Errorf("keep the sandbox's clock: %w", err)
	}
	c.ahead += d
	c.Manual.Move(d)
	return nil
}
