package dbtest

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/db"
)

// Query is a statement as it reached the engine.
type Query struct {
	SQL  string
	Args []any
}

// Recorded is d, and the queries that are read through it from now on.
func Recorded(d *db.DB) (watched *db.DB, seen *[]Query) {
	seen = &[]Query{}
	return d.Watch(func(sql string, args []any) { *seen = append(*seen, Query{sql, args}) }), seen
}

// Examined asks the engine how it reads q. It fails the test if that is by reading a
// whole table, or by putting what it found into an order that no index gives. On
// PostgreSQL, which counts them, it gives the rows and index entries that were read,
// which may not be above most;
// on SQLite it sees to it that every index is entered at a place and read in the order
// of the keys, so that no more are read than come out.
func Examined(t testing.TB, d *db.DB, q Query, most int) (rows int) {
	t.Helper()
	explain, column := "explain query plan ", 3
	if d.Engine() == "postgres" {
		explain, column = "explain (analyze, timing off, summary off) ", 0
	}
	var plan []string
	err := d.Query(t.Context(), explain+q.SQL, func(r db.Row) error {
		plan = append(plan, r.Text(column))
		return nil
	}, q.Args...)
	if err != nil {
		t.Fatalf("%s: %v", q.SQL, err)
	}
	whole := strings.Join(plan, "\n")
	if bad := unbounded.FindString(whole); bad != "" {
		t.Errorf("%q in the plan of\n%s\n%s", bad, q.SQL, whole)
	}
	if d.Engine() == "sqlite" {
		for _, line := range plan {
			if strings.Contains(line, "SEARCH") && !entered.MatchString(line) {
				t.Errorf("the key does not bound the search in the plan of\n%s\n%s", q.SQL, whole)
			}
		}
	}
	for _, line := range plan {
		if m := counted.FindStringSubmatch(line); m != nil && !fetched.MatchString(line) {
			rows += number(m[1]) * number(m[2])
		}
		if m := removed.FindStringSubmatch(line); m != nil {
			rows += number(m[1])
		}
	}
	if rows > most {
		t.Errorf("%d rows and entries examined, %d at most, in the plan of\n%s\n%s", rows, most, q.SQL, whole)
	}
	return rows
}

var (
	unbounded = regexp.MustCompile(`Seq Scan|Sort|SCAN [^f]\w+|USE TEMP B-TREE`) // of what is fetched all is read
	fetched   = regexp.MustCompile(`CTE Scan|Subquery Scan`)
	entered   = regexp.MustCompile(`(id|entry|sequence)(>\?|<\?|=\?)|PRIMARY KEY`)
	counted   = regexp.MustCompile(`Scan.*actual rows=([0-9.]+) loops=(\d+)`)
	removed   = regexp.MustCompile(`Rows Removed by \w+(?: \w+)*: (\d+)`)
)

func number(text string) int {
	f, _ := strconv.ParseFloat(text, 64) // digits
	return int(f + 0.5)
}
