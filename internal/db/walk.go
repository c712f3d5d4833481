package db

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
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
	if len(w.Ways) == 1 && w.Ways[0].Table == w.t.spec.name && len(w.Ways[0].Each) == 1 {
		if w.Picky {
			return w.picked()
		}
		return w.straight()
	}
	lead, err := w.narrowest()
	if err != nil {
		return nil, next, err
	}
	step := min(max(w.Limit+1, 16), stepMax)
	for examined := 0; examined < ExaminedMax; step = stepMax {
		n := min(step, ExaminedMax-examined)
		keys, err := w.keys(w.Ways[lead], n)
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
		if len(keys) < n {
			var none K
			return rows, none, nil
		}
		examined, next = examined+n, keys[n-1]
		w.pass(next)
	}
	return rows, next, nil
}

// straight reads rows off an index that leads to nothing but wanted ones.
func (w *walk[T, K]) straight() (rows []T, next K, err error) {
	way := w.Ways[0]
	err = w.t.read(w.ctx, w.d, w.along(way, w.t.spec.list), func(row *T) error {
		rows = append(rows, *row)
		return nil
	}, w.between(way, way.Each[0], w.Limit+1))
	if err != nil || len(rows) <= w.Limit {
		return rows, next, err
	}
	return w.cut(rows)
}

// picked reads rows off an index and keeps those that hold Check. Engines stop at the
// last one wanted.
func (w *walk[T, K]) picked() (rows []T, next K, err error) {
	way := w.Ways[0]
	n := min(w.Limit+stepSpare, stepMax)
	if rows, err = w.pick(way, n); err != nil {
		return nil, next, err
	}
	if len(rows) > w.Limit {
		return w.cut(rows)
	}
	// From here on the keys come first: they say how far the rows go, whatever is
	// committed between the two queries.
	rows = nil
	for examined := 0; examined < ExaminedMax; examined, n = examined+n, min(stepMax, ExaminedMax-examined-n) {
		keys, err := w.keys(way, n)
		if err != nil {
			return nil, next, err
		}
		var none K
		if len(keys) == 0 {
			return rows, none, nil
		}
		next = keys[len(keys)-1]
		if rows, err = w.pickTo(rows, way, next); err != nil {
			return nil, none, err
		}
		if len(rows) > w.Limit {
			return w.cut(rows)
		}
		if len(keys) < n {
			return rows, none, nil
		}
		w.pass(next)
	}
	return rows, next, nil
}

// stepSpare is how many entries more than wanted rows are looked at first: a span of time
// refuses no more at its edge.
const stepSpare = 16

// pick reads those of the way's next n entries that hold Check, no more than are wanted.
func (w *walk[T, K]) pick(way Way, n int) (rows []T, err error) {
	sql := fmt.Sprintf("select %s from (%s) as fetched where ", w.t.spec.list, w.along(way, w.t.spec.list))
	return w.pickBy(rows, sql, "", w.between(way, way.Each[0], n))
}

// pickTo adds to rows those of the way's entries as far as a key, itself included, that
// hold Check, until there are enough.
func (w *walk[T, K]) pickTo(rows []T, way Way, far K) ([]T, error) {
	n := len(way.Each[0])
	over, under, from, to, order := ">=", "<", far, w.Under, "desc"
	if w.Back {
		over, under, from, to, order = ">", "<=", w.Over, far, "asc"
	}
	sql := fmt.Sprintf("select %s from %s where %s and %s %s $%d and %s %s $%d and ",
		w.t.spec.list, way.Table, way.Where, way.Key, over, n+1, way.Key, under, n+2)
	return w.pickBy(rows, sql, " order by "+way.Key+" "+order, append(slices.Clone(way.Each[0]), entry(way, from), entry(way, to)))
}

// pickBy reads what a query gives that ends before Check.
func (w *walk[T, K]) pickBy(rows []T, sql, order string, args []any) ([]T, error) {
	n := len(args)
	sql += fmt.Sprintf("(%s)%s limit $%d", shifted(w.Check, n), order, n+len(w.Args)+1)
	err := w.t.read(w.ctx, w.d, sql, func(row *T) error {
		rows = append(rows, *row)
		return nil
	}, append(append(args, w.Args...), w.Limit+1-len(rows)))
	return rows, err
}

