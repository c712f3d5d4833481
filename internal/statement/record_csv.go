package statement

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/money"
)

// parseCSV reads a table: ours, or one of the merchant's own.
func parseCSV(text []byte) (Record, error) {
	table := csv.NewReader(bytes.NewReader(text))
	if first, _, _ := bytes.Cut(text, []byte("\n")); !bytes.Contains(first, []byte(",")) && bytes.Contains(first, []byte(";")) {
		table.Comma = ';' // as spreadsheets write it where the comma is in numbers
	}
	cells, err := table.Read()
	if err != nil {
		return Record{}, inWords(err)
	}
	t := csvTable{rows: table}
	if t.columns, err = header(cells); err != nil {
		return Record{}, err
	}
	for {
		t.cells, err = table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Record{}, inWords(err)
		}
		if strings.TrimSpace(strings.Join(t.cells, "")) == "" { // spreadsheets leave such rows behind
			continue
		}
		if err := t.line(); err != nil {
			return Record{}, err
		}
	}
	if r := &t.record; len(t.ends) > 0 && len(t.ends) == len(r.Lines) && !slices.ContainsFunc(t.ends, t.foreign) { // as ours are
		r.ends, r.Currency = t.ends, t.ends[0].after.Currency
		r.derive()
	}
	return t.record, nil
}

func inWords(err error) error {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("line %d, place %d: %w", p.Line, p.Column, p.Err)
	}
	return err
}

// csvTable is a table on its way.
type csvTable struct {
	rows    *csv.Reader
	columns map[string][]int
	cells   []string
	record  Record
	ends    []balanceEnd // the balances around each line, where the table tells them
}

// balanceEnd is what stood in front of a line and behind it.
type balanceEnd struct {
	where         string
	at            time.Time
	before, after money.Amount
}

// foreign reports whether an end is of no day, or in another currency than the first.
func (t *csvTable) foreign(e balanceEnd) bool {
	return e.at.IsZero() || e.after.Currency != t.ends[0].after.Currency
}

// cell is the first of the columns that has something in this row.
func (t *csvTable) cell(what string) (text string, column int) {
	for _, i := range t.columns[what] {
		text, column = strings.TrimSpace(t.cells[i]), i
		if text != "" {
			break
		}
	}
	if len(text) > 1 && text[0] == '\'' && strings.ContainsRune("=+-@", rune(text[1])) {
		text = text[1:] // put there so that no spreadsheet runs it
	}
	return text, column
}

// wrong says that a cell cannot be read.
func (t *csvTable) wrong(column int, format string, a ...any) error {
	line, _ := t.rows.FieldPos(column)
	return fmt.Errorf("line %d, column %d: %s", line, column+1, fmt.Sprintf(format, a...))
}

func (t *csvTable) line() error {
	number, _ := t.rows.FieldPos(0)
	l := Line{Where: "line " + strconv.Itoa(number)}
	l.Transfer, _ = t.cell("transfer")
	l.Cause, _ = t.cell("cause")
	l.Payment, _ = t.cell("payment")
	l.Reference, _ = t.cell("reference")
	if l.nameless() {
		return fmt.Errorf("line %d: it says neither payment nor reference, transfer or cause", number)
	}
	text, column := t.cell("currency")
	c, err := money.ParseCurrency(text)
	if err != nil {
		return t.wrong(column, "%q is no currency: write an ISO 4217 code in capitals, such as USD", text)
	}
	text, column = t.cell("amount")
	if l.Amount, err = minorOrMajor(text, c); err != nil {
		return t.wrong(column, "%q is no amount of %s: write minor units such as %d, or with a point %s", text, c, 1234, money.New(1234, c).Decimal())
	}
	if text, column = t.cell("at"); text != "" {
		if l.At, err = moment(text); err != nil {
			return t.wrong(column, "%q is no moment: write 2026-01-31 or 2026-01-31T12:00:00Z", text)
		}
		t.record.cover(l.At)
	}
	if text, column = t.cell("balance"); text != "" {
		after, err := minorOrMajor(text, c)
		before, wrapped := after.Sub(l.Amount)
		if err != nil || wrapped != nil {
			return t.wrong(column, "%q is no balance of %s", text, c)
		}
		t.ends = append(t.ends, balanceEnd{l.Where, l.At, before, after})
	}
	t.record.Lines = append(t.record.Lines, l)
	return nil
}

// derive tells the balances at the ends of the days of tables, and where they do not
// follow one another.
func (r *Record) derive() {
	ends := slices.Clone(r.ends)
	slices.SortStableFunc(ends, func(a, b balanceEnd) int { // by currency, and within it by time
		return cmp.Or(cmp.Compare(a.after.Currency, b.after.Currency), a.at.Compare(b.at))
	})
	apart := func(i, j int) bool {
		return i < 0 || j == len(ends) || ends[i].after.Currency != ends[j].after.Currency || !dayOf(ends[i].at).Equal(dayOf(ends[j].at))
	}
	for i, e := range ends {
		if apart(i-1, i) {
			r.Standings = append(r.Standings, Standing{e.where + ", the balance before it", dayOf(e.at), true, e.before})
		}
		if apart(i, i+1) {
			r.Standings = append(r.Standings, Standing{e.where + ", the balance after it", dayOf(e.at), false, e.after})
		}
		if i > 0 && e.after.Currency == ends[i-1].after.Currency && e.before != ends[i-1].after {
			r.Unsound = append(r.Unsound, fmt.Sprintf("the record does not add up: %s leads from %s to %s, and %s left %s",
				e.where, e.before, e.after, ends[i-1].where, ends[i-1].after))
		}
	}
}

func dayOf(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }

// minorOrMajor reads minor units, or with a point major ones.
func minorOrMajor(text string, c money.Currency) (money.Amount, error) {
	text = strings.TrimPrefix(text, "+")
	if strings.Contains(text, ".") {
		return major(text, c)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return money.New(n, c), err
}

func moment(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day, nil
	}
	return time.Parse(time.RFC3339, text)
}
