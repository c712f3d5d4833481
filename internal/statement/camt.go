package statement

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/money"
)

// The parts of camt.053.001.08 that a statement needs, in the order of the schema. Names
// are the standard's. Source: ISO 20022 BankToCustomerStatementV08.
type (
	camtHeader struct {
		MsgID   string         `xml:"MsgId"` // Max35Text
		CreDtTm string         `xml:"CreDtTm"`
		Pages   camtPagination `xml:"MsgPgntn"`
	}
	camtPagination struct {
		Page string `xml:"PgNb"`
		Last bool   `xml:"LastPgInd"`
	}
	camtPeriod struct {
		From string `xml:"FrDtTm"`
		To   string `xml:"ToDtTm"`
	}
	camtAccount struct {
		ID    string `xml:"Id>Othr>Id"` // Max34Text
		Ccy   string `xml:"Ccy"`
		Owner string `xml:"Ownr>Id>OrgId>Othr>Id"` // Max35Text
	}
	camtAmount struct {
		Ccy  string `xml:"Ccy,attr"`
		Text string `xml:",chardata"`
	}
	camtBalance struct {
		Code string     `xml:"Tp>CdOrPrtry>Cd"` // OPBD, ITBD or CLBD
		Amt  camtAmount `xml:"Amt"`
		Side string     `xml:"CdtDbtInd"`
		Date string     `xml:"Dt>Dt"`
	}
	camtSummary struct {
		Count   string `xml:"TtlNtries>NbOfNtries"`
		Net     string `xml:"TtlNtries>TtlNetNtry>Amt"`
		NetSide string `xml:"TtlNtries>TtlNetNtry>CdtDbtInd"`
		Credits string `xml:"TtlCdtNtries>NbOfNtries"`
		Credit  string `xml:"TtlCdtNtries>Sum"`
		Debits  string `xml:"TtlDbtNtries>NbOfNtries"`
		Debit   string `xml:"TtlDbtNtries>Sum"`
	}
	camtEntry struct {
		Ref         string          `xml:"NtryRef"`
		Amt         camtAmount      `xml:"Amt"`
		Side        string          `xml:"CdtDbtInd"`
		Status      string          `xml:"Sts>Cd"`
		Booked      camtMoment      `xml:"BookgDt"`
		ServicerRef string          `xml:"AcctSvcrRef,omitempty"` // the transfer
		Code        string          `xml:"BkTxCd>Prtry>Cd"`
		Issuer      string          `xml:"BkTxCd>Prtry>Issr"`
		Details     []camtReference `xml:"NtryDtls>TxDtls"`
	}
	camtMoment struct {
		Date   string `xml:"Dt,omitempty"`
		Moment string `xml:"DtTm,omitempty"`
	}
	camtReference struct {
		EndToEnd   string   `xml:"Refs>EndToEndId,omitempty"` // the payment's reference
		TxID       string   `xml:"Refs>TxId,omitempty"`       // the payment
		Prtry      *camtOwn `xml:"Refs>Prtry"`                // what it was made for
		Remittance []string `xml:"RmtInf>Ustrd,omitempty"`    // the reference if it is longer than Max35Text
		Additional string   `xml:"AddtlTxInf,omitempty"`
	}
	camtOwn struct {
		Type string `xml:"Tp"`
		Ref  string `xml:"Ref"`
	}
)

const (
	camtSpace  = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
	camtIssuer = "florin"
	camtCause  = "cause" // the type of the reference to what an entry was made for
	credit     = "CRDT"
	debit      = "DBIT"

	max35Text, max140Text, max500Text = 35, 140, 500

	// minorMax is the largest number that xs:totalDigits 18 lets through.
	minorMax = 999_999_999_999_999_999
)

// camtScribe writes the message as its entries come.
type camtScribe struct {
	sheet *sheet
	out   io.Writer
	to    *xml.Encoder
}

func newCamtScribe(s *sheet, out io.Writer) *camtScribe {
	c := &camtScribe{sheet: s, out: out, to: xml.NewEncoder(out)}
	c.to.Indent("", " ")
	return c
}

var (
	camtDocument  = xml.StartElement{Name: xml.Name{Space: camtSpace, Local: "Document"}}
	camtMessage   = xml.StartElement{Name: xml.Name{Local: "BkToCstmrStmt"}}
	camtStatement = xml.StartElement{Name: xml.Name{Local: "Stmt"}}
)

