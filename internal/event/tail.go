package event

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/id"
)

// tailMax is how many events are kept in memory for those who follow. Who is further
// behind reads the database.
const tailMax = 4096

// topic is what one waits for: events of a merchant, or of all, that match one pattern.
type topic struct {
	merchant id.Merchant
	live     bool
	pattern  string // "": of any type
}

// tail is the end of one database's log in memory, while somebody follows it. Writers of
// this process hand their events over once they are durable, in any order; numbers
// without gaps tell which are missing: another process's, which are read.
type tail struct {
	followers atomic.Int64 // so that a write that nobody follows pays nothing
	entering  sync.Mutex
	stop      context.CancelFunc // ends the watch

	mu   sync.RWMutex
	ring []*Event                    // by number modulo tailMax
	end  int64                       // every event up to here is known
	top  int64                       // the highest number that was handed over
	ears map[topic]map[*ear]struct{} // so that an event costs nothing to who waits for another
	miss context.CancelFunc          // tells the watch of a gap
}

// ear is one who waits for events, until its context is cancelled.
type ear struct {
	wants Interest
	wake  context.CancelFunc
	at    int64 // the event that woke it; 0: none has
}

type tailKey struct{}

// tailOf is the tail of the database whose shared memory it is.
func tailOf(shared *sync.Map) *tail {
	if t, found := shared.Load(tailKey{}); found {
		return t.(*tail)
	}
	t, _ := shared.LoadOrStore(tailKey{}, &tail{ears: map[topic]map[*ear]struct{}{}, miss: func() {}})
	return t.(*tail)
}

// put takes an event that is durable.
func (t *tail) put(e *Event) {
	if t.followers.Load() == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.keep(e); !t.advance() && t.top > t.end {
		t.miss()
	}
}

// keep puts e in its place, unless that is still another's who is missing: it is read in
// its turn then.
func (t *tail) keep(e *Event) {
	t.top = max(t.top, e.Sequence)
	if e.Sequence > t.end && e.Sequence <= t.end+tailMax {
		t.ring[e.Sequence%tailMax] = e
	}
}

// advance moves the end over what has come, and wakes whom it concerns. It reports
// whether it moved.
func (t *tail) advance() (moved bool) {
	for e := t.ring[(t.end+1)%tailMax]; e != nil && e.Sequence == t.end+1; e = t.ring[(t.end+1)%tailMax] {
		t.end, moved = e.Sequence, true
		t.tell(e)
	}
	return moved
}

// tell wakes those who wait for e.
func (t *tail) tell(e *Event) {
	if len(t.ears) == 0 {
		return
	}
	noun, _, _ := strings.Cut(e.Type, ".")
	for _, pattern := range [...]string{"", e.Type, noun + ".*"} { // see Matches
		for _, at := range [...]topic{{e.Merchant, e.Live, pattern}, {pattern: pattern}} {
			for l := range t.ears[at] {
				if l.wants.of(e) {
					l.at = e.Sequence
					l.wake()
					t.forget(l)
				}
			}
		}
	}
}

// topics are where an ear for f is found.
func (f *Interest) topics() []topic {
	types := f.Types
	if len(types) == 0 {
		types = []string{""}
	}
	all := make([]topic, len(types))
	for i, pattern := range types {
		all[i] = topic{f.Merchant, f.Live && f.Merchant != "", pattern}
	}
	return all
}

func (t *tail) forget(l *ear) {
	for _, at := range l.wants.topics() {
		if delete(t.ears[at], l); len(t.ears[at]) == 0 {
			delete(t.ears, at)
		}
	}
}

// listen gives a context that ends with ctx or with the next event that is wanted. Call
// stop when done: it gives the number up to which nothing was, since it was called.
func (t *tail) listen(ctx context.Context, wants Interest) (heard context.Context, stop func() int64) {
	heard, cancel := context.WithCancel(ctx)
	l := &ear{wants: wants, wake: cancel}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, at := range wants.topics() {
		if t.ears[at] == nil {
			t.ears[at] = map[*ear]struct{}{}
		}
		t.ears[at][l] = struct{}{}
	}
	return heard, func() int64 {
		cancel()
		t.mu.Lock()
		defer t.mu.Unlock()
		if l.at > 0 {
			return l.at - 1
		}
		t.forget(l)
		return t.end
	}
}

