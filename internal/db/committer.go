package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/fault"
)

// committer gathers writes into batches. A batch is simply what waits when a
// session becomes free; nobody lingers for company.
type committer struct {
	queue    chan *write
	batchMax int
	log      *slog.Logger
	observe  func(Commit)
	poison   atomic.Pointer[error] // set once: no more writes
	mu       sync.RWMutex          // held to close the queue, shared to send
	closed   bool
	sessions sync.WaitGroup
	shared   *sync.Map
	since    []atomic.Int64 // of each session: when its batch began, in Unix nanoseconds; 0: it has none
}

const (
	batchMaxDefault = 512
	queueMaxDefault = 4096
	raceTriesMax    = 10 // times a write that lost a race runs again, alone
)

func startCommitter(ctx context.Context, e engine, c Config) (*committer, error) {
	k := &committer{
		queue:    make(chan *write, orDefault(c.QueueMax, queueMaxDefault)),
		batchMax: orDefault(c.BatchMax, batchMaxDefault),
		log:      c.Log,
		observe:  c.Observe,
		shared:   &sync.Map{},
	}
	if k.observe == nil {
		k.observe = func(Commit) {}
	}
	k.since = make([]atomic.Int64, orDefault(c.Committers, 1))
	for i := range k.since {
		s, err := e.session(ctx)
		if err != nil {
			return nil, errors.Join(err, k.stop())
		}
		k.sessions.Go(func() { k.run(s, &k.since[i]) })
	}
	return k, nil
}

func orDefault(n, fallback int) int {
	if n == 0 {
		return fallback
	}
	return n
}

func (k *committer) do(ctx context.Context, locks []Lock, fn func(*Tx) error) error {
	w := &write{ctx: ctx, locks: locks, fn: fn, done: make(chan struct{})}
	if err := k.enqueue(w); err != nil {
		return err
	}
	if err := w.wait(ctx); err != nil {
		return err
	}
	if w.err != nil {
		return w.err
	}
	for _, f := range w.after {
		f()
	}
	return nil
}

func (k *committer) enqueue(w *write) error {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.closed {
		return ErrClosed
	}
	if err := k.broken(); err != nil {
		return err
	}
	select {
	case k.queue <- w:
		return nil
	default:
		return ErrBusy
	}
}

// stop lets the writes that wait be committed. It gives up on a database that does not
// answer: what it then leaves behind is decided by the database, as after a crash.
func (k *committer) stop() error {
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		close(k.queue)
	}
	k.mu.Unlock()
	return within(stopFor, "the last commit", k.sessions.Wait)
}

const (
	stopFor    = 5 * time.Second // a stop waits so long for a database
	stuckAfter = 5 * time.Second // a batch of this age says that the database hangs
)

// within runs fn, but not for longer than limit: then fn goes on alone.
func within(limit time.Duration, what string, fn func()) error {
	done := make(chan struct{})
	go func() { defer close(done); fn() }()
	select {
	case <-done:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("the database did not answer within %s: %s is left to it", limit, what)
	}
}

// stuck reports that a batch waits for the database for too long.
func (k *committer) stuck() error {
	for i := range k.since {
		if began := k.since[i].Load(); began != 0 && time.Since(time.Unix(0, began)) > stuckAfter {
			return ErrStorage.WithCause(fmt.Errorf("a commit waits for the database since %s", time.Unix(0, began).UTC().Format(time.RFC3339)))
		}
	}
	return nil
}

func (k *committer) broken() error {
	if p := k.poison.Load(); p != nil {
		return ErrClosed.WithCause(*p)
	}
	return nil
}

func (k *committer) run(s session, since *atomic.Int64) {
	defer s.close()
	batch := make([]*write, 0, k.batchMax)
	for first := range k.queue {
		batch = k.gather(append(batch[:0], first))
		since.Store(time.Now().UnixNano())
		k.commit(s, batch)
		since.Store(0)
		for _, w := range batch {
			w.finish()
		}
	}
}

func (k *committer) gather(batch []*write) []*write {
	for len(batch) < k.batchMax {
		select {
		case w, ok := <-k.queue:
			if !ok {
				return batch
			}
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// commit decides every write of the batch: its err is set when commit returns.
func (k *committer) commit(s session, writes []*write) {
	err := k.try(s, writes)
	if err == nil {
		return
	}
	if concernsAll(err) || len(writes) == 1 && !errors.Is(err, errConflict) {
		k.fail(writes, err)
		return
	}
	// One write may spoil the batch for all: run each alone, so that only the
	// culprit fails, and a lost race is run again on what the winner left.
	for i, w := range writes {
		if err := k.alone(s, w); err != nil && concernsAll(err) {
			k.fail(writes[i:], err)
			return
		}
	}
}

// concernsAll reports whether err would fail every other write in the same way.
func concernsAll(err error) bool {
	_, away := errors.AsType[awayError](err)
	return away || isFatal(err) || errors.Is(err, ErrUnknown) || errors.Is(err, ErrFull)
}

func (k *committer) alone(s session, w *write) error {
	var err error
	for range raceTriesMax {
		if err = k.try(s, []*write{w}); err == nil || !errors.Is(err, errConflict) {
			break
		}
	}
	if err != nil {
		k.fail([]*write{w}, err)
	}
	return err
}

func (k *committer) fail(writes []*write, err error) {
	k.log.Error("commit failed", "error", err, "writes", len(writes))
	if isFatal(err) {
		k.poison.CompareAndSwap(nil, &err)
	}
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		f = ErrStorage.WithCause(err)
	}
	for _, w := range writes {
		w.err = f
	}
}

// try runs one batch: nil means that it is durable and each write's err tells
// its own fate; otherwise nothing of it is.
func (k *committer) try(s session, writes []*write) (err error) {
	if err := k.broken(); err != nil {
		return err
	}
	started := time.Now()
	defer func() { k.observe(Commit{len(writes), time.Since(started), err != nil}) }()
	// COMMIT must never be cancelled half-way: a cancelled wait for a standby
	// reports success. So no caller's context reaches the session.
	ctx := context.Background()
	b := newBatch(writes)
	if err := s.begin(ctx, b); err != nil {
		s.rollback()
		return err
	}
	for _, w := range writes {
		w.err, w.after = nil, nil
		if w.ctx.Err() != nil || !w.take() {
			w.err = ErrStorage.WithCause(context.Cause(w.ctx))
			continue
		}
		tx := &Tx{batch: b, shared: k.shared}
		if w.err = runWrite(tx, w.fn); w.err != nil {
			tx.undo()
		} else {
			tx.keep()
			w.after = tx.after
		}
		w.stage.Store(decided)
	}
	for _, r := range b.tables() {
		r.settle()
	}
	if err := s.commit(ctx, b); err != nil {
		s.rollback()
		return err
	}
	return nil
}

// runWrite turns a panic of one write into its own failure.
func runWrite(tx *Tx, fn func(*Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.ErrInternal.WithCause(fmt.Errorf("panic in a write: %v\n%s", p, debug.Stack()))
		}
	}()
	return fn(tx)
}

// awayError: the database cannot be reached, so nothing was tried.
type awayError struct{ cause error }

func (e awayError) Error() string { return "the database cannot be reached: " + e.cause.Error() }
func (e awayError) Unwrap() error { return e.cause }

// fatalError: after it nothing may be written, because what is durable is unknown.
type fatalError struct{ cause error }

func (e fatalError) Error() string { return "storage is not reliable any more: " + e.cause.Error() }
func (e fatalError) Unwrap() error { return e.cause }

func isFatal(err error) bool {
	_, ok := errors.AsType[fatalError](err)
	return ok
}
