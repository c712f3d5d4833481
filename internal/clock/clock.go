// Package clock owns time. Everything that asks what time it is, or waits, does
// so through a [Clock], so that tests, the sandbox and the simulator can move it.
package clock

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time and waits.
type Clock interface {
	// Now is the current instant in UTC, cut to microseconds: what the database keeps.
	Now() time.Time
	// Sleep waits for d, or until ctx ends, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// System is the machine's clock.
type System struct{}

// Now implements [Clock].
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Sleep implements [Clock].
func (System) Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Manual is a clock that runs with the machine's but can be moved forwards.
// Sleepers wake when their instant is reached either way.
type Manual struct {
	mu     sync.Mutex
	offset time.Duration
	moved  chan struct{} // closed and replaced at every move
}

// NewManual gives a clock that shows the machine's time until it is moved.
func NewManual() *Manual { return &Manual{moved: make(chan struct{})} }

// Now implements [Clock].
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return System{}.Now().Add(m.offset)
}

// Move turns the clock forwards by d. A negative d is ignored: time that has
// been shown is not taken back.
func (m *Manual) Move(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d <= 0 {
		return
	}
	m.offset += d
	close(m.moved)
	m.moved = make(chan struct{})
}

// Sleep implements [Clock].
func (m *Manual) Sleep(ctx context.Context, d time.Duration) error {
	until := m.Now().Add(d)
	for {
		m.mu.Lock()
		moved := m.moved
		m.mu.Unlock()
		left := until.Sub(m.Now())
		if left <= 0 {
			return ctx.Err()
		}
		t := time.NewTimer(left)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-moved:
			t.Stop()
		case <-t.C:
		}
	}
}
