package statement

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// camtFile is what is read of a message, whoever wrote it.
type camtFile struct {
	XMLName    xml.Name
	Statements []camtRecord `xml:"BkToCstmrStmt>Stmt"`
}

type camtRecord struct {
	ID       string        `xml:"Id"`
	Owner    string        `xml:"Acct>Ownr>Id>OrgId>Othr>Id"`
	Period   camtPeriod    `xml:"FrToDt"`
	Ccy      string        `xml:"Acct>Ccy"`
	Balances []camtBalance `xml:"Bal"`
	Entries  []camtEntry   `xml:"Ntry"`
}

// parseCamt reads a camt.053 message of one or several statements; only booked entries
// count.
func parseCamt(text []byte) (Record, error) {
	var f camtFile
	if err := xml.Unmarshal(text, &f); err != nil {
		return Record{}, fmt.Errorf("it is no XML that can be read: %w", err)
	}
	if f.XMLName.Local != "Document" || !strings.Contains(f.XMLName.Space, ":camt.053.001.") || len(f.Statements) == 0 {
		return Record{}, fmt.Errorf("it is no camt.053: its root is %s of %q, with %d statements", f.XMLName.Local, f.XMLName.Space, len(f.Statements))
	}
	var list []Record
	for i := range f.Statements {
		place := ""
		if len(f.Statements) > 1 {
			place = fmt.Sprintf("statement %d, ", i+1)
		}
		r, err := f.Statements[i].record(place)
		if err != nil {
			return r, err
		}
		list = append(list, r)
	}
	return JoinRecords(list), nil
}

// record reads one statement; place names it in front of what stands in it.
func (s *camtRecord) record(place string) (r Record, err error) {
	if c := money.Currency(s.Ccy); c.Valid() {
		r.Currency = c
	}
	if r.Title = fmt.Sprintf("the statement %s in camt.053", s.ID); id.Valid(id.Merchant(s.Owner)) {
		r.Merchant, r.Title = id.Merchant(s.Owner), fmt.Sprintf("the statement %s of %s in camt.053", s.ID, s.Owner)
	}
	sum, whole := int64(0), true
	for j := range s.Entries {
		if e := &s.Entries[j]; e.Status == "" || e.Status == "BOOK" {
			l, err := e.line(fmt.Sprintf("%sentry %d", place, j+1))
			if err != nil {
				return r, err
			}
			r.Lines = append(r.Lines, l)
			r.cover(l.At)
			sum += l.Amount.Minor // what wraps round does not add up either
			whole = whole && l.Amount.Currency == r.Currency
		}
	}
	for _, moment := range []string{s.Period.From, s.Period.To} {
		if day, err := camtTime(moment); err == nil {
			r.cover(day)
		}
	}
	ends := map[bool]money.Amount{}
	for i := range s.Balances {
		b := &s.Balances[i]
		if b.Code != "OPBD" && b.Code != "CLBD" { // others are not of a day's ends
			continue
		}
		x, err := b.standing(place + "the balance " + b.Code)
		if err != nil {
			return r, err
		}
		r.cover(x.Day)
		r.Standings, ends[x.Opening] = append(r.Standings, x), x.Amount
	}
	if len(ends) == 2 && whole && ends[true].Minor+sum != ends[false].Minor {
		r.Unsound = append(r.Unsound, fmt.Sprintf("the record does not add up: %sopening balance and entries come to %s, the closing balance is %s",
			place, money.New(ends[true].Minor+sum, r.Currency), ends[false]))
	}
	return r, nil
}

// line reads an entry. The first of its transactions says what it is about.
func (e *camtEntry) line(where string) (l Line, err error) {
	l = Line{Where: where, Transfer: e.ServicerRef}
	if l.Amount, err = camtMoney(e.Amt, e.Side); err != nil {
		return l, fmt.Errorf("%s: %w", where, err)
	}
	if len(e.Details) > 0 {
		d := e.Details[0]
		l.Payment, l.Reference = d.TxID, d.EndToEnd
		if d.Prtry != nil && d.Prtry.Type == camtCause {
			l.Cause = d.Prtry.Ref
		}
		if l.Reference == "" && len(d.Remittance) > 0 {
			l.Reference = d.Remittance[0]
		}
	}
	if !id.Valid(id.Transfer(l.Transfer)) { // what others call their own
		l.Transfer = ""
	}
	if !id.Valid(id.Payment(l.Payment)) {
		l.Payment = ""
	}
	if l.nameless() {
		l.Reference = e.Ref
	}
	if l.nameless() {
		return l, fmt.Errorf("%s: nothing says what it is about: AcctSvcrRef, NtryRef, TxId and EndToEndId are missing", where)
	}
	for _, text := range []string{e.Booked.Moment, e.Booked.Date} {
		if text == "" {
			continue
		}
		if l.At, err = camtTime(text); err != nil {
			return l, fmt.Errorf("%s: its BookgDt %q is no moment", where, text)
		}
		break
	}
	return l, nil
}

func (b *camtBalance) standing(where string) (x Standing, err error) {
	x = Standing{Where: where, Opening: b.Code == "OPBD"}
	if x.Amount, err = camtMoney(b.Amt, b.Side); err != nil {
		return x, fmt.Errorf("%s: %w", where, err)
	}
	if x.Day, err = camtTime(b.Date); err != nil {
		return x, fmt.Errorf("%s: its date %q is no day", where, b.Date)
	}
	return x, nil
}

// camtMoney reads an amount and its side.
func camtMoney(a camtAmount, side string) (money.Amount, error) {
	c, err := money.ParseCurrency(a.Ccy)
	if err != nil {
		return money.Amount{}, fmt.Errorf("its currency %q is unknown", a.Ccy)
	}
	text := strings.TrimSpace(a.Text)
	x, err := major(text, c)
	switch {
	case err != nil || strings.HasPrefix(text, "-"):
		return x, fmt.Errorf("%s is no amount of %s", strconv.Quote(text), c)
	case side == debit:
		return x.Neg()
	case side != credit:
		return x, fmt.Errorf("its CdtDbtInd is %q, neither %s nor %s", side, credit, debit)
	}
	return x, nil
}

// camtTime reads a date or a moment; one without a zone is taken as UTC.
func camtTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(layout, strings.TrimSpace(text)); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no moment", text)
}
