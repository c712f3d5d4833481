package statement

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Report is what holding a record against the ledger found.
type Report struct {
	Span
	Final   bool // nothing can be added to the ledger's side any more
	Lines   int  // of the record that were looked at
	Outside int  // of the record that are of other days
	Entries int  // of the ledger that were looked at
	Fees    int  // of the ledger that the record need not have
	Matched int  // lines of the record that agree with the ledger
	found   [kindsOfDifference][]string
}

// difference is a kind of difference, in the order in which they are told.
type difference int

const (
	onlyOurs difference = iota
	onlyTheirs
	twice
	amounts
	currencies
	names
	balances
	unsound
	kindsOfDifference
)

// titles are what a number of differences is called.
var titles = [kindsOfDifference]string{
	onlyOurs: "only in ours", onlyTheirs: "only in theirs", twice: "booked twice", amounts: "other amounts", currencies: "other currencies",
	names: "other names", balances: "other balances", unsound: "where theirs does not add up",
}

func (r *Report) add(kind difference, format string, a ...any) {
	r.found[kind] = append(r.found[kind], fmt.Sprintf(format, a...))
}

// Differences is how many there are.
func (r *Report) Differences() (n int) {
	for _, list := range r.found {
		n += len(list)
	}
	return n
}

// Print writes a line for each difference, and the totals. The same record and the same
// days give the same text, if the days are final. Error: that of to.
func (r *Report) Print(to io.Writer) error {
	var out strings.Builder
	var parts []string
	for kind, list := range r.found {
		for _, text := range list {
			out.WriteString("✗ " + text + "\n")
		}
		if len(list) > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", len(list), titles[kind]))
		}
	}
	fmt.Fprintf(&out, "From %s to %s (UTC): %d entries in ours, %d lines in theirs, of which %d agree.\n",
		r.From.Format(time.DateOnly), r.To.Format(time.DateOnly), r.Entries, r.Lines, r.Matched)
	if r.Fees > 0 {
		fmt.Fprintf(&out, "%d fees and returns of fees were not expected in theirs.\n", r.Fees)
	}
	if r.Outside > 0 {
		fmt.Fprintf(&out, "%d lines of theirs are of other days and were left out.\n", r.Outside)
	}
	if !r.Final {
		out.WriteString("The last day is not final: entries may still be added to it.\n")
	}
	if len(parts) == 0 {
		out.WriteString("✓ No differences.\n")
	} else {
		fmt.Fprintf(&out, "✗ %d differences: %s.\n", r.Differences(), strings.Join(parts, ", "))
	}
	_, err := io.WriteString(to, out.String())
	return err
}

// words names an entry so that a person finds it.
func (e *Entry) words() string {
	text := fmt.Sprintf("%s, the %s of %s by %s", e.Amount, strings.ReplaceAll(string(e.Kind), "_", " "), e.CreatedAt.Format("2006-01-02 15:04:05"), e.Transfer)
	if e.Payment != "" {
		text += ", payment " + string(e.Payment)
	}
	if e.Cause != "" && e.Cause != string(e.Payment) {
		text += ", for " + e.Cause
	}
	if e.Reference != "" {
		text += ", reference " + safe(e.Reference)
	}
	return text
}

// safe quotes a stranger's text where a terminal would do something with it.
func safe(text string) string {
	if strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return strconv.Quote(text)
	}
	return text
}