func (c *camtScribe) begin() error {
	s := c.sheet
	key := string(s.ID)
	if s.page > 1 {
		key += "-" + strconv.Itoa(s.page)
	}
	pages := camtPagination{strconv.Itoa(s.page), s.last()}
	ends := s.Day.AddDate(0, 0, 1).Format(time.RFC3339) // when the day was over: the file is the same whenever it is made
	opening, err := c.balance(s.before, s.page == 1, "OPBD")
	if err != nil {
		return err
	}
	closing, err := c.balance(s.after, s.last(), "CLBD")
	if err != nil {
		return err
	}
	summary, err := c.summary()
	if err != nil {
		return err
	}
	if err := put(c.out, []byte(xml.Header)); err != nil {
		return err
	}
	steps := []func() error{
		func() error { return c.to.EncodeToken(camtDocument) },
		func() error { return c.to.EncodeToken(camtMessage) },
		func() error { return c.element("GrpHdr", camtHeader{key, ends, pages}) },
		func() error { return c.to.EncodeToken(camtStatement) },
		func() error { return c.element("Id", string(s.ID)) },
		func() error { return c.element("StmtPgntn", pages) },
		func() error { return c.element("CreDtTm", ends) },
		func() error { return c.element("FrToDt", camtPeriod{instant(s.Day), instant(s.end())}) },
		func() error {
			return c.element("Acct", camtAccount{string(s.Account), string(s.Currency), string(s.Merchant)})
		},
		func() error { return c.element("Bal", opening) },
		func() error { return c.element("Bal", closing) },
		func() error { return c.element("TxsSummry", summary) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (c *camtScribe) element(name string, v any) error {
	return c.to.EncodeElement(v, xml.StartElement{Name: xml.Name{Local: name}})
}

func (c *camtScribe) entry(e Entry) error {
	text, side, err := decimal(e.Amount)
	if err != nil {
		return err
	}
	reference := camtReference{
		EndToEnd: clip(e.Reference, max35Text), TxID: clip(string(e.Payment), max35Text), Additional: clip(e.Description, max500Text),
	}
	if cut := clip(e.Reference, max140Text); cut != reference.EndToEnd { // half a reference would be another one
		reference.EndToEnd, reference.Remittance = "", []string{cut}
	}
	if e.Cause != "" {
		reference.Prtry = &camtOwn{camtCause, clip(e.Cause, max35Text)}
	}
	return c.element("Ntry", camtEntry{
		Ref: strconv.FormatInt(e.Sequence, 10), Amt: camtAmount{string(e.Amount.Currency), text}, Side: side, Status: "BOOK",
		Booked: camtMoment{Moment: instant(e.CreatedAt)}, ServicerRef: string(e.Transfer), Code: string(e.Kind), Issuer: camtIssuer,
		Details: []camtReference{reference},
	})
}

func (c *camtScribe) end() error {
	for _, x := range []xml.StartElement{camtStatement, camtMessage, camtDocument} {
		if err := c.to.EncodeToken(x.End()); err != nil {
			return err
		}
	}
	if err := c.to.Flush(); err != nil {
		return err
	}
	return put(c.out, []byte("\n"))
}

// balance is one at an end of the page: an interim one unless the page is outermost.
func (c *camtScribe) balance(minor int64, outermost bool, code string) (camtBalance, error) {
	if !outermost {
		code = "ITBD"
	}
	text, side, err := decimal(money.New(minor, c.sheet.Currency))
	return camtBalance{code, camtAmount{string(c.sheet.Currency), text}, side, c.sheet.Date()}, err
}

// summary tells the totals of the day, whatever the page shows.
func (c *camtScribe) summary() (camtSummary, error) {
	s := c.sheet
	out := camtSummary{Count: strconv.FormatInt(s.Count(), 10), Credits: strconv.FormatInt(s.Credits, 10), Debits: strconv.FormatInt(s.Debits, 10)}
	var err error
	if out.Net, out.NetSide, err = decimal(money.New(s.Credited-s.Debited, s.Currency)); err != nil { // both are >= 0
		return out, err
	}
	if out.Credit, _, err = decimal(money.New(s.Credited, s.Currency)); err != nil {
		return out, err
	}
	out.Debit, _, err = decimal(money.New(s.Debited, s.Currency))
	return out, err
}

// decimal is an amount as the standard writes it: without a sign, and on which side it is.
// Error: ErrTooLarge.
func decimal(a money.Amount) (text, side string, err error) {
	if a.Minor > minorMax || a.Minor < -minorMax {
		return "", "", ErrTooLarge
	}
	if text, negative := strings.CutPrefix(a.Decimal(), "-"); negative {
		return text, debit, nil
	}
	return a.Decimal(), credit, nil
}

// instant is a moment in UTC to the microsecond.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// clip is the beginning of a text, as long as the schema allows; its characters are
// counted, not its bytes.
func clip(text string, most int) string {
	n := 0
	for i := range text {
		if n == most {
			return text[:i]
		}
		n++
	}
	return text
}
