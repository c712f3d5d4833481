package statement_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/statement"
)

// audit is a busy world two days later, with what replaces its ids in texts.
type audit struct {
	*world
	b     busy
	names []string // of ids
}

func newAudit(t *testing.T, d *db.DB) *audit {
	w := newWorld(t, d)
	a := &audit{world: w, b: w.busy()}
	w.at(4, time.Hour)
	_, one := w.statement(w.which(1, "USD"))
	_, two := w.statement(w.which(2, "USD"))
	for i, e := range append(one, two...) {
		a.names = append(a.names, string(e.Transfer), fmt.Sprintf("XFER%d", i+1), e.CreatedAt.Format("15:04:05"), "TIME")
	}
	a.names = append(a.names, w.day(1).Format(time.DateOnly), "DAY1", w.day(2).Format(time.DateOnly), "DAY2", string(a.b.visa.ID), "VISA",
		string(a.b.returned.ID), "RETURNED", string(a.b.dispute), "DISPUTE", string(a.b.disputed.ID), "DISPUTED", string(a.b.refund.ID), "REFUND", string(a.b.back.ID), "BACK")
	return a
}

// fill puts the real ids where a scenario has names.
func (a *audit) fill(text string) string {
	var pairs []string
	for i := len(a.names) - 2; i >= 0; i -= 2 { // XFER12 before XFER1
		if a.names[i+1] != "TIME" {
			pairs = append(pairs, a.names[i+1], a.names[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// said is a report with names for ids.
func (a *audit) said(r *statement.Report) string {
	var out strings.Builder
	a.must(r.Print(&out))
	return strings.NewReplacer(a.names...).Replace(out.String())
}

func (a *audit) file(f statement.Format, day int) string {
	a.t.Helper()
	x, err := a.desk.File(a.t.Context(), a.which(day, "USD"), f, 1)
	a.must(err)
	return string(x.Content)
}

func (a *audit) reconcile(text string, change ...func(*statement.Span)) string {
	a.t.Helper()
	r, err := statement.ParseRecord([]byte(text))
	if err != nil {
		a.t.Fatalf("%v in\n%s", err, text)
	}
	s := statement.Span{Merchant: a.cafe.ID, From: r.From, To: r.To, Currency: r.Currency}
	for _, c := range change {
		c(&s)
	}
	var got [2]string
	for i := range got {
		report, err := a.desk.Reconcile(a.t.Context(), s, r)
		a.must(err)
		got[i] = a.said(report)
	}
	if got[0] != got[1] {
		a.t.Errorf("run again it says\n%s\nthe first time\n%s", got[1], got[0])
	}
	return got[0]
}

func (a *audit) dayOne(s *statement.Span) { s.From, s.To = a.day(1), a.day(1) }

// TestReconcileNamesEveryDifference tampers with our own files.
func TestReconcileNamesEveryDifference(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAudit(t, d)
		const head = "From DAY1 to DAY1 (UTC): 12 entries in ours, "
		for _, x := range []struct {
			name     string
			format   statement.Format
			old, new string
			want     string
		}{
			{"nothing, csv", statement.CSV, "", "", head + "12 lines in theirs, of which 12 agree.\n✓ No differences.\n"},
			{"nothing, json", statement.JSON, "", "", head + "12 lines in theirs, of which 12 agree.\n✓ No differences.\n"},
			{"nothing, camt", statement.Camt, "", "", head + "12 lines in theirs, of which 12 agree.\n✓ No differences.\n"},
			{"an amount, json", statement.JSON, `"amount":-1000,`, `"amount":-1001,`, `✗ entry 8: the amount of XFER8 differs: -10.00 USD in ours, -10.01 USD in theirs
✗ the record does not add up: opening balance and entries come to 154.48 USD, the closing balance is 154.49 USD
` + head + `12 lines in theirs, of which 11 agree.
✗ 2 differences: 1 other amounts, 1 where theirs does not add up.
`},
			{"a side, camt", statement.Camt, "<Amt Ccy=\"USD\">10.00</Amt>\n    <CdtDbtInd>DBIT", "<Amt Ccy=\"USD\">10.00</Amt>\n    <CdtDbtInd>CRDT", `✗ entry 8: the amount of XFER8 differs: -10.00 USD in ours, 10.00 USD in theirs
✗ the record does not add up: opening balance and entries come to 174.49 USD, the closing balance is 154.49 USD
` + head + `12 lines in theirs, of which 11 agree.
✗ 2 differences: 1 other amounts, 1 where theirs does not add up.
`},
			{"the closing balance, camt", statement.Camt, `>154.49<`, `>154.50<`, `✗ the balance CLBD: the closing balance of DAY1 differs: 154.49 USD in ours, 154.50 USD in theirs
✗ the record does not add up: opening balance and entries come to 154.49 USD, the closing balance is 154.50 USD
` + head + `12 lines in theirs, of which 12 agree.
✗ 2 differences: 1 other balances, 1 where theirs does not add up.
`},
			{"the opening balance, json", statement.JSON, `"opening_balance":0,`, `"opening_balance":5,`, `✗ the opening balance: the opening balance of DAY1 differs: 0.00 USD in ours, 0.05 USD in theirs
✗ the record does not add up: opening balance and entries come to 154.54 USD, the closing balance is 154.49 USD
` + head + `12 lines in theirs, of which 12 agree.
✗ 2 differences: 1 other balances, 1 where theirs does not add up.
`},
			{"whose it is, csv", statement.CSV, "-1000,USD,15449,REFUND,VISA,", "-1000,USD,15449,REFUND,DISPUTED,", `✗ line 9: XFER8, which books -10.00 USD, has the payment VISA in ours and DISPUTED in theirs
` + head + `12 lines in theirs, of which 11 agree.
✗ 1 differences: 1 other names.
`},
		} {
			t.Run(x.name, func(t *testing.T) {
				a.t = t
				text := a.file(x.format, 1)
				changed := text
				if x.old != "" {
					if changed = strings.Replace(text, a.fill(x.old), a.fill(x.new), 1); x.name == "a side, camt" {
						at := strings.Index(text, "<AcctSvcrRef>"+a.names[7*4]+"<")
						cut := strings.LastIndex(text[:at], "DBIT")
						changed = text[:cut] + "CRDT" + text[cut+4:]
					}
					if changed == text {
						t.Fatalf("nothing was changed in\n%s", text)
					}
				}
				if got := a.reconcile(changed); got != x.want {
					t.Errorf("got\n%s\nwant\n%s", got, x.want)
				}
			})
		}
	})
}

// TestReconcileAnOwnRecord holds tables as a merchant writes them against the ledger.
func TestReconcileAnOwnRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAudit(t, d)
		fees := func(s *statement.Span) { s.WithoutFee = true }
		two := func(s *statement.Span) { s.To = a.day(2) }
		one := a.dayOne
		for _, x := range []struct {
			name, text, want string
			change           []func(*statement.Span)
		}{
			{
				"gross", "payment,amount,currency\nVISA,10000,USD\nVISA,-1000,USD\nRETURNED,5000,USD\nRETURNED,-5000,USD\nRETURNED,5000,USD\nDISPUTED,2000,USD\nDISPUTED,-2000,USD\n",
				"From DAY1 to DAY2 (UTC): 7 entries in ours, 7 lines in theirs, of which 7 agree.\n6 fees and returns of fees were not expected in theirs.\n✓ No differences.\n", []func(*statement.Span){one, two, fees},
			},
			{
				"net, by reference, in major units, with semicolons", "\ufeffReference;Amount;Currency\r\norder-1;87.12;USD\r\norder-2;+48.250;USD\r\n;;\r\n",
				`✗ 20.00 USD, the payment of DAY1 TIME by XFER5, payment DISPUTED is in ours and not in theirs
✗ -0.88 USD, the fee of DAY1 TIME by XFER6, payment DISPUTED is in ours and not in theirs
From DAY1 to DAY1 (UTC): 12 entries in ours, 2 lines in theirs, of which 2 agree.
✗ 2 differences: 2 only in ours.
`, []func(*statement.Span){one},
			},
			{
				"all that can be wrong", "payment,reference,amount,currency,note\nVISA,,10000,EUR,a\nVISA,,-1000,USD,b\nVISA,,-1000,USD,c\nRETURNED,,5001,USD,d\n,order-9,7,USD,e\n",
				`✗ 20.00 USD, the payment of DAY1 TIME by XFER5, payment DISPUTED is in ours and not in theirs
✗ -50.00 USD, the refund of DAY1 TIME by XFER10, payment RETURNED, for BACK, reference order-2 is in ours and not in theirs
✗ 50.00 USD, the refund return of DAY1 TIME by XFER11, payment RETURNED, for BACK, reference order-2 is in ours and not in theirs
✗ line 6: 0.07 USD of order-9 is in theirs and not in ours
✗ line 4: -10.00 USD of VISA is booked twice in theirs: line 3 has it already
✗ line 5: the amount of RETURNED differs: 50.00 USD in ours, 50.01 USD in theirs
✗ line 2: the currency of VISA differs: 100.00 USD in ours, 100.00 EUR in theirs
From DAY1 to DAY1 (UTC): 6 entries in ours, 5 lines in theirs, of which 1 agree.
6 fees and returns of fees were not expected in theirs.
✗ 7 differences: 3 only in ours, 1 only in theirs, 1 booked twice, 1 other amounts, 1 other currencies.
`, []func(*statement.Span){one, fees},
			},
			{
				"no lines", "payment,amount,currency\n",
				`✗ -20.00 USD, the dispute of DAY2 TIME by XFER13, payment DISPUTED, for DISPUTE is in ours and not in theirs
From DAY2 to DAY2 (UTC): 1 entries in ours, 0 lines in theirs, of which 0 agree.
✗ 1 differences: 1 only in ours.
`, []func(*statement.Span){func(s *statement.Span) { s.From, s.To = a.day(2), a.day(2) }},
			},
			{"no lines and no entries", "payment,amount,currency\n", "From DAY3 to DAY3 (UTC): 0 entries in ours, 0 lines in theirs, of which 0 agree.\n✓ No differences.\n", []func(*statement.Span){func(s *statement.Span) { s.From, s.To = a.day(3), a.day(3) }}},
		} {
			t.Run(x.name, func(t *testing.T) {
				a.t = t
				text := a.fill(x.text)
				if got := strings.ReplaceAll(a.reconcile(text, x.change...), a.day(3).Format(time.DateOnly), "DAY3"); got != x.want {
					t.Errorf("got\n%s\nwant\n%s", got, x.want)
				}
			})
		}
	})
}

