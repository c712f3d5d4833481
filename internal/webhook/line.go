package webhook

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/id"
)

// lingerFor is how long a line without work keeps its lease.
const lingerFor = 5 * time.Second

// line carries one endpoint's deliveries. It runs on one node at a time.
type line struct {
	*Courier
	endpoint  id.Endpoint
	bell      chan struct{}
	done      chan landed
	flying    map[id.Delivery]bool
	heldUntil atomic.Int64 // by the lease, nanoseconds since 1970
}

// landed is an attempt that has ended.
type landed struct {
	delivery id.Delivery
	err      error // it could not be written down
}

// run delivers until nothing has been due for a while.
func (l *line) run(ctx context.Context) {
	for {
		if held, err := l.hold(ctx, l.endpoint); err == nil && held[l.endpoint] {
			l.heldUntil.Store(l.Clock.Now().Add(leaseFor - renewEvery).UnixNano())
			l.work(ctx)
		}
		for len(l.flying) > 0 {
			l.landing(<-l.done)
		}
		if l.Courier.end(l) {
			break
		}
	}
	l.drop(context.WithoutCancel(ctx), l.endpoint)
}

// work sends what is due for as long as the lease is held.
func (l *line) work(ctx context.Context) {
	for ctx.Err() == nil && l.Clock.Now().UnixNano() < l.heldUntil.Load() {
		idle, err := l.step(ctx)
		if err != nil {
			if ctx.Err() == nil {
				l.Log.Warn("deliveries could not be sent", "endpoint", l.endpoint, "error", err)
			}
			_ = l.Clock.Sleep(ctx, time.Second)
			continue
		}
		if !l.wait(ctx, idle) {
			return
		}
	}
}

// step sends what is due, as much as may be under way.
func (l *line) step(ctx context.Context) (idle bool, err error) {
	e, found, err := l.find(ctx, l.endpoint)
	if err != nil || !found || e.Status != Enabled {
		return true, err
	}
	room := e.Concurrency
	if !e.FailingSince.IsZero() {
		room = 1 // one learns whether it works again; more would only hang
	}
	if room -= len(l.flying); room <= 0 {
		return false, nil
	}
	list, err := l.due(ctx, &e, l.Clock.Now(), room+len(l.flying))
	if err != nil {
		return false, err
	}
	for _, d := range list {
		if l.flying[d.ID] || room == 0 {
			continue
		}
		room--
		l.flying[d.ID] = true
		go func() { l.done <- landed{d.ID, l.fly(ctx, e, d)} }()
	}
	return len(l.flying) == 0, nil
}

// fly makes one attempt and writes it down.
func (l *line) fly(ctx context.Context, e Endpoint, d Delivery) error {
	slots := l.sound
	if !e.FailingSince.IsZero() {
		slots = l.ill
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return nil
	}
	a, asked, err := l.attempt(ctx, e, d)
	if err != nil || a.Error != "" && ctx.Err() != nil { // the server stops: that is no fault of the endpoint's
		return err
	}
	return l.settle(context.WithoutCancel(ctx), e, d, a, asked)
}

// wait returns when there is something to do. It is false when the line has been idle for
// long enough.
func (l *line) wait(ctx context.Context, idle bool) bool {
	patience := lookEvery
	if idle {
		patience = lingerFor
	}
	rung, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := make(chan struct{})
	go func() {
		defer close(timer)
		_ = l.Clock.Sleep(rung, patience)
	}()
	select {
	case <-l.bell:
	case d := <-l.done:
		l.landing(d)
	case <-timer:
		return !idle
	}
	return true
}

func (l *line) landing(d landed) {
	delete(l.flying, d.delivery)
	if d.err != nil {
		l.Log.Warn("an attempt to deliver was not written down: it will be made again", "delivery", d.delivery, "error", d.err)
	}
}
