package db

import "slices"

// tableRows is one table's part of a batch, as an engine sees it.
type tableRows interface {
	tableSpec() *spec
	want(key string)          // this row is to be loaded
	wanted() []string         // keys to load
	load(r Row)               // one loaded row
	insertCount() int         // rows to insert …
	bindInsert(i int, s sink) // … and the i-th's values
	updateCount() int         // rows to update …
	bindUpdate(i int, s sink) // … the changeable values, then the key
	deleteKeys() []string     // rows to delete
	undo()                    // forget what the current write did
	keep()                    // the current write stands
	settle()                  // drop rows whose insertion or change came to nothing
}

type writeKind uint8

const (
	writeNone writeKind = iota
	writeInsert
	writeUpdate
	writeDelete
	writeReplace // deleted and inserted again: both lists hold it
)

type slot[T any] struct {
	key     string
	row     T
	present bool
	listed  bool // has been put on a list before: may stand there twice
	write   writeKind
}

// rows implements tableRows: the cache of the locked rows of one table and the
// changes made to them, with a journal that can undo the current write.
type rows[T any] struct {
	table   *Table[T]
	slots   map[string]*slot[T]
	keys    []string
	inserts []*slot[T]
	updates []*slot[T]
	deletes []*slot[T]

	journal []undo[T]
	kept    [3]int // lengths of inserts, updates, deletes when the current write began
}

type undo[T any] struct {
	slot *slot[T]
	was  slot[T]
}

func (r *rows[T]) tableSpec() *spec { return r.table.spec }

func (r *rows[T]) want(key string) {
	if _, ok := r.slots[key]; !ok {
		r.slots[key] = &slot[T]{key: key}
		r.keys = append(r.keys, key)
	}
}

func (r *rows[T]) wanted() []string { return r.keys }

func (r *rows[T]) load(in Row) {
	var row T
	r.table.visit(&row, &Fields{in: in})
	key, s := r.find(&row)
	if s == nil {
		s = &slot[T]{key: key}
		r.slots[key] = s
	}
	s.row, s.present = row, true
}

// find gives the row's key and its slot, nil for a row that was not locked. A
// table with an integer key is never locked and has no slots.
func (r *rows[T]) find(row *T) (string, *slot[T]) {
	if r.table.spec.cols[0].kind != kindText {
		return "", nil
	}
	var key string
	r.table.visit(row, &Fields{key: &key})
	return key, r.slots[key]
}

func (r *rows[T]) remember(s *slot[T]) { r.journal = append(r.journal, undo[T]{s, *s}) }

func (r *rows[T]) undo() {
	for i := len(r.journal) - 1; i >= 0; i-- {
		*r.journal[i].slot = r.journal[i].was
	}
	r.journal = r.journal[:0]
	r.inserts, r.updates, r.deletes = r.inserts[:r.kept[0]], r.updates[:r.kept[1]], r.deletes[:r.kept[2]]
}

func (r *rows[T]) keep() {
	r.journal = r.journal[:0]
	r.kept = [3]int{len(r.inserts), len(r.updates), len(r.deletes)}
}

// settle drops the slots that a later write of the batch moved to another list.
func (r *rows[T]) settle() {
	r.inserts = only(r.inserts, writeInsert, writeReplace)
	r.updates = only(r.updates, writeUpdate, writeUpdate)
	r.deletes = only(r.deletes, writeDelete, writeReplace)
}

// only keeps the slots of either kind, each once.
func only[T any](list []*slot[T], kind, or writeKind) []*slot[T] {
	out := list[:0]
	for _, s := range list {
		if (s.write == kind || s.write == or) && !(s.listed && slices.Contains(out, s)) {
			out = append(out, s)
		}
	}
	return out
}

func (r *rows[T]) insertCount() int { return len(r.inserts) }
func (r *rows[T]) updateCount() int { return len(r.updates) }

func (r *rows[T]) bindInsert(i int, s sink) { r.table.visit(&r.inserts[i].row, &Fields{out: s}) }

func (r *rows[T]) bindUpdate(i int, s sink) {
	sp := r.table.spec
	r.table.visit(&r.updates[i].row, &Fields{out: &changeSink{s, sp.mutable, len(sp.cols) - sp.mutable}})
}

// changeSink passes the changeable columns on, counted from 0, and the key after them.
type changeSink struct {
	to             sink
	mutable, count int
}

func (c *changeSink) text(i int, v string) {
	if i == 0 {
		c.to.text(c.count, v)
	} else if i >= c.mutable {
		c.to.text(i-c.mutable, v)
	}
}

func (c *changeSink) int(i int, v int64) {
	if i >= c.mutable {
		c.to.int(i-c.mutable, v)
	}
}

func (c *changeSink) bytes(i int, v []byte) {
	if i >= c.mutable {
		c.to.bytes(i-c.mutable, v)
	}
}

func (r *rows[T]) deleteKeys() []string {
	keys := make([]string, len(r.deletes))
	for i, s := range r.deletes {
		keys[i] = s.key
	}
	return keys
}
