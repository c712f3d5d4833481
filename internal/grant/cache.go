package grant

import (
	"context"
	"sync"
	"time"

	"github.com/florinpay/florin/internal/id"
)

const (
	cacheFor = 4 * time.Second // a revocation on another node is seen within five
	cacheMax = 50_000
)

// cache remembers for a moment until when grants live.
type cache struct {
	mu      *sync.Mutex
	entries map[id.Grant]entry
}

type entry struct {
	until  time.Time // the grant lives before it; zero: it does not
	readAt time.Time
}

func newCache() cache { return cache{&sync.Mutex{}, map[id.Grant]entry{}} }

func (c cache) get(key id.Grant, now time.Time) (entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, there := c.entries[key]
	age := now.Sub(e.readAt)
	return e, there && age >= 0 && age < cacheFor
}

func (c cache) put(key id.Grant, e entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= cacheMax {
		clear(c.entries) // they come back by themselves within seconds
	}
	c.entries[key] = e
}

func (c cache) forget(key id.Grant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, key)
}

// Live reports whether a grant still allows anything, at most five seconds behind.
func (r *Room) Live(ctx context.Context, key id.Grant) (bool, error) {
	now := r.clock.Now()
	if e, fresh := r.seen.get(key, now); fresh {
		return now.Before(e.until), nil
	}
	g, found, err := grants.First(ctx, r.db, "where id = $1", string(key))
	if err != nil {
		return false, err
	}
	e := entry{readAt: now}
	if found && g.State == Active {
		e.until = g.ExpiresAt
	}
	r.seen.put(key, e)
	return now.Before(e.until), nil
}
