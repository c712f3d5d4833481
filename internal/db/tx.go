package db

import (
	"slices"
	"sync"
)

// Tx is one write's view of the batch it runs in. It is valid only inside the
// function that [DB.Write] calls.
type Tx struct {
	batch   *batch
	touched []tableRows
	after   []func()
	shared  *sync.Map
}

// Shared is [DB.Shared] of the database that is written to.
func (tx *Tx) Shared() *sync.Map { return tx.shared }

// After runs fn once this write is durable, before Write returns. It must be
// quick and must not write.
func (tx *Tx) After(fn func()) { tx.after = append(tx.after, fn) }

func (tx *Tx) touch(r tableRows) {
	if !slices.Contains(tx.touched, r) {
		tx.touched = append(tx.touched, r)
	}
}

func (tx *Tx) undo() {
	for _, r := range tx.touched {
		r.undo()
	}
}

func (tx *Tx) keep() {
	for _, r := range tx.touched {
		r.keep()
	}
}

// batch is the writes that share one commit.
type batch struct {
	writes []*write
	byTab  []tableRows // by spec.index; nil where untouched
}

func newBatch(writes []*write) *batch {
	b := &batch{writes: writes}
	for _, w := range writes {
		for _, l := range w.locks {
			b.rowsOf(l.table, l.rows).want(l.key)
		}
	}
	return b
}

func (b *batch) rowsOf(s *spec, make func() tableRows) tableRows {
	for len(b.byTab) <= s.index {
		b.byTab = append(b.byTab, nil)
	}
	if b.byTab[s.index] == nil {
		b.byTab[s.index] = make()
	}
	return b.byTab[s.index]
}

// tables are the touched tables in lock order.
func (b *batch) tables() []tableRows {
	var out []tableRows
	for _, r := range b.byTab {
		if r != nil {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(x, y tableRows) int {
		if x.tableSpec().name < y.tableSpec().name {
			return -1
		}
		return 1
	})
	return out
}
