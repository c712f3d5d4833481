package db

import (
	"context"
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

// ExaminedMax is how many objects one page looks at. A page whose search looks past
// most of what it meets ends there, short or empty, and says where to go on: it costs
// no more than a full one, however much is stored.
const ExaminedMax = 2000

// Key is what a list is ordered by: ids, or numbers of events.
type Key interface{ string | int64 }

// Search is a page of a list and how its rows are found: along an index, newest
// first, and then looked at one by one.
type Search[T any, K Key] struct {
	Limit       int
	Back        bool       // towards the newest; the answer is newest first all the same
	Over, Under K          // keys between these two only; zero: no bound
	Key         func(*T) K // of a row
	Ways        []Way      // indexes that lead to every wanted row; the narrowest is taken
	Check       string     // SQL: what a row must hold whatever way led to it, with $1, $2 …
	Args        []any      // of Check
	Picky       bool       // Check may refuse what the first way leads to
}

// Way is an index whose entries for one condition lie in the order of the keys.
type Way struct {
	Table  string  // the searched table, or keyword
	Key    string  // column of Table with the key
	Prefix string  // before the key in that column
	Where  string  // SQL with $1, $2 …; says literally what a partial index asks for
	Each   [][]any // its arguments; of several sets the entries of any
}

// Start begins the page at a cursor: after one key or before one, zero for neither.
func (s *Search[T, K]) Start(after, before K) {
	var none K
	if after != none && (s.Under == none || after < s.Under) {
		s.Under = after
	}
	if before != none {
		s.Back, s.Over = true, max(s.Over, before)
	}
}

// Walk reads the page that s asks for, newest first. next is the key from which to
// go on in the direction of reading; zero: there is nothing more.
func Walk[T any, K Key](ctx context.Context, d *DB, t *Table[T], s Search[T, K]) (rows []T, next K, err error) {
	var none K
	if s.Under == none {
		s.Under = last[K]()
	}
	w := walk[T, K]{ctx, d, t, s}
	if rows, next, err = w.page(); err != nil {
		return nil, none, err
	}
	if s.Back {
		slices.Reverse(rows)
	}
	return rows, next, nil
}
