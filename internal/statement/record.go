package statement

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// Record is what a merchant has written down, of one or several days.
type Record struct {
	Lines     []Line
	Standings []Standing
	Currency  money.Currency // the only one that it is about; "": whatever its lines say
	From, To  time.Time      // first and last day; zero: it does not say
	Unsound   []string       // where it does not agree with itself, in words
	Merchant  id.Merchant    // whose it is; "": it does not say
	Title     string         // what it calls itself, in words
	ends      []balanceEnd   // of tables, whose pages tell the ends of days only together
}

// Line is one movement of a record.
type Line struct {
	Where     string // in the record, in words
	Transfer  string // each may be empty, but not all
	Cause     string
	Payment   string
	Reference string
	Amount    money.Amount
	At        time.Time // zero: it does not say
}

// Standing is a balance of a record at one end of a day.
type Standing struct {
	Where   string
	Day     time.Time
	Opening bool
	Amount  money.Amount
}

// recordBytesMax bounds a record, which is held whole.
const recordBytesMax = 256 << 20

// ParseRecord reads a record in JSON or camt.053 as a statement has them, or in CSV: with
// the columns amount and currency, and at least one of transfer, cause, payment and
// reference. The error says in words what cannot be read, and where.
func ParseRecord(text []byte) (Record, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // spreadsheets write it
	start := bytes.TrimLeft(text, " \t\r\n")
	switch {
	case len(start) == 0:
		return Record{}, fmt.Errorf("it is empty: not even the names of columns stand in it")
	case len(text) > recordBytesMax:
		return Record{}, fmt.Errorf("it is larger than %d MiB: give the days one by one", recordBytesMax>>20)
	case !utf8.Valid(text):
		return Record{}, fmt.Errorf("it is not in UTF-8: save it as UTF-8")
	case start[0] == '<':
		return parseCamt(text)
	case start[0] == '{':
		return parseJSON(text)
	}
	return parseCSV(text)
}

// JoinRecords makes one record of those of several files.
func JoinRecords(list []Record) Record {
	if len(list) == 1 {
		return list[0]
	}
	out := Record{Currency: list[0].Currency, Title: list[0].Title}
	for _, r := range list {
		out.Lines = append(out.Lines, r.Lines...)
		if out.ends = append(out.ends, r.ends...); len(r.ends) == 0 {
			out.Standings = append(out.Standings, r.Standings...)
			out.Unsound = append(out.Unsound, r.Unsound...)
		}
		if out.Currency != r.Currency {
			out.Currency = ""
		}
		if out.Merchant == "" {
			out.Merchant = r.Merchant
		}
		out.cover(r.From)
		out.cover(r.To)
	}
	out.derive()
	return out
}

// cover lets the record reach to a day.
func (r *Record) cover(at time.Time) {
	if at.IsZero() {
		return
	}
	day := dayOf(at)
	if r.From.IsZero() || day.Before(r.From) {
		r.From = day
	}
	if r.To.IsZero() || day.After(r.To) {
		r.To = day
	}
}

// parseJSON reads a Statement of the contract.
func parseJSON(text []byte) (r Record, err error) {
	var s florinv1.Statement
	err = shapes().DecodeJSON(text, &s, 0)
	if err == nil && s.Object != "statement" {
		err = fmt.Errorf("its object is %q", s.Object)
	}
	if err != nil {
		return r, fmt.Errorf("it is no statement in JSON as 'florin statement --format json' writes it (of an answer of the API, save the content): %w", err)
	}
	day, err := time.Parse(time.DateOnly, s.Date)
	if err != nil {
		return r, fmt.Errorf("its date %q is no day such as 2026-01-31", s.Date)
	}
	if r.Currency, err = money.ParseCurrency(s.Currency); err != nil {
		return r, fmt.Errorf("its currency %q is unknown", s.Currency)
	}
	r.cover(day)
	r.Merchant, r.Title = id.Merchant(s.Merchant), fmt.Sprintf("the statement %s of %s in JSON", s.Id, s.Merchant)
	sum := s.OpeningBalance
	for i, e := range s.Entries {
		where := "entry " + strconv.Itoa(i+1)
		c, err := money.ParseCurrency(e.Currency)
		if err != nil {
			return r, fmt.Errorf("%s: its currency %q is unknown", where, e.Currency)
		}
		l := Line{Where: where, Transfer: e.Transfer, Cause: e.Cause, Payment: e.Payment, Reference: e.Reference, Amount: money.New(e.Amount, c)}
		if e.CreatedAt != nil {
			l.At = e.CreatedAt.AsTime()
		}
		if l.nameless() {
			return r, fmt.Errorf("%s: it has no transfer, cause, payment or reference", where)
		}
		r.Lines = append(r.Lines, l)
		sum += e.Amount // what wraps round does not add up either
	}
	r.Standings = []Standing{
		{"the opening balance", day, true, money.New(s.OpeningBalance, r.Currency)},
		{"the closing balance", day, false, money.New(s.ClosingBalance, r.Currency)},
	}
	if int64(len(s.Entries)) == s.EntryCount && sum != s.ClosingBalance {
		r.Unsound = append(r.Unsound, fmt.Sprintf("the record does not add up: opening balance and entries come to %s, the closing balance is %s",
			money.New(sum, r.Currency), money.New(s.ClosingBalance, r.Currency)))
	}
	return r, nil
}

