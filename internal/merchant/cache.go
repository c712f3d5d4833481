package merchant

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/id"
)

const (
	knownMax  = 10_000
	knownFor  = 5 * time.Second
	renewFrom = 4 * time.Second
)

// cache remembers merchants for every payment's sake: at most knownMax of them,
// none used when older than knownFor.
type cache struct {
	mu      sync.RWMutex
	entries map[id.Merchant]*entry
	changes uint64 // grows when a merchant is forgotten
}

type entry struct {
	merchant Merchant
	readAt   time.Time
	renewed  atomic.Bool // somebody is reading it again
}

func newCache() *cache { return &cache{entries: map[id.Merchant]*entry{}} }

// get is what is remembered, or nil. From renewFrom on one caller gets nil, so
// that it renews the entry while others go on with the old one: a busy
// merchant never sends all its callers to the database at once.
func (c *cache) get(key id.Merchant, now time.Time) *entry {
	c.mu.RLock()
	e := c.entries[key]
	c.mu.RUnlock()
	if e == nil {
		return nil
	}
	age := now.Sub(e.readAt)
	if age < 0 || age >= knownFor { // below 0: the clock was set back
		return nil
	}
	if age >= renewFrom && e.renewed.CompareAndSwap(false, true) {
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

// put remembers e, unless a merchant was forgotten since mark: then e may be
// from before that change.
func (c *cache) put(e *entry, mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != mark {
		return
	}
	if len(c.entries) >= knownMax {
		for key := range c.entries { // any one: the map's order is random
			delete(c.entries, key)
			break
		}
	}
	c.entries[e.merchant.ID] = e
}

func (c *cache) forget(key id.Merchant) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	delete(c.entries, key)
}