// since gives the wanted events after a number, a page at most, and the number that was
// looked up to. It is not whole if some of them are not in memory.
func (t *tail) since(wants Interest, after int64) (page []*Event, last int64, whole bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.end-after >= tailMax {
		return nil, after, false
	}
	for n := after + 1; n <= t.end; n++ {
		e := t.ring[n%tailMax]
		if e == nil || e.Sequence != n {
			return nil, after, false
		}
		if !wants.of(e) {
			continue
		}
		if page = append(page, e); len(page) == followPage {
			return page, n, true
		}
	}
	return page, max(after, t.end), true
}

// known is the number up to which every event is known.
func (t *tail) known() int64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.end
}

// enter begins to follow. Call leave when done.
func (t *tail) enter(ctx context.Context, l *Log, c clock.Clock) (leave func(), err error) {
	t.entering.Lock()
	defer t.entering.Unlock()
	if t.followers.Load() > 0 {
		t.followers.Add(1)
	} else if err := t.open(ctx, l, c); err != nil {
		return nil, err
	}
	return func() {
		t.entering.Lock()
		defer t.entering.Unlock()
		if t.followers.Add(-1) == 0 {
			t.close()
		}
	}, nil
}

func (t *tail) open(ctx context.Context, l *Log, c clock.Clock) error {
	t.mu.Lock()
	t.ring, t.end, t.top = make([]*Event, tailMax), 0, 0
	t.mu.Unlock()
	t.followers.Add(1) // what is committed from now on is handed over: read the end after that
	end, err := l.End(ctx)
	if err != nil {
		t.followers.Add(-1)
		return err
	}
	t.mu.Lock()
	t.end = end
	t.advance()
	t.mu.Unlock()
	watch, stop := context.WithCancel(context.WithoutCancel(ctx))
	t.stop = stop
	go t.watch(watch, l, c)
	return nil
}

func (t *tail) close() {
	t.stop()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.miss = func() {}
	clear(t.ring)
}

// watch reads what is missing: at once if something is, and from time to time what other
// processes have written.
func (t *tail) watch(ctx context.Context, l *Log, c clock.Clock) {
	for ctx.Err() == nil {
		missed, cancel := context.WithCancel(ctx)
		t.mu.Lock()
		if t.miss = cancel; t.top > t.end {
			cancel()
		}
		t.mu.Unlock()
		if c.Sleep(missed, followPoll) != nil && ctx.Err() == nil {
			_ = c.Sleep(ctx, missPatience) // most often it is on its way
		}
		cancel()
		_ = t.fill(ctx, l) // a database that is away is asked again
	}
}

// fill reads from the database what is not known.
func (t *tail) fill(ctx context.Context, l *Log) error {
	end, err := l.End(ctx)
	for known := t.known(); err == nil && known < end; known = t.known() {
		var rows []Event
		if rows, err = l.after(ctx, known, tailMax); err != nil || len(rows) == 0 {
			return err
		}
		t.mu.Lock()
		for i := range rows {
			t.keep(&rows[i])
		}
		moved := t.advance()
		t.mu.Unlock()
		if !moved {
			return nil
		}
	}
	return err
}

// OfType reports whether events of that type are wanted.
func (f *Interest) OfType(kind string) bool {
	for _, pattern := range f.Types { // each follower asks it of each event
		if Matches(pattern, kind) {
			return true
		}
	}
	return len(f.Types) == 0
}

// of reports whether e is what is wanted.
func (f *Interest) of(e *Event) bool {
	return (f.Merchant == "" || f.Merchant == e.Merchant && f.Live == e.Live) &&
		f.OfType(e.Type) && (f.Object == "" || f.Object == e.Fact.Object)
}
