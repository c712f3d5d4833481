package db

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresEngine is one PostgreSQL database, 15 or later. Reads go through a
// pool to the primary: nothing is ever decided on a standby.
type postgresEngine struct {
	url  string
	pool *pgxpool.Pool
}

const postgresVersionMin = 150000

func openPostgres(ctx context.Context, c Config) (engine, error) {
	config, err := pgxpool.ParseConfig(c.URL)
	if err != nil {
		return nil, fmt.Errorf("the database URL is not valid: %w", err) // pgx hides the password
	}
	config.MaxConns = int32(max(8, 2*runtime.NumCPU()))
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		// A list is read along an index and stops when its page is full. A bitmap would
		// gather every match first, which looks cheap to a planner that guesses too few.
		_, err := conn.Exec(ctx, "set enable_bitmapscan = off")
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	e := &postgresEngine{url: c.URL, pool: pool}
	if err := e.verify(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return e, nil
}

func (e *postgresEngine) name() string { return "postgres" }

// verify refuses a server that would acknowledge before it is durable.
func (e *postgresEngine) verify(ctx context.Context) error {
	var version, standby int64
	weak := map[string]string{"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
	sql := "select current_setting('server_version_num')::bigint, pg_is_in_recovery()::int::bigint"
	if err := e.pool.QueryRow(ctx, sql).Scan(&version, &standby); err != nil {
		return fmt.Errorf("ask PostgreSQL for its version: %w", err)
	}
	if version < postgresVersionMin {
		return fmt.Errorf("PostgreSQL %d is too old: 15 or later is needed", version/10000)
	}
	if standby == 1 {
		return fmt.Errorf("this PostgreSQL server is a standby: give the primary's address")
	}
	for name, bad := range weak {
		var got string
		if err := e.pool.QueryRow(ctx, "select current_setting($1)", name).Scan(&got); err != nil {
			return fmt.Errorf("ask PostgreSQL for %s: %w", name, err)
		}
		if got == bad {
			return fmt.Errorf("PostgreSQL runs with %s=%s, which loses acknowledged payments in a power cut: turn it on", name, got)
		}
	}
	return nil
}

func (e *postgresEngine) query(ctx context.Context, sql string, args []any, fn func(Row) error) error {
	return postgresQuery(ctx, e.pool, sql, args, fn)
}

// querier is a pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func postgresQuery(ctx context.Context, q querier, sql string, args []any, fn func(Row) error) error {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return ErrStorage.WithCause(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(postgresRow(rows.RawValues())); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return ErrStorage.WithCause(err)
	}
	return nil
}

// broken: whatever happens there, the server itself decides whether it takes writes.
func (e *postgresEngine) broken() error { return nil }

func (e *postgresEngine) close() error {
	e.pool.Close()
	return nil
}

// postgresRow is a row in PostgreSQL's binary format: text as it is, bigint as
// eight bytes.
type postgresRow [][]byte

func (r postgresRow) Text(i int) string { return string(r[i]) }

func (r postgresRow) Int(i int) int64 {
	switch len(r[i]) {
	case 8:
		return int64(binary.BigEndian.Uint64(r[i])) //nolint:gosec // two's complement on the wire
	case 4:
		return int64(int32(binary.BigEndian.Uint32(r[i]))) //nolint:gosec // same
	default:
		return 0 // null: a sum over no rows
	}
}

func (r postgresRow) Bytes(i int) []byte { return append([]byte{}, r[i]...) }

// connect opens one connection for committing.
func (e *postgresEngine) connect(ctx context.Context, warned *bool) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(e.url)
	if err != nil {
		return nil, err
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.SeverityUnlocalized == "WARNING" {
			*warned = true
		}
	}
	// Make the plan certain: on tables without statistics the planner takes
	// sequential scans for a batch's joins, and falls to a quarter of the speed.
	// A server that is gone without a word is noticed within seconds; one that only takes
	// its time, as with a standby away, is waited for: a COMMIT is never cancelled.
	dialer := &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3}}
	config.DialFunc = dialer.DialContext
	for name, value := range map[string]string{
		"application_name": "florin-committer", "plan_cache_mode": "force_generic_plan", "jit": "off",
		"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off",
		"synchronous_commit": "on", "statement_timeout": "0", "idle_in_transaction_session_timeout": "60s",
	} {
		config.RuntimeParams[name] = value
	}
	return pgx.ConnectConfig(ctx, config)
}
