package bench

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Text renders the table for a terminal: the machine in a few lines, then one
// aligned line for each row.
func (t Table) Text() string {
	var b strings.Builder
	for _, f := range t.Machine.facts() {
		fmt.Fprintf(&b, "%-11s %s\n", f.name, f.value)
	}
	b.WriteByte('\n')
	lines := t.lines()
	width := make([]int, len(columns))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		var padded []string
		for i, cell := range line {
			padded = append(padded, pad(cell, width[i], columns[i].left))
		}
		b.WriteString(strings.TrimRight(strings.Join(padded, "  "), " ") + "\n")
	}
	return b.String()
}

// Markdown renders the table as a page: how to read it, the machine, the table,
// and what each of its scenarios measures.
func (t Table) Markdown() string {
	var b strings.Builder
	b.WriteString(preface)
	b.WriteString("| | |\n|---|---|\n")
	for _, f := range t.Machine.facts() {
		fmt.Fprintf(&b, "| %s | %s |\n", f.name, escaped(f.value))
	}
	b.WriteByte('\n')
	for i, line := range t.lines() {
		for k, cell := range line {
			line[k] = escaped(cell)
		}
		b.WriteString("| " + strings.Join(line, " | ") + " |\n")
		if i == 0 {
			b.WriteString(rule())
		}
	}
	b.WriteString("\n## What is measured\n\n")
	for _, s := range Scenarios() {
		if slices.ContainsFunc(t.Rows, func(row Row) bool { return row.Scenario == s }) {
			fmt.Fprintf(&b, "- `%s`: %s\n", s, s.About())
		}
	}
	return b.String()
}

const preface = `# Benchmarks

Written by ` + "`florin bench`" + `; do not edit. Server, load generator and database share one machine. Each line quotes the run with the
median throughput; "of all runs" is the slowest and the fastest. Machines are noisy: the share of the log ceiling, measured in
the same sitting with as many connections, says more than the absolute figure. "of plain" is the median of
what each run made of a run of plain wallet payments over 64 connections right after it, because machines and filling stores change their speed. Processor time (µs) and allocations are per request;
RSS is the server's resident memory at the end of the run.

`

func (t Table) lines() [][]string {
	heading := make([]string, len(columns))
	for i, c := range columns {
		heading[i] = c.name
	}
	lines := [][]string{heading}
	for _, row := range t.Rows {
		lines = append(lines, t.cells(row))
	}
	return lines
}

func rule() string {
	var b strings.Builder
	for _, c := range columns {
		if c.left {
			b.WriteString("|---")
		} else {
			b.WriteString("|---:")
		}
	}
	return b.String() + "|\n"
}

type fact struct{ name, value string }

func (m Machine) facts() []fact {
	facts := []fact{
		{"date", m.Date.UTC().Format("2006-01-02 15:04 UTC")},
		{"commit", m.Commit},
		{"processor", fmt.Sprintf("%s, %d cores", m.CPU, m.Cores)},
		{"memory", fmt.Sprintf("%.1f GiB", float64(m.Memory)/(1<<30))},
		{"kernel", m.Kernel},
		{"Go", m.Go},
		{"filesystem", m.Filesystem},
	}
	if m.Fsync > 0 {
		facts = append(facts, fact{"fdatasync", fmt.Sprintf("%.2f ms, median of small appends", float64(m.Fsync)/1e6)})
	}
	for _, s := range m.Storage {
		facts = append(facts, fact{"storage", s})
	}
	return facts
}

// escaped keeps a cell in its cell: answers of a failing server may hold anything.
func escaped(cell string) string {
	return strings.NewReplacer("|", `\|`, "\r", " ", "\n", " ", "<", "&lt;").Replace(cell)
}

func pad(cell string, width int, left bool) string {
	space := strings.Repeat(" ", width-utf8.RuneCountInString(cell))
	if left {
		return cell + space
	}
	return space + cell
}
