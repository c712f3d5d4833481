package bench

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Row is one scenario on one engine: its runs, of which the median is quoted.
type Row struct {
	Scenario Scenario
	Engine   string // "SQLite", "PostgreSQL"; empty for a ceiling
	Conns    int    // 0: no load
	Runs     []Result
	Plain    []Result // of plain wallet payments, in turns with Runs; empty: it is compared with none
	Note     string   // what the figures do not say, such as "ready in 1.2 s"
}

// Table is the rows of one sitting in the order in which they are shown.
type Table struct {
	Machine Machine
	Rows    []Row
}

const none = "–"

type column struct {
	name string
	left bool
	cell func(Table, Row, Result) string
}

// The columns of both tables. The processor time is per request, in microseconds.
var columns = []column{
	{"scenario", true, func(_ Table, row Row, _ Result) string { return string(row.Scenario) }},
	{"engine", true, func(_ Table, row Row, _ Result) string { return orNone(row.Engine, row.Engine != "") }},
	{"conn.", false, func(_ Table, row Row, _ Result) string { return orNone(strconv.Itoa(row.Conns), row.Conns > 0) }},
	{"requests/s", false, func(_ Table, row Row, r Result) string { return orNone(grouped(r.PerSecond), len(row.Runs) > 0) }},
	{"of all runs", false, func(_ Table, row Row, _ Result) string { return spread(row.Runs) }},
	{"of log ceiling", false, func(t Table, row Row, r Result) string { return t.share(row, r) }},
	{"of plain", false, func(_ Table, row Row, _ Result) string { return row.ofPlain() }},
	{"p50 ms", false, func(_ Table, _ Row, r Result) string { return orNone(milliseconds(r.P50), r.P50 > 0) }},
	{"p99 ms", false, func(_ Table, _ Row, r Result) string { return orNone(milliseconds(r.P99), r.P99 > 0) }},
	{"server µs", false, func(_ Table, _ Row, r Result) string { return perRequest(r, ProcessServer) }},
	{"PG µs", false, func(_ Table, _ Row, r Result) string { return perRequest(r, ProcessPostgres) }},
	{"load µs", false, func(_ Table, _ Row, r Result) string { return perRequest(r, ProcessLoad) }},
	{"allocs", false, func(_ Table, _ Row, r Result) string { return allocations(r) }},
	{"RSS MiB", false, func(_ Table, _ Row, r Result) string { return resident(r) }},
	{"note", true, func(_ Table, row Row, _ Result) string { return row.note() }},
}

func (t Table) cells(row Row) []string {
	median := Median(row.Runs)
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.cell(t, row, median)
	}
	return cells
}

// share is the row's throughput by that of the log ceiling with as many
// connections.
func (t Table) share(row Row, r Result) string {
	for _, other := range t.Rows {
		if other.Scenario == CeilingLog && other.Conns == row.Conns {
			if top := Median(other.Runs).PerSecond; top > 0 && len(row.Runs) > 0 {
				return fmt.Sprintf("%.2f", r.PerSecond/top)
			}
		}
	}
	return none
}

// ofPlain is the median of what each run made of the plain payments that came right
// after it: how fast the machine is changes from minute to minute.
func (row Row) ofPlain() string {
	var shares []Result
	for i := range min(len(row.Runs), len(row.Plain)) {
		if plain := row.Plain[i].PerSecond; plain > 0 {
			shares = append(shares, Result{PerSecond: row.Runs[i].PerSecond / plain})
		}
	}
	if len(shares) == 0 {
		return none
	}
	return fmt.Sprintf("%.2f", Median(shares).PerSecond)
}

// note puts first what spoils the row's figures, in any of its runs.
func (row Row) note() string {
	var failed, mismatches int64
	first := ""
	for _, r := range row.Runs {
		failed += r.Failed
		mismatches += r.Mismatches
		if first == "" {
			first, _, _ = strings.Cut(r.FirstFailure, "\n")
		}
	}
	var parts []string
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d FAILED: %s", failed, short(first)))
	}
	if mismatches > 0 {
		parts = append(parts, fmt.Sprintf("%d retries got ANOTHER ANSWER", mismatches))
	}
	if row.Note != "" {
		parts = append(parts, row.Note)
	}
	return strings.Join(parts, "; ")
}

func spread(runs []Result) string {
	if len(runs) < 2 {
		return none
	}
	low, high := runs[0].PerSecond, runs[0].PerSecond
	for _, r := range runs[1:] {
		low, high = min(low, r.PerSecond), max(high, r.PerSecond)
	}
	return grouped(low) + "–" + grouped(high)
}

func perRequest(r Result, process string) string {
	spent, ok := r.CPU[process]
	if !ok || r.Requests() == 0 {
		return none
	}
	return fmt.Sprintf("%.1f", float64(spent)/float64(time.Microsecond)/float64(r.Requests()))
}

func allocations(r Result) string {
	if r.Mallocs == 0 || r.Requests() == 0 {
		return none
	}
	return grouped(float64(r.Mallocs) / float64(r.Requests()))
}

func resident(r Result) string {
	m, ok := r.Memory[ProcessServer]
	return orNone(strconv.FormatInt(m.Resident>>20, 10), ok)
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f", float64(d)/float64(time.Millisecond))
}

// grouped rounds to a whole number and sets its thousands apart by commas.
func grouped(f float64) string {
	s := strconv.FormatFloat(f, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func orNone(s string, known bool) string {
	if !known {
		return none
	}
	return s
}

func short(s string) string {
	const most = 80
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
