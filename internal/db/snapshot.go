package db

import (
	"context"
	"errors"

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
	// The snapshot is taken at the first read, so read at once.
	if err := run(conn, "begin", "select count(*) from goose_db_version"); err != nil {
		e.readers.Put(conn)
		return nil, err
	}
	return &sqliteSnapshot{e, conn}, nil
}

func (s *sqliteSnapshot) query(_ context.Context, sql string, args []any, fn func(Row) error) error {
	return sqliteQuery(s.conn, sql, args, fn)
}

func (s *sqliteSnapshot) close() error {
	err := run(s.conn, "rollback")
	s.engine.readers.Put(s.conn)
	return err
}

func (s *sqliteSnapshot) name() string                             { return s.engine.name() }
func (s *sqliteSnapshot) broken() error                            { return nil }
func (s *sqliteSnapshot) session(context.Context) (session, error) { return nil, errSnapshot }
func (s *sqliteSnapshot) snapshot(context.Context) (engine, error) { return nil, errSnapshot }

type postgresSnapshot struct {
	engine *postgresEngine
	tx     pgx.Tx
}

func (e *postgresEngine) snapshot(ctx context.Context) (engine, error) {
	tx, err := e.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, "select 1"); err != nil { // the snapshot is taken at the first statement
		return nil, errors.Join(err, tx.Rollback(ctx))
	}
	return &postgresSnapshot{e, tx}, nil
}

func (s *postgresSnapshot) query(ctx context.Context, sql string, args []any, fn func(Row) error) error {
	return postgresQuery(ctx, s.tx, sql, args, fn)
}

func (s *postgresSnapshot) close() error { return s.tx.Rollback(context.Background()) }

func (s *postgresSnapshot) name() string                             { return s.engine.name() }
func (s *postgresSnapshot) broken() error                            { return nil }
func (s *postgresSnapshot) session(context.Context) (session, error) { return nil, errSnapshot }
func (s *postgresSnapshot) snapshot(context.Context) (engine, error) { return nil, errSnapshot }
