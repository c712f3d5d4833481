package db

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgresSession commits batches in two round trips: one locks and loads, one
// writes every table as a set and commits.
type postgresSession struct {
	engine *postgresEngine
	conn   *pgx.Conn
	warned bool   // a WARNING came: after COMMIT it means "not replicated"
	id     string // of this session's row in committer
	batch  int64  // number of the open transaction, written into that row by its commit
	sql    map[string][4]string
}

const (
	connectTimeout = 5 * time.Second
	resolveFor     = 15 * time.Second // how long a lost COMMIT is asked for
)

func (e *postgresEngine) session(ctx context.Context) (session, error) {
	s := &postgresSession{engine: e, id: rand.Text(), sql: map[string][4]string{}}
	return s, s.ready(ctx)
}

// ready connects if there is no live connection.
func (s *postgresSession) ready(ctx context.Context) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	conn, err := s.engine.connect(ctx, &s.warned)
	if err != nil {
		return awayError{err}
	}
	if _, err := conn.Exec(ctx, "insert into committer (id, batch) values ($1, 0) on conflict do nothing", s.id); err != nil {
		_ = conn.Close(ctx)
		return awayError{err}
	}
	s.conn = conn
	return nil
}

func (s *postgresSession) begin(ctx context.Context, b *batch) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	s.warned = false
	var q pgx.Batch
	q.Queue("begin")
	// Held until the transaction ends: whoever can lock the row afterwards knows its fate.
	q.Queue("select batch from committer where id = $1 for update", s.id)
	var loads []tableRows
	for _, r := range b.tables() {
		if keys := r.wanted(); len(keys) > 0 {
			slices.Sort(keys) // one order on every node: no deadlock
			q.Queue(s.statements(r.tableSpec())[sqlLoad], keys)
			loads = append(loads, r)
		}
	}
	answer := s.conn.SendBatch(ctx, &q)
	err := s.readLoads(answer, loads)
	err = errors.Join(err, answer.Close())
	if err != nil && s.conn.IsClosed() {
		return fmt.Errorf("%w: %w", errConflict, err) // nothing is written yet: run again on a new connection
	}
	return postgresError(err)
}

