package db

import (
	"context"
	"fmt"
	"slices"
)

// Page says which part of a list to read: at most Limit rows after or before the
// one whose key is named, which the answer leaves out. At most one of After and
// Before is set.
type Page struct {
	Limit         int
	After, Before string
}

// Cursor is the key that the page starts from, "" for the first page.
func (p Page) Cursor() string { return p.After + p.Before }

// Page reads rows newest first, that is by falling key, and reports whether there
// are more in the direction of reading. where is a condition with args as $1, $2 ….
func (t *Table[T]) Page(ctx context.Context, d *DB, p Page, where string, args ...any) ([]T, bool, error) {
	key, order, compare, cursor := t.spec.cols[0].name, "desc", "<", p.After
	if p.Before != "" { // the ones nearest to the cursor, then turned round
		order, compare, cursor = "asc", ">", p.Before
	}
	if cursor != "" {
		args = append(args, cursor)
		where = fmt.Sprintf("%s and %s %s $%d", where, key, compare, len(args))
	}
	args = append(args, p.Limit+1)
	rows, err := t.Select(ctx, d, fmt.Sprintf("where %s order by %s %s limit $%d", where, key, order, len(args)), args...)
	if err != nil {
		return nil, false, err
	}
	more := len(rows) > p.Limit
	if more {
		rows = rows[:p.Limit]
	}
	if p.Before != "" {
		slices.Reverse(rows)
	}
	return rows, more, nil
}