// TestReconcileDays: several days are one record, lines of other days are left out, and
// a day that is not over is said to be so.
func TestReconcileDays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a := newAudit(t, d)
		_, rows, _ := strings.Cut(a.file(statement.CSV, 2), "\n")
		both := a.file(statement.CSV, 1) + rows
		if got := a.reconcile(both); got != "From DAY1 to DAY2 (UTC): 13 entries in ours, 13 lines in theirs, of which 13 agree.\n✓ No differences.\n" {
			t.Error(got)
		}
		if got := a.reconcile(both, a.dayOne); got != "From DAY1 to DAY1 (UTC): 12 entries in ours, 12 lines in theirs, of which 12 agree.\n1 lines of theirs are of other days and were left out.\n✓ No differences.\n" {
			t.Error(got)
		}
		got := a.reconcile(a.file(statement.JSON, 2), func(s *statement.Span) { s.To = a.day(4) })
		if !strings.Contains(got, "The last day is not final") {
			t.Error(got)
		}
		for _, to := range []time.Time{a.day(0), a.day(367)} {
			if r, err := a.desk.Reconcile(t.Context(), statement.Span{Merchant: a.cafe.ID, From: a.day(1), To: to}, statement.Record{}); err == nil {
				t.Errorf("to %s: %+v", to, r)
			}
		}
	})
}

