package oauth

import (
	"context"
	"sync"
	"time"

	"github.com/florinpay/florin/internal/clock"
)

// freshFor is how long an answer of the database is believed: what is revoked on one node
// is refused on all within this time.
const freshFor = 5 * time.Second

// memory remembers answers of the database, each no longer than freshFor.
type memory[K comparable, V any] struct {
	clock   clock.Clock
	sizeMax int
	read    func(context.Context, K) (V, error)

	mu      sync.Mutex
	answers map[K]*remembered[V]
	changes uint64 // grows when an answer is forgotten
}

type remembered[V any] struct {
	value   V
	readAt  time.Time // before the database was asked
	renewed bool      // somebody asks again
}

func newMemory[K comparable, V any](c clock.Clock, sizeMax int, read func(context.Context, K) (V, error)) *memory[K, V] {
	return &memory[K, V]{clock: c, sizeMax: sizeMax, read: read, answers: map[K]*remembered[V]{}}
}

// get gives the answer for key. In the last fifth of its time one caller asks again while
// others go on with the old one, so that a busy key never sends all to the database.
func (m *memory[K, V]) get(ctx context.Context, key K) (V, error) {
	now := m.clock.Now()
	m.mu.Lock()
	if a := m.answers[key]; a != nil {
		age := now.Sub(a.readAt)
		if age >= 0 && (age < freshFor-freshFor/5 || age < freshFor && a.renewed) { // below 0: the clock was set back
			v := a.value
			m.mu.Unlock()
			return v, nil
		}
		a.renewed = true
	}
	changes := m.changes
	m.mu.Unlock()
	v, err := m.read(ctx, key)
	if err != nil {
		return v, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.changes == changes { // else the answer may be from before a change
		m.put(key, &remembered[V]{value: v, readAt: now})
	}
	return v, nil
}

// put remembers an answer; a full memory forgets stale ones, or else any.
func (m *memory[K, V]) put(key K, a *remembered[V]) {
	if _, there := m.answers[key]; !there && len(m.answers) >= m.sizeMax {
		const looked = 8
		n := 0
		for k, old := range m.answers {
			if n++; a.readAt.Sub(old.readAt) >= freshFor || n == looked {
				delete(m.answers, k)
			}
			if n == looked {
				break
			}
		}
	}
	m.answers[key] = a
}

func (m *memory[K, V]) forget(key K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	delete(m.answers, key)
}
