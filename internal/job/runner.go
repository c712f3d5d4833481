package job

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
)

// Handler does one job. It returns when the job is due again, or the zero time
// when it is done. After an error the job is tried again, later each time.
type Handler func(ctx context.Context, j Job) (next time.Time, err error)

// Finder makes jobs of what needs one and has none yet: where that is rare, it is
// cheaper than a job beside every fact. It is called often and must be quick.
type Finder func(ctx context.Context) error

// Runner leases due jobs and runs them.
type Runner struct {
	db       *db.DB
	clock    clock.Clock
	log      *slog.Logger
	handlers map[Kind]Handler
	finders  []Finder
	wake     chan struct{}
}

const (
	leaseFor     = time.Minute
	pollEvery    = 500 * time.Millisecond
	batchMax     = 32
	atOnceMax    = 8
	retryFirst   = 2 * time.Second
	retryMax     = time.Hour
	errorTextMax = 500
	finishFor    = 10 * time.Second // real time: a database that hangs holds up no stop; the lease frees the job
)

// NewRunner makes a runner with a handler for each kind, and finders.
func NewRunner(d *db.DB, c clock.Clock, log *slog.Logger, handlers map[Kind]Handler, finders ...Finder) *Runner {
	return &Runner{d, c, log, handlers, finders, make(chan struct{}, 1)}
}

// Wake makes the runner look for due jobs now.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then waits for the handlers that are at work.
func (r *Runner) Run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := r.RunDue(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.Error("jobs could not be read", "error", err)
		}
		if n == batchMax {
			continue // more may be waiting
		}
		r.pause(ctx)
	}
}

func (r *Runner) pause(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.wake:
			cancel()
		case <-ctx.Done():
		}
	}()
	_ = r.clock.Sleep(ctx, pollEvery) // its error only says that it was woken
}

// RunDue does the jobs that are due now and returns how many it took.
func (r *Runner) RunDue(ctx context.Context) (int, error) {
	for _, find := range r.finders {
		if err := find(ctx); err != nil {
			return 0, err
		}
	}
	now := r.clock.Now()
	list, err := due(ctx, r.db, now, batchMax)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	taken, err := lease(ctx, r.db, list, now, now.Add(leaseFor))
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, atOnceMax)
	for _, j := range taken {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			r.one(ctx, j)
		})
	}
	wg.Wait()
	return len(taken), nil
}

func (r *Runner) one(ctx context.Context, j Job) {
	next, err := r.handle(ctx, j)
	failure := ""
	if err != nil {
		if ctx.Err() != nil {
			next = r.clock.Now() // stopping: another process may take it at once
		} else {
			next = r.clock.Now().Add(backoff(j.Tries))
			r.log.Warn("job failed", "kind", j.Kind, "object", j.Object, "tries", j.Tries, "error", err)
		}
		failure = err.Error()[:min(len(err.Error()), errorTextMax)]
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishFor)
	defer cancel()
	if err := finish(ctx, r.db, j, next, failure); err != nil {
		r.log.Error("job could not be finished", "kind", j.Kind, "object", j.Object, "error", err)
	}
}

func (r *Runner) handle(ctx context.Context, j Job) (next time.Time, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in job %s: %v\n%s", j.Kind, p, debug.Stack())
		}
	}()
	h := r.handlers[j.Kind]
	if h == nil {
		return time.Time{}, fmt.Errorf("no handler for job %s", j.Kind)
	}
	return h(ctx, j)
}

func backoff(tries int) time.Duration {
	d := retryFirst << min(tries, 20)
	return min(d, retryMax)
}
