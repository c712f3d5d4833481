package event

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/florinpay/florin/internal/id"
)

// owner is whose events they are.
type owner struct {
	merchant id.Merchant
	live     bool
}

// bell wakes the followers of an owner when a write of this process has added an
// event of theirs. It is a hint only: whoever misses it looks again soon.
type bell struct {
	listening atomic.Int64 // so that a write without listeners pays nothing
	mu        sync.Mutex
	ears      map[owner]map[*ear]struct{}
}

// ear is one who waits, until its context is cancelled.
type ear struct{ wake context.CancelFunc }

// bells is the process's own: an event does not know which Log will read it.
var bells = bell{ears: map[owner]map[*ear]struct{}{}}

// listen gives a context that ends with ctx or with the next ring for o. Call stop
// when done.
func (b *bell) listen(ctx context.Context, o owner) (heard context.Context, stop func()) {
	heard, cancel := context.WithCancel(ctx)
	e := &ear{cancel}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ears[o] == nil {
		b.ears[o] = map[*ear]struct{}{}
	}
	b.ears[o][e] = struct{}{}
	b.listening.Add(1)
	return heard, func() {
		cancel()
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.ears[o], e)
		if len(b.ears[o]) == 0 {
			delete(b.ears, o)
		}
		b.listening.Add(-1)
	}
}

func (b *bell) ring(o owner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for e := range b.ears[o] {
		e.wake()
	}
}
