package identity

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/id"
)

const (
	cacheMax = 10_000
	cacheFor = 5 * time.Second // how long what another node ended may go unnoticed
)

// cache remembers sessions by the hash of their cookie. It holds at most sizeMax of
// them, none used when older than freshFor.
type cache struct {
	sizeMax  int
	freshFor time.Duration

	mu       sync.RWMutex
	entries  map[string]*entry
	byPerson map[id.Person]map[string]struct{}
	changes  uint64 // grows when something is forgotten
}

// entry is a session with its person, as the database had them.
type entry struct {
	session sessionRow
	person  personRow
	readAt  time.Time
	touched atomic.Bool // somebody stores that it was seen
}

func newCache(sizeMax int, freshFor time.Duration) *cache {
	return &cache{sizeMax: sizeMax, freshFor: freshFor, entries: map[string]*entry{}, byPerson: map[id.Person]map[string]struct{}{}}
}

// get is the fresh entry for a hash, or nil.
func (c *cache) get(hash string, now time.Time) *entry {
	c.mu.RLock()
	defer c.mu.RUnlock()
	e := c.entries[hash]
	if e == nil {
		return nil
	}
	if age := now.Sub(e.readAt); age < 0 || age >= c.freshFor { // below 0: the clock was set back
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

// put remembers e, unless something was forgotten since mark: then e may be from
// before that change.
func (c *cache) put(hash string, e *entry, mark uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != mark {
		return
	}
	if _, there := c.entries[hash]; !there && len(c.entries) >= c.sizeMax {
		for h := range c.entries { // one, in the map's own random order
			c.drop(h)
			break
		}
	}
	c.entries[hash] = e
	of := c.byPerson[e.person.ID]
	if of == nil {
		of = map[string]struct{}{}
		c.byPerson[e.person.ID] = of
	}
	of[hash] = struct{}{}
}

func (c *cache) drop(hash string) {
	person := c.entries[hash].person.ID
	delete(c.entries, hash)
	delete(c.byPerson[person], hash)
	if len(c.byPerson[person]) == 0 {
		delete(c.byPerson, person)
	}
}

// forget drops what is remembered of a person.
func (c *cache) forget(person id.Person) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changes++
	for hash := range c.byPerson[person] {
		c.drop(hash)
	}
}
