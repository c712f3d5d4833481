package db

import (
	"context"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// sqliteSession is the writing connection. Rows are written one by one with
// prepared statements: measured, sets bring nothing here.
type sqliteSession struct {
	engine *sqliteEngine
	conn   *sqlite.Conn
	sql    map[string][4]string // by table: load, insert, update, delete
}

const (
	sqlLoad = iota
	sqlInsert
	sqlUpdate
	sqlDelete
)

func (e *sqliteEngine) session(context.Context) (session, error) {
	conn, err := e.connect()
	if err != nil {
		return nil, err
	}
	if err := run(conn, "pragma cache_size=-32768"); err != nil { // 32 MiB
		return nil, err
	}
	return &sqliteSession{engine: e, conn: conn, sql: map[string][4]string{}}, nil
}

func (s *sqliteSession) begin(_ context.Context, b *batch) error {
	select {
	case <-s.engine.restart:
		s.restart()
	default:
	}
	if p := s.engine.failed.Load(); p != nil {
		return *p
	}
	if err := s.exec("begin immediate"); err != nil {
		return err
	}
	for _, r := range b.tables() {
		if err := s.load(r); err != nil {
			return err
		}
	}
	return nil
}

// restart begins the log anew. A reader that looks at an old moment prevents it, however
// long it looks: then the log grows, and it is tried again a second later.
func (s *sqliteSession) restart() {
	s.conn.SetBusyTimeout(restartWait)
	s.engine.checkpointed(sqlitex.ExecuteTransient(s.conn, "pragma wal_checkpoint(restart)", nil))
	s.conn.SetBusyTimeout(busyTimeout)
}

func (s *sqliteSession) load(r tableRows) error {
	if len(r.wanted()) == 0 {
		return nil
	}
	stmt, err := s.conn.Prepare(s.statements(r.tableSpec())[sqlLoad])
	if err != nil {
		return sqliteError(err)
	}
	for _, key := range r.wanted() {
		stmt.BindText(1, key)
		found, err := stmt.Step()
		if err != nil {
			_ = stmt.Reset()
			return sqliteError(err)
		}
		if found {
			r.load(sqliteRow{stmt})
		}
		if err := stmt.Reset(); err != nil {
			return sqliteError(err)
		}
	}
	return nil
}

func (s *sqliteSession) commit(_ context.Context, b *batch) error {
	for _, r := range b.tables() {
		sql := s.statements(r.tableSpec())
		keys := r.deleteKeys()
		if err := s.each(sql[sqlDelete], len(keys), func(i int, to sink) { to.text(0, keys[i]) }); err != nil {
			return err
		}
		if err := s.each(sql[sqlInsert], r.insertCount(), r.bindInsert); err != nil {
			return err
		}
		if err := s.each(sql[sqlUpdate], r.updateCount(), r.bindUpdate); err != nil {
			return err
		}
	}
	err := s.exec("commit")
	if isFatal(err) { // the log may hold the commit's last frame, and a restart would find it
		return fatalError{ErrUnknown.WithCause(err)}
	}
	return err
}

func (s *sqliteSession) each(sql string, n int, bind func(int, sink)) error {
	if n == 0 {
		return nil
	}
	stmt, err := s.conn.Prepare(sql)
	if err != nil {
		return sqliteError(err)
	}
	for i := range n {
		bind(i, stmtSink{stmt})
		if _, err := stmt.Step(); err != nil {
			_ = stmt.Reset()
			return sqliteError(err)
		}
		if err := stmt.Reset(); err != nil {
			return sqliteError(err)
		}
	}
	return nil
}

// stmtSink binds values to a prepared statement.
type stmtSink struct{ stmt *sqlite.Stmt }

func (s stmtSink) text(i int, v string) { s.stmt.BindText(i+1, v) }
func (s stmtSink) int(i int, v int64)   { s.stmt.BindInt64(i+1, v) }
func (s stmtSink) bytes(i int, v []byte) {
	if v == nil {
		s.stmt.BindZeroBlob(i+1, 0) // nil would be null
		return
	}
	s.stmt.BindBytes(i+1, v)
}

func (s *sqliteSession) exec(sql string) error {
	stmt, err := s.conn.Prepare(sql)
	if err != nil {
		return sqliteError(err)
	}
	_, err = stmt.Step()
	if again := stmt.Reset(); err == nil {
		err = again
	}
	return sqliteError(err)
}

func (s *sqliteSession) rollback() {
	if !s.conn.AutocommitEnabled() {
		_ = s.exec("rollback") // fails only when SQLite has rolled back by itself
	}
}

func (s *sqliteSession) close() {
	if s.engine.broken() == nil {
		_ = s.conn.Close()
	}
}

func (s *sqliteSession) statements(t *spec) [4]string {
	if q, ok := s.sql[t.name]; ok {
		return q
	}
	marks := make([]string, len(t.cols))
	sets := make([]string, 0, len(t.cols))
	for i, c := range t.cols {
		marks[i] = fmt.Sprintf("?%d", i+1)
		if i >= t.mutable {
			sets = append(sets, fmt.Sprintf("%s = ?%d", c.name, i-t.mutable+1))
		}
	}
	key := t.cols[0].name
	q := [4]string{
		sqlLoad:   fmt.Sprintf("select %s from %s where %s = ?1", t.list, t.name, key),
		sqlInsert: fmt.Sprintf("insert into %s (%s) values (%s)", t.name, t.list, strings.Join(marks, ", ")),
		sqlUpdate: fmt.Sprintf("update %s set %s where %s = ?%d", t.name, strings.Join(sets, ", "), key, len(sets)+1),
		sqlDelete: fmt.Sprintf("delete from %s where %s = ?1", t.name, key),
	}
	s.sql[t.name] = q
	return q
}

// sqliteError sorts SQLite's result codes by what can be done about them.
func sqliteError(err error) error {
	if err == nil {
		return nil
	}
	switch code := sqlite.ErrCode(err); code.ToPrimary() {
	case sqlite.ResultFull:
		return ErrFull.WithCause(err)
	case sqlite.ResultConstraint, sqlite.ResultBusy:
		return fmt.Errorf("%w: %w", errConflict, err)
	case sqlite.ResultIOErr, sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return fatalError{err}
	default:
		return err
	}
}