// shifted is a condition whose first argument is the n+1st.
func shifted(condition string, n int) string {
	return placeholder.ReplaceAllStringFunc(condition, func(p string) string {
		i, _ := strconv.Atoi(p[1:]) // digits, as the expression says
		return "$" + strconv.Itoa(i+n)
	})
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

// along is the query that reads what a way's entries between the bounds lead to; its
// arguments are the way's own and those that between gives.
func (w *walk[T, K]) along(way Way, what string) string {
	n, where, order := 0, "", "desc"
	if len(way.Each) > 0 {
		n, where = len(way.Each[0]), way.Where+" and "
	}
	if w.Back {
		order = "asc"
	}
	return fmt.Sprintf("select %s from %s where %s%s > $%d and %s < $%d order by %s %s limit $%d",
		what, way.Table, where, way.Key, n+1, way.Key, n+2, way.Key, order, n+3)
}

// between are the bounds on a way, and how many entries to read.
func (w *walk[T, K]) between(way Way, own []any, n int) []any {
	return append(slices.Clone(own), entry(way, w.Over), entry(way, w.Under), n)
}

// keys reads the next n keys along a way.
func (w *walk[T, K]) keys(way Way, n int) (keys []K, err error) {
	if keys, err = w.collect(way, w.along(way, way.Key), n); len(way.Each) > 1 && err == nil {
		slices.SortFunc(keys, w.compare)
		keys = keys[:min(n, len(keys))]
	}
	return keys, err
}

// collect reads the keys that a query gives for each of the way's conditions.
func (w *walk[T, K]) collect(way Way, sql string, n int) (keys []K, err error) {
	if len(way.Each) == 0 {
		return w.gather(nil, way, sql, w.between(way, nil, n))
	}
	for _, own := range way.Each {
		if keys, err = w.gather(keys, way, sql, w.between(way, own, n)); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

func (w *walk[T, K]) gather(keys []K, way Way, sql string, args []any) ([]K, error) {
	err := w.d.Query(w.ctx, sql, func(r Row) error {
		keys = append(keys, keyOf[K](r, len(way.Prefix)))
		return nil
	}, args...)
	return keys, err
}

// entry is what a way's column holds for a key.
func entry[K Key](way Way, key K) any {
	if way.Prefix == "" {
		return key
	}
	return fmt.Sprint(way.Prefix, key)
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
	if len(w.Ways) == 1 {
		return 0, nil
	}
	for i, way := range w.Ways {
		past, err := w.collect(way, w.along(way, way.Key)+fmt.Sprintf(" offset %d", ExaminedMax-1), 1)
		if err != nil {
			return 0, err
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
		if i == lead || way.Prefix == "" || len(keys) == 0 { // what other columns hold, Check knows
			continue
		}
		in, args := among(way, keys, 0)
		if keys, err = w.gather(nil, way, "select "+way.Key+" from "+way.Table+" where "+in, args); err != nil {
			return nil, err
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err = chosen(w.ctx, w.d, w.t, keys, w.Check, w.Args)
	slices.SortFunc(rows, func(a, b T) int { return w.compare(w.Key(&a), w.Key(&b)) })
	return rows, err
}

// among is the condition that an entry is of one of keys, 256 at most, whose first
// argument is the n+1st. Keys are repeated to a few lengths, so that engines see few
// different statements.
func among[K Key](way Way, keys []K, n int) (sql string, args []any) {
	size := 16
	for size < len(keys) {
		size *= 4
	}
	var b strings.Builder
	b.WriteString(way.Key + " in (")
	for i := range size {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", n+i+1)
		args = append(args, entry(way, keys[min(i, len(keys)-1)]))
	}
	b.WriteString(")")
	return b.String(), args
}

// Among reads the rows whose key is one of keys and that hold where, in no order:
// one query for each 256 of them.
func (t *Table[T]) Among(ctx context.Context, d *DB, keys []string, where string, args ...any) (rows []T, err error) {
	for some := range slices.Chunk(keys, 256) {
		found, err := chosen(ctx, d, t, some, where, args)
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

// chosen reads the rows of keys, 256 at most, and of them those that hold where. The
// rows are fetched first and then looked at: a planner that guesses wrong must not go
// through all that hold where in search of the keys.
func chosen[T any, K Key](ctx context.Context, d *DB, t *Table[T], keys []K, where string, args []any) (rows []T, err error) {
	in, more := among(Way{Key: t.spec.cols[0].name}, keys, len(args))
	sql := fmt.Sprintf("with fetched as materialized (select %s from %s where %s) select %s from fetched where %s", t.spec.list, t.spec.name, in, t.spec.list, where)
	err = t.read(ctx, d, sql, func(row *T) error {
		rows = append(rows, *row)
		return nil
	}, append(slices.Clone(args), more...))
	return rows, err
}

// keyOf reads a key that stands after so many bytes of a prefix.
func keyOf[K Key](r Row, prefix int) (key K) {
	switch k := any(&key).(type) {
	case *string:
		*k = r.Text(0)[prefix:]
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
