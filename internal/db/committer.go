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

// write is one caller's function on its way through the committer.
type write struct {
	ctx   context.Context
	locks []Lock
	fn    func(*Tx) error
	after []func()
	err   error
	done  chan struct{}
}

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
	}
	if k.observe == nil {
		k.observe = func(Commit) {}
	}
	for range orDefault(c.Committers, 1) {
		s, err := e.session(ctx)
		if err != nil {
			k.stop()
			return nil, err
		}
		k.sessions.Go(func() { k.run(s) })
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
	<-w.done // not ctx: once a batch has taken the write, its outcome is owed
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

func (k *committer) stop() {
	k.mu.Lock()
	if !k.closed {
		k.closed = true
		close(k.queue)
	}
	k.mu.Unlock()
	k.sessions.Wait()
}

func (k *committer) broken() error {
	if p := k.poison.Load(); p != nil {
		return ErrClosed.WithCause(*p)
	}
	return nil
}

func (k *committer) run(s session) {
	defer s.close()
	batch := make([]*write, 0, k.batchMax)
	for first := range k.queue {
		batch = k.gather(append(batch[:0], first))
		k.commit(s, batch)
		for _, w := range batch {
			close(w.done)
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
		if w.ctx.Err() != nil {
			w.err = ErrStorage.WithCause(w.ctx.Err())
			continue
		}
		tx := &Tx{batch: b}
		if w.err = runWrite(tx, w.fn); w.err != nil {
			tx.undo()
			continue
		}
		tx.keep()
		w.after = tx.after
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