func (s *postgresSession) readLoads(answer pgx.BatchResults, loads []tableRows) error {
	if _, err := answer.Exec(); err != nil {
		return err
	}
	if err := answer.QueryRow().Scan(&s.batch); err != nil {
		return err
	}
	s.batch++
	for _, r := range loads {
		rows, err := answer.Query()
		if err != nil {
			return err
		}
		for rows.Next() {
			r.load(postgresRow(rows.RawValues()))
		}
		rows.Close()
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}

func (s *postgresSession) commit(ctx context.Context, b *batch) error {
	var q pgx.Batch
	for _, r := range b.tables() {
		sql, sp := s.statements(r.tableSpec()), r.tableSpec()
		if keys := r.deleteKeys(); len(keys) > 0 {
			q.Queue(sql[sqlDelete], keys)
		}
		if n := r.insertCount(); n > 0 {
			c := newColumns(sp.cols, n)
			for i := range n {
				r.bindInsert(i, c)
			}
			q.Queue(sql[sqlInsert], c.args()...)
		}
		if n := r.updateCount(); n > 0 {
			c := newColumns(sp.updateCols(), n)
			for i := range n {
				r.bindUpdate(i, c)
			}
			q.Queue(sql[sqlUpdate], c.args()...)
		}
	}
	q.Queue("update committer set batch = $2 where id = $1", s.id, s.batch)
	q.Queue("commit")
	err := s.conn.SendBatch(ctx, &q).Close()
	if err == nil {
		if s.warned {
			return ErrUnknown.WithCause(errors.New("PostgreSQL committed with a warning: not replicated"))
		}
		return nil
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.SeverityUnlocalized == "ERROR" {
		return postgresError(err) // the server answered: it rolls back
	}
	return s.resolve(err)
}

// resolve learns the fate of a COMMIT whose answer was lost: the number in our own
// row is durable or it is not. pg_xact_status would not do: a crash of the server
// gives a transaction id that was not yet durable out again, to somebody else.
func (s *postgresSession) resolve(lost error) error {
	ctx, cancel := context.WithTimeout(context.Background(), resolveFor)
	defer cancel()
	for ctx.Err() == nil {
		err := s.ready(ctx)
		if err == nil {
			var durable int64
			// Waits while the lost transaction is still under way.
			err = s.conn.QueryRow(ctx, "select batch from committer where id = $1 for update", s.id).Scan(&durable)
			switch {
			case err == nil && durable == s.batch:
				return nil
			case err == nil:
				return fmt.Errorf("%w: %w", errConflict, lost)
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	return ErrUnknown.WithCause(lost)
}

func (s *postgresSession) rollback() {
	if s.conn == nil || s.conn.IsClosed() || s.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	if _, err := s.conn.Exec(ctx, "rollback"); err != nil {
		_ = s.conn.Close(ctx) // a new connection starts clean
	}
}

func (s *postgresSession) close() {
	if s.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
		defer cancel()
		_, _ = s.conn.Exec(ctx, "delete from committer where id = $1", s.id) // a row left behind harms nobody
		_ = s.conn.Close(ctx)
	}
}

// columns gathers rows as one array per column, for unnest.
type columns struct {
	texts [][]string
	ints  [][]int64
	blobs [][][]byte
}

func newColumns(cols []column, n int) *columns {
	c := &columns{make([][]string, len(cols)), make([][]int64, len(cols)), make([][][]byte, len(cols))}
	for i, col := range cols {
		switch col.kind {
		case kindText:
			c.texts[i] = make([]string, 0, n)
		case kindInt:
			c.ints[i] = make([]int64, 0, n)
		case kindBytes:
			c.blobs[i] = make([][]byte, 0, n)
		}
	}
	return c
}

func (c *columns) text(i int, v string) { c.texts[i] = append(c.texts[i], v) }
func (c *columns) int(i int, v int64)   { c.ints[i] = append(c.ints[i], v) }
func (c *columns) bytes(i int, v []byte) {
	if v == nil {
		v = []byte{} // nil would be null
	}
	c.blobs[i] = append(c.blobs[i], v)
}

func (c *columns) args() []any {
	out := make([]any, len(c.texts))
	for i := range out {
		switch {
		case c.texts[i] != nil:
			out[i] = c.texts[i]
		case c.ints[i] != nil:
			out[i] = c.ints[i]
		default:
			out[i] = c.blobs[i]
		}
	}
	return out
}

// updateCols are the changeable columns and the key after them.
func (s *spec) updateCols() []column {
	return append(slices.Clone(s.cols[s.mutable:]), s.cols[0])
}

var arrayType = map[kind]string{kindText: "text[]", kindInt: "bigint[]", kindBytes: "bytea[]"}

func (s *postgresSession) statements(t *spec) [4]string {
	if q, ok := s.sql[t.name]; ok {
		return q
	}
	unnest := func(cols []column) string {
		arrays := make([]string, len(cols))
		for i, c := range cols {
			arrays[i] = fmt.Sprintf("$%d::%s", i+1, arrayType[c.kind])
		}
		return "unnest(" + strings.Join(arrays, ", ") + ")"
	}
	up := t.updateCols()
	names, sets := make([]string, len(up)), make([]string, len(up)-1)
	for i, c := range up {
		names[i] = fmt.Sprintf("v%d", i)
		if i < len(sets) {
			sets[i] = fmt.Sprintf("%s = v.v%d", c.name, i)
		}
	}
	key := t.cols[0].name
	q := [4]string{
		sqlLoad:   fmt.Sprintf("select %s from %s where %s = any($1::text[]) order by %s for update", t.list, t.name, key, key),
		sqlInsert: fmt.Sprintf("insert into %s (%s) select * from %s", t.name, t.list, unnest(t.cols)),
		sqlUpdate: fmt.Sprintf("update %s as t set %s from %s as v(%s) where t.%s = v.v%d",
			t.name, strings.Join(sets, ", "), unnest(up), strings.Join(names, ", "), key, len(up)-1),
		sqlDelete: fmt.Sprintf("delete from %s where %s = any($1::text[])", t.name, key),
	}
	s.sql[t.name] = q
	return q
}

// postgresError sorts SQLSTATEs by what can be done about them.
// Source: PostgreSQL manual, appendix A.
func postgresError(err error) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if err != nil {
			return ErrStorage.WithCause(err)
		}
		return nil
	}
	switch pg.Code {
	case "23505", "40001", "40P01": // unique violation, serialization failure, deadlock
		return fmt.Errorf("%w: %w", errConflict, err)
	case "53100": // disk full
		return ErrFull.WithCause(err)
	default:
		return ErrStorage.WithCause(err)
	}
}
