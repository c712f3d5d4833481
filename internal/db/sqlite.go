package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// sqliteEngine is one SQLite file in WAL mode: one connection writes, several read,
// and one moves the log into the file about once a second (an automatic checkpoint
// inside a commit costs tens of milliseconds).
type sqliteEngine struct {
	path    string
	log     *slog.Logger
	readers *sqlitex.Pool
	stop    context.CancelFunc
	done    sync.WaitGroup
	restart chan struct{} // asks the writer to restart the log
	file    *writeback
	failed  atomic.Pointer[error] // set once: a checkpoint failed in a way that makes the file doubtful
}

const (
	busyTimeout      = 10 * time.Second
	restartWait      = 20 * time.Millisecond // for readers, when the log is restarted: every payment waits, too
	checkpointEvery  = time.Second
	walRestartFrames = 8192 // 32 MiB of 4 KiB pages
	walBehindFrames  = 512  // so little may be left to copy when the writer restarts the log
	catchUpMax       = 8    // passes of one checkpoint
)

// Settings that every connection gets; O1: anything weaker than FULL loses
// acknowledged payments in a power cut.
var sqlitePragmas = []string{
	"pragma synchronous=full",
	"pragma foreign_keys=on",
	"pragma temp_store=memory",
	"pragma mmap_size=0",
	"pragma wal_autocheckpoint=0",
}

