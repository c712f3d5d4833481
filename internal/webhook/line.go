package webhook

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/id"
)

const (
	lingerFor  = 5 * time.Second // a line without work keeps its lease
	troubleFor = time.Second     // after what could not be written down
	slowFrom   = 2 * time.Second // an answer took long
)

// line carries one endpoint's deliveries. It runs on one node at a time.
type line struct {
	*Courier
	endpoint  id.Endpoint
	bell      chan struct{}
	done      chan landed
	flying    map[id.Delivery]string // and the objects that they are about
	unwritten bool                   // an attempt could not be written down, or not be begun
	failed    atomic.Bool            // an attempt has failed since the line began
	slow      atomic.Bool            // the last answer took long
	heldUntil atomic.Int64           // by the lease, nanoseconds since 1970
}

// landed is an attempt that has ended.
type landed struct {
	delivery id.Delivery
	err      error // it could not be written down
}

// run delivers until nothing has been due for a while.
func (l *line) run(ctx context.Context) {
	for {
		select {
		case <-l.bell: // it rings again for what comes from here on
		default:
		}
		switch held, until, err := l.hold(ctx, l.endpoint); {
		case err != nil:
			_ = l.Clock.Sleep(ctx, lookEvery)
		case held[l.endpoint]:
			l.heldUntil.Store(until)
			l.work(ctx)
		}
		for len(l.flying) > 0 {
			l.landing(<-l.done)
		}
		l.drop(ctx, l.endpoint) // before the line is out: the next one's lease is its own
		if l.Courier.end(l) {
			return
		}
	}
}

// lost reports whether the lease may be another node's by now: what has waited is not sent
// then, for that node sends it.
func (l *line) lost() bool { return l.Clock.Now().UnixNano() >= l.heldUntil.Load() }

// work sends what is due for as long as the lease is held.
func (l *line) work(ctx context.Context) {
	for ctx.Err() == nil && !l.lost() {
		idle, err := l.step(ctx)
		if err != nil && ctx.Err() == nil {
			l.Log.Warn("deliveries could not be sent", "endpoint", l.endpoint, "error", err)
		}
		if err != nil || l.unwritten { // it is due still: what is broken gets time
			l.unwritten = false
			_ = l.Clock.Sleep(ctx, troubleFor)
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
		if room == 0 || l.isFlying(d, e.Ordered) {
			continue
		}
		room--
		l.flying[d.ID] = d.Object
		go func() { l.done <- landed{d.ID, l.fly(ctx, e, d)} }()
	}
	return len(l.flying) == 0, nil
}

// isFlying reports whether d is under way or, where order is asked for, any event about its
// object: an older one may have been sent on its way again.
func (l *line) isFlying(d Delivery, ordered bool) bool {
	if _, flies := l.flying[d.ID]; flies || !ordered {
		return flies
	}
	for _, object := range l.flying {
		if object == d.Object {
			return true
		}
	}
	return false
}

// fly makes one attempt and writes it down.
func (l *line) fly(ctx context.Context, e Endpoint, d Delivery) error {
	slots := []chan struct{}{l.share(Owner{e.Merchant, e.Live}), l.sound}
	if !e.FailingSince.IsZero() || l.slow.Load() {
		slots[1] = l.ill
	}
	for _, s := range slots {
		select {
		case s <- struct{}{}:
			defer func() { <-s }()
		case <-ctx.Done():
			return nil
		}
	}
	e, found, err := l.find(ctx, e.ID) // it may have changed while this one waited
	if err != nil || !found || e.Status != Enabled || l.lost() {
		return err
	}
	a, asked, err := l.carefully(ctx, e, d)
	if err != nil || a.Error != "" && ctx.Err() != nil { // the server stops: that is no fault of the endpoint's
		return err
	}
	l.slow.Store(a.Latency > slowFrom)
	if a.Error != "" {
		l.failed.Store(true)
	}
	return l.settle(ctx, l.failed.Load(), e, d, a, asked)
}

// carefully makes an attempt. One event that breaks us must not break the others' deliveries:
// it is tried again and given up like any other.
func (l *line) carefully(ctx context.Context, e Endpoint, d Delivery) (a Attempt, asked time.Duration, err error) {
	defer func() {
		if p := recover(); p != nil {
			l.Log.Error("an attempt to deliver broke", "delivery", d.ID, "panic", p, "stack", string(debug.Stack()))
			a = Attempt{Delivery: d.ID, Number: d.Attempts + 1, CreatedAt: l.Clock.Now(), Error: "internal", Detail: "Something broke on our side.", Version: e.Version, Thin: true}
			asked, err = 0, nil
		}
	}()
	return l.attempt(ctx, e, d)
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
		l.unwritten = true
		l.Log.Warn("an attempt to deliver was not written down: it will be made again", "delivery", d.delivery, "error", d.err)
	}
}
