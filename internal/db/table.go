package db

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// Table is one table whose rows are T. Declare it once, as a package variable
// of the room that owns it.
type Table[T any] struct {
	spec  *spec
	visit func(*T, *Fields)
}

// spec is what an engine knows of a table.
type spec struct {
	index   int // position in the order in which tables are locked and written
	name    string
	cols    []column
	mutable int
	list    string // "a, b, c"
}

var (
	specsMu sync.Mutex
	specs   []*spec
)

// NewTable declares the table name with the fields that visit names, the key
// first. Tables are locked in the order of their names, so that two
// nodes never wait for each other.
func NewTable[T any](name string, visit func(*T, *Fields)) *Table[T] {
	var f Fields
	visit(new(T), &f)
	if f.mutable == 0 {
		f.mutable = len(f.cols)
	}
	names := make([]string, len(f.cols))
	for i, c := range f.cols {
		names[i] = c.name
	}
	specsMu.Lock()
	defer specsMu.Unlock()
	s := &spec{index: len(specs), name: name, cols: f.cols, mutable: f.mutable, list: strings.Join(names, ", ")}
	specs = append(specs, s)
	return &Table[T]{spec: s, visit: visit}
}

// Lock names the row of key as one that a write decides on, there or not.
func (t *Table[T]) Lock(key string) Lock { return Lock{table: t.spec, key: key, rows: t.newRows} }

// Lock is a row that a write decides on. It is comparable by what it names.
type Lock struct {
	table *spec
	key   string
	rows  func() tableRows
}

// Get reads a row that was named as a lock. It panics on one that was not:
// deciding on an unlocked row is a bug.
func (t *Table[T]) Get(tx *Tx, key string) (T, bool) {
	s := t.rows(tx).slots[key]
	if s == nil {
		panic(fmt.Sprintf("db: %s row was read without being locked", t.spec.name))
	}
	return s.row, s.present
}

// Insert adds a row. Its key, if it was locked, must not be there yet.
func (t *Table[T]) Insert(tx *Tx, row T) {
	r := t.rows(tx)
	key, s := r.find(&row)
	if s == nil {
		s = &slot[T]{key: key}
	} else {
		if s.present {
			panic(fmt.Sprintf("db: %s row was inserted twice", t.spec.name))
		}
		r.remember(s)
	}
	s.row, s.present = row, true
	if s.write == writeDelete {
		s.write = writeReplace // deleted earlier in the batch: the stored row is still there
	} else {
		s.write = writeInsert
	}
	r.inserts, s.listed = append(r.inserts, s), s.listed || s.write == writeReplace
}

// Update replaces a row that Get found.
func (t *Table[T]) Update(tx *Tx, row T) {
	r := t.rows(tx)
	_, s := r.find(&row)
	if s == nil || !s.present {
		panic(fmt.Sprintf("db: %s row was updated without being there", t.spec.name))
	}
	r.remember(s)
	s.row = row
	if s.write == writeNone {
		s.write = writeUpdate
		r.updates = append(r.updates, s)
	}
}

// Delete removes a row that Get found.
func (t *Table[T]) Delete(tx *Tx, key string) {
	r := t.rows(tx)
	s := r.slots[key]
	if s == nil || !s.present {
		panic(fmt.Sprintf("db: %s row was deleted without being there", t.spec.name))
	}
	r.remember(s)
	s.present, s.listed = false, true
	if s.write == writeInsert {
		s.write = writeNone
		return
	}
	s.write = writeDelete
	r.deletes = append(r.deletes, s)
}

// Select reads rows outside any write: "select <all columns> from <table> " + tail.
func (t *Table[T]) Select(ctx context.Context, d *DB, tail string, args ...any) ([]T, error) {
	var out []T
	err := t.Each(ctx, d, tail, func(row *T) error {
		out = append(out, *row)
		return nil
	}, args...)
	return out, err
}

// Each is Select for answers too long to hold. The row is only valid during the call.
func (t *Table[T]) Each(ctx context.Context, d *DB, tail string, fn func(*T) error, args ...any) error {
	return t.read(ctx, d, "select "+t.spec.list+" from "+t.spec.name+" "+tail, fn, args)
}

// read gives fn the rows of a query that selects all columns in their order.
func (t *Table[T]) read(ctx context.Context, d *DB, sql string, fn func(*T) error, args []any) error {
	return d.Query(ctx, sql, func(r Row) error {
		var row T
		t.visit(&row, &Fields{in: r})
		return fn(&row)
	}, args...)
}

// First reads at most one row outside any write.
func (t *Table[T]) First(ctx context.Context, d *DB, tail string, args ...any) (row T, found bool, err error) {
	rows, err := t.Select(ctx, d, tail+" limit 1", args...)
	if err != nil || len(rows) == 0 {
		return row, false, err
	}
	return rows[0], true, nil
}

func (t *Table[T]) newRows() tableRows { return &rows[T]{table: t, slots: map[string]*slot[T]{}} }

func (t *Table[T]) rows(tx *Tx) *rows[T] {
	r := tx.batch.rowsOf(t.spec, t.newRows).(*rows[T])
	tx.touch(r)
	return r
}
