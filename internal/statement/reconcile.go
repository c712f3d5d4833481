package statement

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
)

// Span says what of the ledger a record is held against.
type Span struct {
	Merchant   id.Merchant
	Live       bool
	From, To   time.Time      // days, both included
	Currency   money.Currency // "": every one that the merchant has
	WithoutFee bool           // fees and their returns are not expected in the record
}

// periodMax bounds what is held at once.
const periodMax = 366

// book is the ledger's side of a comparison.
type book struct {
	entries []Entry // in the ledger's order
	opening map[money.Currency]int64
	final   bool
}

// Reconcile holds a record against the ledger and names every difference. Lines of days
// outside the span are left out, and counted. Errors: those of the database.
func (d *Desk) Reconcile(ctx context.Context, s Span, theirs Record) (*Report, error) {
	b, err := d.period(ctx, s)
	if err != nil {
		return nil, err
	}
	return b.compare(s, theirs), nil
}

// period reads the entries of all the merchant's balances, in one snapshot: also those in
// currencies that are not asked for, so that a wrong currency is seen as that.
func (d *Desk) period(ctx context.Context, s Span) (*book, error) {
	out := &book{opening: map[money.Currency]int64{}}
	if days := s.To.Sub(s.From) / (24 * time.Hour); days < 0 || days >= periodMax {
		return nil, fmt.Errorf("statement: from %s to %s are no 1 to %d days: give --from and --to", s.From.Format(time.DateOnly), s.To.Format(time.DateOnly), periodMax)
	}
	return out, d.read(ctx, func(r reading) error {
		accounts, err := r.book.Owned(ctx, string(s.Merchant), s.Live)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			if a.Name.Purpose != ledger.Balance {
				continue
			}
			before, err := r.balance(ctx, a.Name, s.From.Add(-time.Microsecond))
			if err != nil {
				return err
			}
			out.opening[a.Name.Currency] = before
			end := Which{Day: s.To}.end()
			err = r.each(ctx, a.Name, before, s.From, end, func(e Entry) error { out.entries = append(out.entries, e); return nil })
			if err != nil {
				return err
			}
		}
		slices.SortStableFunc(out.entries, func(a, b Entry) int { return cmp.Compare(a.Sequence, b.Sequence) })
		if out.final, err = r.final(ctx, Which{Day: s.To}); err != nil {
			return err
		}
		for some := range slices.Chunk(out.entries, describedAtOnce) {
			if err := r.describe(ctx, some); err != nil {
				return err
			}
		}
		return nil
	})
}

// at is the balance at one end of a day, which the span has.
func (b *book) at(c money.Currency, day time.Time, opening bool) int64 {
	if !opening {
		day = day.AddDate(0, 0, 1)
	}
	minor := b.opening[c]
	for _, e := range b.entries {
		if e.Amount.Currency == c && e.CreatedAt.Before(day) {
			minor = e.After
		}
	}
	return minor
}

// match is the state of a comparison.
type match struct {
	span   Span
	report *Report
	ours   []Entry
	taken  []bool           // of ours
	byName map[string][]int // of ours, by each name that a line may have
	theirs []Line
	found  []bool         // of theirs
	twins  map[twin]*Line // what has been found, by what it says
}

// twin is what two lines share that book the same.
type twin struct {
	name   string
	amount money.Amount
}

// compare names the differences. The order in which lines meet entries is fixed: equal
// ones first, then net amounts, then doubles, then those that differ.
func (b *book) compare(s Span, theirs Record) *Report {
	m := &match{span: s, report: &Report{Span: s, Final: b.final}, ours: b.entries, taken: make([]bool, len(b.entries)), byName: map[string][]int{}, twins: map[twin]*Line{}}
	for _, l := range theirs.Lines {
		if !l.At.IsZero() && (l.At.Before(s.From) || l.At.After(Which{Day: s.To}.end())) {
			m.report.Outside++
			continue
		}
		m.theirs = append(m.theirs, l)
	}
	m.found = make([]bool, len(m.theirs))
	for i, e := range m.ours {
		for _, name := range []string{string(e.Transfer), e.Cause, string(e.Payment), e.Reference} {
			if list := m.byName[name]; name != "" && (len(list) == 0 || list[len(list)-1] != i) { // a payment's cause is its id
				m.byName[name] = append(list, i)
			}
		}
	}
	m.each(m.equal)
	m.each(m.net)
	m.each(m.double)
	m.each(m.differing)
	m.leftovers()
	for _, complaint := range theirs.Unsound {
		m.report.add(unsound, "%s", complaint)
	}
	for _, x := range theirs.Standings {
		if x.Day.Before(s.From) || x.Day.After(s.To) {
			continue
		}
		if here := money.New(b.at(x.Amount.Currency, x.Day, x.Opening), x.Amount.Currency); here != x.Amount {
			end := "closing"
			if x.Opening {
				end = "opening"
			}
			m.report.add(balances, "%s: the %s balance of %s differs: %s in ours, %s in theirs", x.Where, end, x.Day.Format(time.DateOnly), here, x.Amount)
		}
	}
	return m.report
}

