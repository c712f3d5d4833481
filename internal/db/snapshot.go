package db

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
)

// errSnapshot: a snapshot neither writes nor is photographed again.
var errSnapshot = errors.New("db: a snapshot can only be read")

type sqliteSnapshot struct {
	engine *sqliteEngine
	conn   *sqlite.Conn
}

func (e *sqliteEngine) snapshot(ctx context.Context) (engine, error) {
	conn, err := e.readers.Take(ctx)
	if err != nil {
		return nil, err
	}
	// The snapshot is taken at the first read, so read at once. What a long report sorts
	// does not fit in memory.
	if err := run(conn, "pragma temp_store=file", "begin", "select count(*) from goose_db_version"); err != nil {
		return nil, errors.Join(err, e.release(conn))
	}
	return &sqliteSnapshot{e, conn}, nil
}

func (s *sqliteSnapshot) query(_ context.Context, sql string, args []any, fn func(Row) error) error {
	return sqliteQuery(s.conn, sql, args, fn)
}

func (s *sqliteSnapshot) close() error {
	return s.engine.release(s.conn)
}

// release gives a reader back at the present moment. The context it was taken with may
// have ended, which would stop the rollback, too: whoever reads with it next would see
// the old moment for ever.
func (e *sqliteEngine) release(conn *sqlite.Conn) (err error) {
	conn.SetInterrupt(nil)
	if !conn.AutocommitEnabled() {
		err = run(conn, "rollback")
	}
	err = errors.Join(err, run(conn, "pragma temp_store=memory"))
	e.readers.Put(conn)
	return err
}

func (s *sqliteSnapshot) name() string                             { return s.engine.name() }
func (s *sqliteSnapshot) broken() error                            { return nil }
func (s *sqliteSnapshot) session(context.Context) (session, error) { return nil, errSnapshot }
func (s *sqliteSnapshot) snapshot(context.Context) (engine, error) { return nil, errSnapshot }

// postgresSnapshot is a moment that several transactions share: a query that runs
// inside another one's answer needs a connection of its own.
type postgresSnapshot struct {
	engine *postgresEngine
	moment string // by which PostgreSQL knows it, as long as the first transaction lives

	mu   sync.Mutex
	all  []pgx.Tx
	idle []pgx.Tx
}

func (e *postgresEngine) snapshot(ctx context.Context) (engine, error) {
	s := &postgresSnapshot{engine: e}
	tx, err := s.begin(ctx)
	if err != nil {
		return nil, err
	}
	s.idle = append(s.idle, tx)
	if err := tx.QueryRow(ctx, "select pg_export_snapshot()").Scan(&s.moment); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *postgresSnapshot) begin(ctx context.Context) (pgx.Tx, error) {
	tx, err := s.engine.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err == nil {
		s.all = append(s.all, tx)
	}
	return tx, err
}

// take gives a transaction that no query is using.
func (s *postgresSnapshot) take(ctx context.Context) (pgx.Tx, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		tx := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return tx, nil
	}
	tx, err := s.begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, "set transaction snapshot '"+s.moment+"'") // PostgreSQL's own word
	}
	return tx, err
}

func (s *postgresSnapshot) query(ctx context.Context, sql string, args []any, fn func(Row) error) error {
	tx, err := s.take(ctx)
	if err != nil {
		return ErrStorage.WithCause(err)
	}
	err = postgresQuery(ctx, tx, sql, args, fn)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, tx)
	return err
}

// close ends the first transaction last: the others live by it.
func (s *postgresSnapshot) close() (err error) {
	for _, tx := range slices.Backward(s.all) {
		err = errors.Join(err, tx.Rollback(context.Background()))
	}
	return err
}

func (s *postgresSnapshot) name() string                             { return s.engine.name() }
func (s *postgresSnapshot) broken() error                            { return nil }
func (s *postgresSnapshot) session(context.Context) (session, error) { return nil, errSnapshot }
func (s *postgresSnapshot) snapshot(context.Context) (engine, error) { return nil, errSnapshot }