// TestRecordsThatCannotBeRead: a person is told what is wrong, and where.
func TestRecordsThatCannotBeRead(t *testing.T) {
	const ids = "payment,amount,currency\n"
	for text, want := range map[string]string{
		"":                                    "it is empty: not even the names of columns stand in it",
		" \n\t":                               "it is empty: not even the names of columns stand in it", //nolint:gocritic // that is the case
		"payment,amount\npay_1,5\n":           "line 1: it needs one column named currency, and has 0; its columns are: payment, amount",
		"id,amount,currency\n":                "line 1: it needs a column named payment, reference, transfer or cause; its columns are: id, amount, currency",
		"payment,amount,amount,currency\n":    "line 1: it needs one column named amount, and has 2; its columns are: payment, amount, amount, currency",
		ids + "pay_1,1000,USD\npay_2,a,USD":   `line 3, column 2: "a" is no amount of USD: write minor units such as 1234, or with a point 12.34`,
		ids + "pay_1,10.005,USD":              `line 2, column 2: "10.005" is no amount of USD: write minor units such as 1234, or with a point 12.34`,
		ids + "pay_1,\"1,000.00\",USD":        `line 2, column 2: "1,000.00" is no amount of USD: write minor units such as 1234, or with a point 12.34`,
		ids + "pay_1,10.5,JPY":                `line 2, column 2: "10.5" is no amount of JPY: write minor units such as 1234, or with a point 1234`,
		ids + "pay_1,9223372036854775808,USD": `line 2, column 2: "9223372036854775808" is no amount of USD: write minor units such as 1234, or with a point 12.34`,
		ids + "pay_1,5,usd":                   `line 2, column 3: "usd" is no currency: write an ISO 4217 code in capitals, such as USD`,
		ids + "pay_1,5":                       "line 2, place 1: wrong number of fields",
		ids + "pay_1,\"5,USD":                 `line 2, place 13: extraneous or missing " in quoted-field`,
		ids + ",5,USD":                        "line 2: it says neither payment nor reference, transfer or cause",
		"payment,amount,currency,date\np,1,USD,31.1.2026": `line 2, column 4: "31.1.2026" is no moment: write 2026-01-31 or 2026-01-31T12:00:00Z`,
		"\xff\xfea,b":                       "it is not in UTF-8: save it as UTF-8",
		"<a>":                               "it is no XML that can be read: XML syntax error on line 1: unexpected EOF",
		"<Document/>":                       `it is no camt.053: its root is Document of "", with 0 statements`,
		`{"object":"list"}`:                 "it is no statement in JSON as 'florin statement --format json' writes it",
		`{"object":"statement","date":"x"}`: `its date "x" is no day such as 2026-01-31`,
		camt(`<Ntry><Amt Ccy="USD">-1</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry>`): `entry 1: "-1" is no amount of USD`,
		camt(`<Ntry><Amt Ccy="USD">1</Amt><CdtDbtInd>C</CdtDbtInd></Ntry>`):     `entry 1: its CdtDbtInd is "C", neither CRDT nor DBIT`,
		camt(`<Ntry><Amt Ccy="ZZZ">1</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry>`):  `entry 1: its currency "ZZZ" is unknown`,
		camt(`<Ntry><Amt Ccy="USD">1</Amt><CdtDbtInd>CRDT</CdtDbtInd></Ntry>`):  "entry 1: nothing says what it is about: AcctSvcrRef, NtryRef, TxId and EndToEndId are missing",
	} {
		if r, err := statement.ParseRecord([]byte(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q is read as %+v, %v, want %s", text, r, err, want)
		}
	}
}

func camt(inner string) string {
	return `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt><Id>1</Id>` + inner + `</Stmt></BkToCstmrStmt></Document>`
}

// TestOthersMessages: a camt.053 of another version and another hand is read by what is ours
// in it; what is only expected is not booked.
func TestOthersMessages(t *testing.T) {
	r, err := statement.ParseRecord([]byte(camt(`<Acct><Ccy>KWD</Ccy></Acct>
		<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="KWD">1</Amt><CdtDbtInd>DBIT</CdtDbtInd><Dt><Dt>2026-01-31</Dt></Dt></Bal>
		<Ntry><NtryRef>7</NtryRef><Amt Ccy="KWD">0010.5000</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-01-31</Dt></BookgDt><AcctSvcrRef>bank-7</AcctSvcrRef>
			<NtryDtls><TxDtls><Refs><EndToEndId>order-1</EndToEndId><TxId>theirs</TxId></Refs></TxDtls></NtryDtls></Ntry>
		<Ntry><NtryRef>8</NtryRef><Amt Ccy="KWD">1</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts></Ntry>`)))
	want := statement.Line{Where: "entry 1", Reference: "order-1", Amount: money.New(-10500, "KWD"), At: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)}
	if err != nil || len(r.Lines) != 1 || r.Lines[0] != want || len(r.Standings) != 1 || r.Standings[0].Amount.Minor != -1000 || r.Currency != "KWD" {
		t.Errorf("read as %+v, %v", r, err)
	}
}
