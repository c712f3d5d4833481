package db

import (
	"context"
	"sync/atomic"
	"time"
)

// write is one caller's function on its way through the committer.
type write struct {
	ctx   context.Context
	locks []Lock
	fn    func(*Tx) error
	after []func()
	err   error
	done  chan struct{}
	stage atomic.Int32
}

// The stages of a write. Its function shares variables with its caller, so a caller may
// leave only when it is not running and will not run any more.
const (
	queued   int32 = iota // its function has not run
	running               // its function runs, which takes no time
	decided               // its function has run, and its commit is under way; it may have to run again
	left                  // its caller has gone
	finished              // its outcome is known
)

// take lets the write's function run, unless its caller has gone.
func (w *write) take() bool {
	return w.stage.CompareAndSwap(queued, running) || w.stage.CompareAndSwap(decided, running)
}

// finish tells the caller. If the caller has gone, what the function wanted to be done
// afterwards is done here.
func (w *write) finish() {
	if w.stage.Swap(finished) == left && w.err == nil {
		for _, f := range w.after {
			f()
		}
	}
	close(w.done)
}

// wait returns nil once the write's outcome is known. It does not outwait ctx: a
// database that hangs must not hang its callers. Errors: ErrStorage if the function
// has not run and never will, ErrUnknown if its commit is under way.
func (w *write) wait(ctx context.Context) error {
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
	}
	for {
		switch {
		case w.stage.CompareAndSwap(queued, left):
			return ErrStorage.WithCause(context.Cause(ctx))
		case w.stage.CompareAndSwap(decided, left):
			return ErrUnknown.WithCause(context.Cause(ctx))
		}
		select {
		case <-w.done:
			return nil
		case <-time.After(time.Millisecond): // its function is running
		}
	}
}
