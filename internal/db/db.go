package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/florinpay/florin/internal/fault"
)

// Config says where the database is and how writes are gathered.
type Config struct {
	URL        string       // a SQLite file's path, or postgres://…
	BatchMax   int          // most writes that share one commit; 0: 512; 1: no group commit
	QueueMax   int          // most writes that wait; more are refused with ErrBusy; 0: 4096
	Committers int          // PostgreSQL only: connections that commit side by side; 0: 1
	Log        *slog.Logger // nil: slog.Default()
	Observe    func(Commit) // called after each commit, if set; must be quick
}

// Commit is what one commit did, for metrics.
type Commit struct {
	Writes int           // writes that shared it
	Took   time.Duration // from the first lock to durable
	Failed bool
}

// Faults of storage. All are worth a retry with the same idempotency key.
var (
	ErrBusy    = fault.New(fault.Unavailable, "overloaded", "Too many writes are waiting. Retry with the same idempotency key.").WithRetryAfter(time.Second)
	ErrFull    = fault.New(fault.Unavailable, "storage_full", "The disk is full, so nothing can be stored. Retry with the same idempotency key once the operator has made room.").WithRetryAfter(30 * time.Second)
	ErrClosed  = fault.New(fault.Unavailable, "storage_closed", "The database is not open for writing. Retry with the same idempotency key.").WithRetryAfter(5 * time.Second)
	ErrStorage = fault.New(fault.Unavailable, "storage_failed", "The database did not answer. Retry with the same idempotency key.").WithRetryAfter(time.Second)
	// ErrUnknown: the commit may or may not be durable. The idempotency row tells.
	ErrUnknown = fault.New(fault.Unavailable, "outcome_unknown", "Whether the request took effect is not known yet. Retry with the same idempotency key to learn it.").WithRetryAfter(time.Second)
)

// errConflict: another process wrote one of the rows; running the function again helps.
var errConflict = errors.New("db: lost a race for a row")

// DB is an open database.
type DB struct {
	engine    engine
	committer *committer
	shared    *sync.Map
}

// engine is one kind of database. A session is one of its connections that
// commits batches; reads go beside it.
type engine interface {
	session(ctx context.Context) (session, error)
	query(ctx context.Context, sql string, args []any, fn func(Row) error) error
	snapshot(ctx context.Context) (engine, error) // reads one moment until closed
	broken() error                                // what happened beside any commit, after which nothing may be written; or nil
	close() error
	name() string
}

type session interface {
	begin(ctx context.Context, b *batch) error  // open a transaction and load the wanted rows
	commit(ctx context.Context, b *batch) error // write what changed and make it durable
	rollback()
	close()
}

// IsPostgres reports whether url names a PostgreSQL server rather than a file.
func IsPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// Open connects, brings the schema up to date, and starts the committer.
// Close the result.
func Open(ctx context.Context, c Config) (*DB, error) {
	if err := Migrate(ctx, c.URL); err != nil {
		return nil, err
	}
	return OpenExisting(ctx, c)
}

// OpenExisting is Open without migrations; the schema must be current.
func OpenExisting(ctx context.Context, c Config) (*DB, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	open := openSQLite
	if IsPostgres(c.URL) {
		open = openPostgres
	} else {
		c.Committers = 1
	}
	e, err := open(ctx, c)
	if err != nil {
		return nil, err
	}
	k, err := startCommitter(ctx, e, c)
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	return &DB{e, k, k.shared}, nil
}

// Shared is memory for the rooms, which those who write to the database and those who
// read it have in common for as long as it is open.
func (d *DB) Shared() *sync.Map { return d.shared }

// Engine is "sqlite" or "postgres".
func (d *DB) Engine() string { return d.engine.name() }

// Write runs fn on the rows named by locks and returns once what it did is
// durable, or ctx has ended. fn may run more than once; see the package comment. Errors:
// what fn returned, or a fault of this package.
func (d *DB) Write(ctx context.Context, locks []Lock, fn func(*Tx) error) error {
	return d.committer.do(ctx, locks, fn)
}

// Query reads outside any write: every row of the answer is given to fn in
// order. args are string, int64, int, bool or []byte. If ctx ended it, the error says
// so to errors.Is, whatever the engine made of it.
func (d *DB) Query(ctx context.Context, sql string, fn func(Row) error, args ...any) error {
	for i, a := range args {
		switch v := a.(type) {
		case int:
			args[i] = int64(v)
		case bool:
			args[i] = int64(0)
			if v {
				args[i] = int64(1)
			}
		case time.Time:
			args[i] = Micros(v)
		}
	}
	err := d.engine.query(ctx, sql, args, fn)
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		return fmt.Errorf("%w: %w", err, ctx.Err())
	}
	return err
}

// Healthy reports why the database cannot take writes, or nil.
func (d *DB) Healthy(ctx context.Context) error {
	if err := errors.Join(d.committer.broken(), d.engine.broken(), d.committer.stuck()); err != nil {
		return err
	}
	return d.Query(ctx, "select 1", func(Row) error { return nil })
}

// Waiting is the number of writes in the queue.
func (d *DB) Waiting() int { return len(d.committer.queue) }

// Snapshot is a view of the database as it is now, for reading only; several
// queries on it agree with each other. Close it soon: it holds back cleaning up.
func (d *DB) Snapshot(ctx context.Context) (*DB, error) {
	e, err := d.engine.snapshot(ctx)
	if err != nil {
		return nil, ErrStorage.WithCause(err)
	}
	return &DB{e, &committer{closed: true}, &sync.Map{}}, nil
}

// Close finishes the writes that wait, refuses new ones, and closes the database. It
// does not wait for a database that hangs.
func (d *DB) Close() error {
	err := d.committer.stop()
	var closed error
	return errors.Join(err, within(stopFor, "the connection", func() { closed = d.engine.close() }), closed)
}