// Words say what the record is: what it calls itself, of which days, and how long it is.
func (r *Record) Words() string {
	text := r.Title
	if text == "" {
		text = "a table"
	}
	if !r.From.IsZero() {
		text += " for " + r.From.Format(time.DateOnly)
		if r.To.After(r.From) {
			text += " to " + r.To.Format(time.DateOnly)
		}
	}
	if r.Currency != "" {
		text += ", in " + string(r.Currency)
	}
	return safe(text) + fmt.Sprintf(", with %d entries", len(r.Lines))
}

// nameless reports whether nothing says what the line is about.
func (l *Line) nameless() bool { return l.Transfer+l.Cause+l.Payment+l.Reference == "" }

// major reads an amount in major units: digits, and after a point no more decimals than
// the currency has, but zeros.
func major(text string, c money.Currency) (money.Amount, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	exponent := c.Exponent()
	for len(fraction) > exponent && strings.HasSuffix(fraction, "0") {
		fraction = fraction[:len(fraction)-1]
	}
	if len(fraction) < exponent {
		fraction += strings.Repeat("0", exponent-len(fraction))
	}
	sign := ""
	if rest, negative := strings.CutPrefix(whole, "-"); negative {
		sign, whole = "-", rest
	}
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if strings.Trim(whole+fraction, "0") == "" {
		sign = ""
	}
	if exponent > 0 || fraction != "" {
		whole += "." + fraction
	}
	return money.ParseDecimal(sign+whole, c)
}

// columns are the names that a CSV's header may have for what is read of it.
var columns = map[string][]string{
	"transfer": {"transfer"}, "cause": {"cause", "refund", "dispute"}, "payment": {"payment"}, "reference": {"reference"},
	"amount": {"amount"}, "currency": {"currency"}, "at": {"created_at", "date"}, "balance": {"balance_after"},
}

// header finds the columns by their names.
func header(cells []string) (map[string][]int, error) {
	found := map[string][]int{}
	for what, names := range columns {
		for i, cell := range cells {
			if slices.Contains(names, strings.ToLower(strings.TrimSpace(cell))) {
				found[what] = append(found[what], i)
			}
		}
	}
	for _, needed := range []string{"amount", "currency"} {
		if len(found[needed]) != 1 {
			return nil, fmt.Errorf("line 1: it needs one column named %s, and has %d; its columns are: %s", needed, len(found[needed]), strings.Join(cells, ", "))
		}
	}
	if len(found["transfer"])+len(found["cause"])+len(found["payment"])+len(found["reference"]) == 0 {
		return nil, fmt.Errorf("line 1: it needs a column named payment, reference, transfer or cause; its columns are: %s", strings.Join(cells, ", "))
	}
	return found, nil
}

// In names the file in front of every place, where there are several.
func (r *Record) In(path string) {
	for i := range r.Lines {
		r.Lines[i].Where = path + ", " + r.Lines[i].Where
	}
	for i := range r.ends {
		r.ends[i].where = path + ", " + r.ends[i].where
	}
	for i := range r.Standings {
		r.Standings[i].Where = path + ", " + r.Standings[i].Where
	}
	for i := range r.Unsound {
		r.Unsound[i] = path + ": " + r.Unsound[i]
	}
}
