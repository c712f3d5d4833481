package apikey

import (
	"sync"
	"sync/atomic"
	"time"
)

// cache remembers answers of the database by the hash they were asked for. It
// holds at most sizeMax of them, none used when older than freshFor.
type cache struct {
	sizeMax  int
	freshFor time.Duration

	mu      sync.RWMutex
	entries map[hash]*entry
	changes uint64 // grows when an answer is forgotten
}

// entry is one answer: the key of a hash, or that there is none.
type entry struct {
	key     Key
	use     *use // where to note that the key was used
	readAt  time.Time
	renewed atomic.Bool // somebody is reading it again
}

func newCache(sizeMax int, freshFor time.Duration) *cache {
	return &cache{sizeMax: sizeMax, freshFor: freshFor, entries: map[hash]*entry{}}
}

// get is the fresh answer for h, or nil. In the last fifth of an answer's time
// one caller gets nil, so that it renews the answer while others go on with
// the old one: a busy key never sends all its callers to the database at once.
func (c *cache) get(h hash, now time.Time) *entry {
	c.mu.RLock()
	e := c.entries[h]
	c.mu.RUnlock()
	if e == nil {
		return nil
	}
	age := now.Sub(e.readAt)
	if age < 0 || age >= c.freshFor { // below 0: the clock was set back
		return nil
	}
	if age >= c.freshFor-c.freshFor/5 && e.renewed.CompareAndSwap(false, true) {
		return nil
	}
	return e
}

// mark is to be taken before the database is asked for what put will bring.
func (c *cache) mark() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.changes
}

// put remembers e, unless something was forgotten since mark: then e may be
// from before that change.
func (c *cache) put(h hash, e *entry, mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != mark {
		return
	}
	if _, there := c.entries[h]; !there && len(c.entries) >= c.sizeMax {
		c.drop(e.readAt)
	}
	c.entries[h] = e
}

// drop makes room: of a few entries, in the map's own random order, the stale
// ones, or else one.
func (c *cache) drop(now time.Time) {
	const looked = 8
	var seen hash
	n, stale := 0, false
	for h, e := range c.entries {
		seen = h
		if now.Sub(e.readAt) >= c.freshFor {
			delete(c.entries, h)
			stale = true
		}
		if n++; n == looked {
			break
		}
	}
	if !stale {
		delete(c.entries, seen)
	}
}

func (c *cache) forget(h hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.entries, h)
}

func (c *cache) size() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.entries)
}
