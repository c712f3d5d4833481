package webhook

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

const (
	leaseFor    = 6 * time.Second // a dead node's lines stand still so long
	renewEvery  = 2 * time.Second
	lookEvery   = time.Second // for what is due again, and for lines that nobody holds
	soundAtOnce = 512         // attempts under way at endpoints that work, on one node
	illAtOnce   = 64          // and at those that do not, or slowly: they wait for each other only
	ownAtOnce   = 64          // of one merchant in one mode
)

// Courier delivers what is due, of every endpoint, beside other nodes.
type Courier struct {
	*Room
	holder string
	http   *http.Client
	sound  chan struct{}
	ill    chan struct{}

	shares sync.Map // a semaphore of each owner's

	mu      sync.Mutex
	lines   map[id.Endpoint]*line
	work    sync.WaitGroup
	working context.Context //nolint:containedctx // of all lines: they begin and end by themselves
}

// NewCourier makes the room's courier. Run it once.
func (r *Room) NewCourier() *Courier {
	return &Courier{
		Room: r, holder: string(id.New[id.Request](r.Clock.Now())), http: r.client(),
		sound: make(chan struct{}, soundAtOnce), ill: make(chan struct{}, illAtOnce), lines: map[id.Endpoint]*line{},
	}
}

// Run sorts and delivers until ctx ends. Then it breaks off the attempts under way, which
// count for nothing and are made again, and lets other nodes have the lines.
func (c *Courier) Run(ctx context.Context) {
	c.working = ctx
	s := &sorter{Room: c.Room, wake: c.wake}
	var beside sync.WaitGroup
	beside.Go(func() { s.run(ctx) })
	beside.Go(func() { c.renew(ctx) })
	for ctx.Err() == nil {
		c.look(ctx)
		_ = c.Clock.Sleep(ctx, lookEvery)
	}
	beside.Wait()
	c.work.Wait()
	c.http.CloseIdleConnections()
}

// share is what an owner's attempts under way are counted by: nobody's endpoints hold up
// other merchants'.
func (c *Courier) share(o Owner) chan struct{} {
	if s, found := c.shares.Load(o); found {
		return s.(chan struct{})
	}
	s, _ := c.shares.LoadOrStore(o, make(chan struct{}, ownAtOnce))
	return s.(chan struct{})
}

// look wakes the lines for which something is due.
func (c *Courier) look(ctx context.Context) {
	list, err := c.busy(ctx, c.Clock.Now(), c.holder)
	if err != nil {
		if ctx.Err() == nil {
			c.Log.Warn("due deliveries could not be read", "error", err)
		}
		return
	}
	for _, key := range list {
		c.wake(key)
	}
}

// wake lets the endpoint's line look for what is due, and begins it if it does not run.
func (c *Courier) wake(key id.Endpoint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.lines[key]
	if l == nil {
		if c.working.Err() != nil {
			return
		}
		l = &line{Courier: c, endpoint: key, bell: make(chan struct{}, 1), done: make(chan landed), flying: map[id.Delivery]string{}}
		c.lines[key] = l
		c.work.Go(func() { l.run(c.working) })
	}
	select {
	case l.bell <- struct{}{}:
	default:
	}
}

// end takes a line out, unless it was woken meanwhile.
func (c *Courier) end(l *line) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(l.bell) > 0 && c.working.Err() == nil {
		return false
	}
	delete(c.lines, l.endpoint)
	return true
}

// hold takes or keeps the leases of endpoints, and says which it has, and until when it may
// believe so, in nanoseconds since 1970.
func (c *Courier) hold(ctx context.Context, keys ...id.Endpoint) (held map[id.Endpoint]bool, until int64, err error) {
	locks := make([]db.Lock, len(keys))
	for i, key := range keys {
		locks[i] = leases.Lock(string(key))
	}
	now := c.Clock.Now()
	err = c.db.Write(ctx, locks, func(tx *db.Tx) error {
		held = map[id.Endpoint]bool{}
		for _, key := range keys {
			row, found := leases.Get(tx, string(key))
			if found && row.holder != c.holder && row.until.After(now) {
				continue
			}
			held[key] = true
			if next := (lease{key, c.holder, now.Add(leaseFor)}); found {
				leases.Update(tx, next)
			} else {
				leases.Insert(tx, next)
			}
		}
		return nil
	})
	return held, now.Add(leaseFor - renewEvery).UnixNano(), err
}

// drop gives the lease of an endpoint back.
func (c *Courier) drop(ctx context.Context, key id.Endpoint) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeFor)
	defer cancel()
	err := c.db.Write(ctx, []db.Lock{leases.Lock(string(key))}, func(tx *db.Tx) error {
		if row, found := leases.Get(tx, string(key)); found && row.holder == c.holder {
			leases.Delete(tx, string(key))
		}
		return nil
	})
	if err != nil { // it ends by itself
		c.Log.Warn("a line of deliveries was not given back", "endpoint", key, "error", err)
	}
}

// renew keeps the leases of all lines, and ends lines whose lease another node has.
func (c *Courier) renew(ctx context.Context) {
	for c.Clock.Sleep(ctx, renewEvery) == nil {
		c.mu.Lock()
		var keys []id.Endpoint
		for key := range c.lines {
			keys = append(keys, key)
		}
		c.mu.Unlock()
		if len(keys) == 0 {
			continue
		}
		held, until, err := c.hold(ctx, keys...)
		if err != nil {
			continue // each line learns it when its own time is up
		}
		c.mu.Lock()
		for key, l := range c.lines {
			if held[key] {
				l.heldUntil.Store(until)
			}
		}
		c.mu.Unlock()
	}
}
