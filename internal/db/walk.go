package db

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
)

// walk is one page on its way.
type walk[T any, K Key] struct {
	ctx context.Context
	d   *DB
	t   *Table[T]
	Search[T, K]
}

// stepMax is how many keys are read, and their rows looked at, at a time. It divides
// ExaminedMax.
const stepMax = 250

// page reads in the direction of reading.
func (w *walk[T, K]) page() (rows []T, next K, err error) {
	if len(w.Ways) == 1 && !w.Picky && w.Ways[0].Table == w.t.spec.name && len(w.Ways[0].Each) == 1 {
		return w.straight()
	}
	lead, err := w.narrowest()
	if err != nil {
		return nil, next, err
	}
	step := min(max(w.Limit+1, 16), stepMax)
	for examined := 0; examined < ExaminedMax; {
		keys, err := w.keys(w.Ways[lead], min(step, ExaminedMax-examined))
		if err != nil {
			return nil, next, err
		}
		found, err := w.look(keys, lead)
		if err != nil {
			return nil, next, err
		}
		if rows = append(rows, found...); len(rows) > w.Limit {
			return w.cut(rows)
		}
		if len(keys) < min(step, ExaminedMax-examined) {
			var none K
			return rows, none, nil
		}
		examined, next, step = examined+len(keys), keys[len(keys)-1], stepMax
		w.pass(next)
	}
	return rows, next, nil
}

// straight reads rows off an index that leads to nothing but wanted ones.
func (w *walk[T, K]) straight() (rows []T, next K, err error) {
	way := w.Ways[0]
	rows, err = w.t.Select(w.ctx, w.d, w.tail(way), append(slices.Clone(way.Each[0]), w.Over, w.Under, w.Limit+1)...)
	if err != nil || len(rows) <= w.Limit {
		return rows, next, err
	}
	return w.cut(rows)
}

// cut ends a full page.
func (w *walk[T, K]) cut(rows []T) ([]T, K, error) {
	rows = rows[:w.Limit]
	return rows, w.Key(&rows[w.Limit-1]), nil
}

// pass moves the bounds past a key.
func (w *walk[T, K]) pass(key K) {
	if w.Back {
		w.Over = key
	} else {
		w.Under = key
	}
}

// tail is the part of a query that follows a way between the bounds; its arguments
// are the way's, Over, Under and the number of entries.
func (w *walk[T, K]) tail(way Way) string {
	n, order := len(way.Each[0]), "desc"
	if w.Back {
		order = "asc"
	}
	return fmt.Sprintf("where %s and %s > $%d and %s < $%d order by %s %s limit $%d", way.Where, way.Key, n+1, way.Key, n+2, way.Key, order, n+3)
}

// keys reads the next n keys along a way.
func (w *walk[T, K]) keys(way Way, n int) (keys []K, err error) {
	sql := "select " + way.Key + " from " + way.Table + " " + w.tail(way)
	for _, args := range way.Each {
		if keys, err = w.gather(keys, sql, append(slices.Clone(args), w.Over, w.Under, n)); err != nil {
			return nil, err
		}
	}
	if len(way.Each) > 1 {
		slices.SortFunc(keys, w.compare)
		keys = keys[:min(n, len(keys))]
	}
	return keys, nil
}

func (w *walk[T, K]) gather(keys []K, sql string, args []any) ([]K, error) {
	err := w.d.Query(w.ctx, sql, func(r Row) error {
		keys = append(keys, keyOf[K](r))
		return nil
	}, args...)
	return keys, err
}

// compare orders keys in the direction of reading.
func (w *walk[T, K]) compare(a, b K) int {
	if w.Back {
		return cmp.Compare(a, b)
	}
	return cmp.Compare(b, a)
}

// narrowest is the first way that ends within one page's work; the first of all if
// none does.
func (w *walk[T, K]) narrowest() (int, error) {
	for i, way := range w.Ways {
		if len(w.Ways) == 1 {
			break
		}
		var past []K
		var err error
		sql := "select " + way.Key + " from " + way.Table + " " + w.tail(way) + fmt.Sprintf(" offset %d", ExaminedMax-1)
		for _, args := range way.Each {
			if past, err = w.gather(past, sql, append(slices.Clone(args), w.Over, w.Under, 1)); err != nil {
				return 0, err
			}
		}
		if len(past) == 0 {
			return i, nil
		}
	}
	return 0, nil
}

// look reads the rows of keys that lie on the other ways too and hold Check.
func (w *walk[T, K]) look(keys []K, lead int) (rows []T, err error) {
	for i, way := range w.Ways {
		if i == lead || way.Table == w.t.spec.name || len(keys) == 0 { // of its own table Check knows
			continue
		}
		sql, args := among(way.Key, keys, len(way.Each[0]))
		if keys, err = w.gather(nil, "select "+way.Key+" from "+way.Table+" where "+way.Where+" and "+sql, append(slices.Clone(way.Each[0]), args...)); err != nil {
			return nil, err
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	sql, args := among(w.t.spec.cols[0].name, keys, len(w.Args))
	rows, err = w.t.Select(w.ctx, w.d, "where "+w.Check+" and "+sql, append(slices.Clone(w.Args), args...)...)
	slices.SortFunc(rows, func(a, b T) int { return w.compare(w.Key(&a), w.Key(&b)) })
	return rows, err
}

// among is the condition that a column is one of keys, 256 at most, whose first
// argument is the n+1st. Keys are repeated to a few lengths, so that engines see few
// different statements.
func among[K Key](column string, keys []K, n int) (sql string, args []any) {
	size := 16
	for size < len(keys) {
		size *= 4
	}
	var b strings.Builder
	b.WriteString(column + " in (")
	for i := range size {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", n+i+1)
		args = append(args, keys[min(i, len(keys)-1)])
	}
	b.WriteString(")")
	return b.String(), args
}

// Among reads the rows whose key is one of keys and that hold where, in no order:
// one query for each 256 of them.
func (t *Table[T]) Among(ctx context.Context, d *DB, keys []string, where string, args ...any) (rows []T, err error) {
	for some := range slices.Chunk(keys, 256) {
		sql, more := among(t.spec.cols[0].name, some, len(args))
		found, err := t.Select(ctx, d, "where "+where+" and "+sql, append(slices.Clone(args), more...)...)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

func keyOf[K Key](r Row) (key K) {
	switch k := any(&key).(type) {
	case *string:
		*k = r.Text(0)
	case *int64:
		*k = r.Int(0)
	}
	return key
}

// last is a key that no row has and that comes after all that rows have.
func last[K Key]() (key K) {
	switch k := any(&key).(type) {
	case *string:
		*k = "~" // ids are lower case letters and digits
	case *int64:
		*k = math.MaxInt64
	}
	return key
}