// run executes statements one by one, outside any transaction of its own.
func run(conn *sqlite.Conn, statements ...string) error {
	for _, s := range statements {
		if err := sqlitex.ExecuteTransient(conn, s, nil); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

func openSQLite(_ context.Context, c Config) (engine, error) {
	if err := os.Chmod(c.URL, 0o600); err != nil {
		return nil, fmt.Errorf("open %s: %w", c.URL, err)
	}
	e := &sqliteEngine{path: c.URL, restart: make(chan struct{}, 1), log: c.Log}
	var err error
	if e.file, err = openWriteback(c.URL); err != nil {
		return nil, err
	}
	keeper, err := e.connect() // first: it turns the log on in a copy that has none
	if err != nil {
		return nil, errors.Join(err, e.file.close())
	}
	e.readers, err = sqlitex.NewPool(c.URL, sqlitex.PoolOptions{
		Flags:    sqlite.OpenReadOnly,
		PoolSize: max(4, runtime.NumCPU()),
		PrepareConn: func(conn *sqlite.Conn) error {
			conn.SetBusyTimeout(busyTimeout)
			return run(conn, "pragma query_only=on", "pragma temp_store=memory", "pragma cache_size=-4096")
		},
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", c.URL, err), keeper.Close(), e.file.close())
	}
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	e.done.Go(func() { e.checkpoint(ctx, keeper) })
	return e, nil
}

func (e *sqliteEngine) name() string { return "sqlite" }

func (e *sqliteEngine) connect() (*sqlite.Conn, error) {
	conn, err := sqlite.OpenConn(e.path, sqlite.OpenReadWrite|sqlite.OpenWAL)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", e.path, err)
	}
	conn.SetBusyTimeout(busyTimeout)
	if err := run(conn, sqlitePragmas...); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, verifySettings(conn)
}

// verifySettings refuses a connection that would acknowledge before it is durable.
func verifySettings(conn *sqlite.Conn) error {
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal"} {
		got := ""
		err := sqlitex.ExecuteTransient(conn, "pragma "+pragma, &sqlitex.ExecOptions{
			ResultFunc: func(s *sqlite.Stmt) error { got = s.ColumnText(0); return nil },
		})
		if err != nil || got != want {
			return errors.Join(fmt.Errorf("SQLite: %s is %q, must be %q", pragma, got, want), err, conn.Close())
		}
	}
	return nil
}

// checkpoint copies the log into the file in the background. A passive
// checkpoint never finishes under load, so when the log has grown it asks the
// writer to restart it between two batches, when little is left to copy.
func (e *sqliteEngine) checkpoint(ctx context.Context, conn *sqlite.Conn) {
	defer func() {
		if e.broken() == nil {
			_ = conn.Close()
		}
	}()
	tick := time.NewTicker(checkpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if e.broken() != nil {
			return // the log is all that is sure now
		}
		if e.catchUp(conn) > walRestartFrames {
			select {
			case e.restart <- struct{}{}:
			default:
			}
		}
	}
}

// catchUp copies the log, and then what came in meanwhile, which is less each time:
// what is left when the writer restarts the log stops every payment. It returns the
// length of the log in frames.
func (e *sqliteEngine) catchUp(conn *sqlite.Conn) (frames int) {
	for range catchUpMax {
		before := frames
		e.checkpointed(sqlitex.ExecuteTransient(conn, "pragma wal_checkpoint(passive)", &sqlitex.ExecOptions{
			ResultFunc: func(s *sqlite.Stmt) error { frames = s.ColumnInt(1); return nil },
		}))
		e.file.begin()
		if frames-before <= walBehindFrames {
			break
		}
	}
	return frames
}

// checkpointed looks at how a checkpoint ended. One that found no room or somebody in
// its way loses nothing: the log keeps all of it. After an error of the disk the kernel may
// have dropped pages of the file that SQLite counts as copied, so the log must be
// kept as it is, for the next start to copy anew: nothing more is written.
func (e *sqliteEngine) checkpointed(err error) {
	if err == nil {
		return
	}
	if err = sqliteError(err); isFatal(err) && e.failed.CompareAndSwap(nil, &err) {
		e.log.Error("a checkpoint failed: nothing more is written until a restart", "error", err)
	}
}

// broken is why nothing may be written any more, or nil.
func (e *sqliteEngine) broken() error {
	if p := e.failed.Load(); p != nil {
		return ErrClosed.WithCause(*p)
	}
	return nil
}

// close ends the readers first: the last connection to go is one that may write,
// and SQLite then moves the whole log into the file and removes it. Where the file is
// doubtful that must not happen, and the connections end with the process.
func (e *sqliteEngine) close() error {
	if err := e.broken(); err != nil {
		return err
	}
	err := e.readers.Close()
	e.stop()
	e.done.Wait()
	return errors.Join(err, e.file.close())
}

func (e *sqliteEngine) query(ctx context.Context, sql string, args []any, fn func(Row) error) error {
	conn, err := e.readers.Take(ctx)
	if err != nil {
		return ErrStorage.WithCause(err)
	}
	defer e.readers.Put(conn)
	return sqliteQuery(conn, sql, args, fn)
}

func sqliteQuery(conn *sqlite.Conn, sql string, args []any, fn func(Row) error) error {
	stmt, err := conn.Prepare(numbered(sql))
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	defer func() { _ = stmt.Reset() }()
	for i, a := range args {
		switch v := a.(type) {
		case string:
			stmt.BindText(i+1, v)
		case int64:
			stmt.BindInt64(i+1, v)
		case []byte:
			stmt.BindBytes(i+1, v)
		default:
			return fmt.Errorf("db: argument %d is a %T", i+1, a)
		}
	}
	for {
		more, err := stmt.Step()
		if err != nil {
			return ErrStorage.WithCause(err)
		}
		if !more {
			return nil
		}
		if err := fn(sqliteRow{stmt}); err != nil {
			return err
		}
	}
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

var numberedSQL sync.Map // string → string

// numbered turns $1 into +?1. SQLite takes $1 as a name and numbers names by their first
// appearance. A bare ?1 it looks at when it plans, and plans again whenever another value
// may have been bound, which is at each use of a statement; behind a plus it does not.
func numbered(sql string) string {
	if s, ok := numberedSQL.Load(sql); ok {
		return s.(string)
	}
	s := sql
	if strings.Contains(sql, "$") {
		s = placeholder.ReplaceAllString(sql, "+?$1")
	}
	numberedSQL.Store(sql, s)
	return s
}

type sqliteRow struct{ stmt *sqlite.Stmt }

func (r sqliteRow) Text(i int) string { return r.stmt.ColumnText(i) }
func (r sqliteRow) Int(i int) int64   { return r.stmt.ColumnInt64(i) }
func (r sqliteRow) Bytes(i int) []byte {
	b := make([]byte, r.stmt.ColumnLen(i))
	r.stmt.ColumnBytes(i, b)
	return b
}