// each lets fn look at the lines that have not been found yet, in their order.
func (m *match) each(fn func(*Line) bool) {
	for i := range m.theirs {
		if !m.found[i] {
			m.found[i] = fn(&m.theirs[i])
		}
	}
}

// name is the narrowest name that a line has.
func (l *Line) name() string {
	for _, name := range []string{l.Transfer, l.Cause, l.Payment} {
		if name != "" {
			return name
		}
	}
	return l.Reference
}

// free are the entries of a line's name that nothing has met yet and that fit.
func (m *match) free(l *Line, fits func(*Entry) bool) (list []int) {
	for _, i := range m.byName[l.name()] {
		if !m.taken[i] && fits(&m.ours[i]) {
			list = append(list, i)
		}
	}
	return list
}

// meet ties a line to entries.
func (m *match) meet(l *Line, list ...int) {
	for _, i := range list {
		m.taken[i] = true
	}
	m.twins[twin{l.name(), l.Amount}] = l
	m.report.Lines++
}

// equal meets an entry of the same amount.
func (m *match) equal(l *Line) bool {
	list := m.free(l, func(e *Entry) bool { return e.Amount == l.Amount })
	if len(list) == 0 {
		return false
	}
	m.meet(l, list[0])
	if wrong := m.ours[list[0]].misnamed(l); wrong != "" {
		m.report.add(names, "%s: %s, which books %s, %s", l.Where, safe(l.name()), l.Amount, wrong)
	} else {
		m.report.Matched++
	}
	return true
}

// misnamed tells which of a line's other names are not the entry's, "" for none.
func (e *Entry) misnamed(l *Line) string {
	for _, x := range []struct{ what, ours, theirs string }{{"cause", e.Cause, l.Cause}, {"payment", string(e.Payment), l.Payment}, {"reference", e.Reference, l.Reference}} {
		if x.theirs != "" && visible(x.ours) != visible(x.theirs) {
			return fmt.Sprintf("has the %s %s in ours and %s in theirs", x.what, safe(cmp.Or(x.ours, "(none)")), safe(x.theirs))
		}
	}
	return ""
}

// visible is what every format keeps of a text.
func visible(text string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsGraphic(c) || unicode.IsSpace(c) || c == unicode.ReplacementChar {
			return -1
		}
		return c
	}, text)
}

// net meets all entries of a name together: who books what arrived after the fee has
// written one line for them.
func (m *match) net(l *Line) bool {
	sum := int64(0)
	list := m.free(l, func(e *Entry) bool { return e.Amount.Currency == l.Amount.Currency })
	for _, i := range list {
		sum += m.ours[i].Amount.Minor
	}
	if len(list) < 2 || sum != l.Amount.Minor {
		return false
	}
	m.meet(l, list...)
	m.report.Matched++
	return true
}

// double finds a line that says what another one has said already.
func (m *match) double(l *Line) bool {
	first := m.twins[twin{l.name(), l.Amount}]
	if first == nil {
		return false
	}
	m.report.Lines++
	m.report.add(twice, "%s: %s of %s is booked twice in theirs: %s has it already", l.Where, l.Amount, safe(l.name()), first.Where)
	return true
}

// differing meets an entry of the same name and another amount or currency. By a name that
// several entries may have, only one on the same side is meant.
func (m *match) differing(l *Line) bool {
	means := func(e *Entry) bool {
		return l.Transfer != "" || e.Amount.Sign() == l.Amount.Sign() && !(m.span.WithoutFee && e.fee())
	}
	list := m.free(l, func(e *Entry) bool { return means(e) && e.Amount.Currency == l.Amount.Currency })
	if len(list) > 0 {
		m.meet(l, list[0])
		m.report.add(amounts, "%s: the amount of %s differs: %s in ours, %s in theirs", l.Where, safe(l.name()), m.ours[list[0]].Amount, l.Amount)
		return true
	}
	list = m.free(l, means)
	if len(list) == 0 {
		return false
	}
	same := slices.IndexFunc(list, func(i int) bool { return m.ours[i].Amount.Minor == l.Amount.Minor })
	i := list[max(same, 0)]
	m.meet(l, i)
	m.report.add(currencies, "%s: the currency of %s differs: %s in ours, %s in theirs", l.Where, safe(l.name()), m.ours[i].Amount, l.Amount)
	return true
}

// leftovers names what only one side has.
func (m *match) leftovers() {
	m.each(func(l *Line) bool {
		m.report.Lines++
		m.report.add(onlyTheirs, "%s: %s of %s is in theirs and not in ours", l.Where, l.Amount, safe(l.name()))
		return true
	})
	for i, e := range m.ours {
		switch {
		case m.taken[i]:
			m.report.Entries++
		case m.span.Currency != "" && e.Amount.Currency != m.span.Currency:
		case m.span.WithoutFee && e.fee():
			m.report.Fees++
		default:
			m.report.Entries++
			m.report.add(onlyOurs, "%s is in ours and not in theirs", e.words())
		}
	}
}

func (e *Entry) fee() bool { return e.Kind == Fee || e.Kind == FeeReturn }
