package statement_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// order is the part of camt.053.001.08 that our files use: what each element may hold, in
// this order; "!" must be there, "*" may be there often. Texts have their own forms.
var order = map[string]string{
	"":              "Document!",
	"Document":      "BkToCstmrStmt!",
	"BkToCstmrStmt": "GrpHdr! Stmt!*",
	"GrpHdr":        "MsgId! CreDtTm! MsgPgntn",
	"MsgPgntn":      "PgNb! LastPgInd!",
	"StmtPgntn":     "PgNb! LastPgInd!",
	"Stmt":          "Id! StmtPgntn ElctrncSeqNb CreDtTm FrToDt Acct! Bal!* TxsSummry Ntry*",
	"FrToDt":        "FrDtTm! ToDtTm!",
	"Acct":          "Id! Ccy Ownr",
	"Acct/Id":       "Othr!",
	"Ownr":          "Id!",
	"Ownr/Id":       "OrgId!",
	"OrgId":         "Othr*",
	"Othr":          "Id!",
	"Bal":           "Tp! Amt! CdtDbtInd! Dt!",
	"Bal/Tp":        "CdOrPrtry!",
	"CdOrPrtry":     "Cd!",
	"Bal/Dt":        "Dt!",
	"TxsSummry":     "TtlNtries TtlCdtNtries TtlDbtNtries",
	"TtlNtries":     "NbOfNtries TtlNetNtry",
	"TtlNetNtry":    "Amt! CdtDbtInd!",
	"TtlCdtNtries":  "NbOfNtries Sum",
	"TtlDbtNtries":  "NbOfNtries Sum",
	"Ntry":          "NtryRef Amt! CdtDbtInd! Sts! BookgDt AcctSvcrRef BkTxCd! NtryDtls*",
	"Sts":           "Cd!",
	"BookgDt":       "DtTm!",
	"BkTxCd":        "Prtry",
	"BkTxCd/Prtry":  "Cd! Issr",
	"NtryDtls":      "TxDtls*",
	"TxDtls":        "Refs RmtInf AddtlTxInf",
	"Refs":          "EndToEndId TxId Prtry*",
	"Refs/Prtry":    "Tp! Ref!",
	"RmtInf":        "Ustrd*",
}

const moment = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`

// forms are of the texts, by the element.
var forms = map[string]string{
	"CreDtTm": moment, "FrDtTm": moment, "ToDtTm": moment, "DtTm": moment, "Dt": `\d{4}-\d\d-\d\d`, "PgNb": `\d{1,5}`, "LastPgInd": "true|false",
	"Amt": `\d{1,18}|\d+\.\d{1,5}`, "Sum": `\d{1,18}|\d+\.\d+`, "CdtDbtInd": "CRDT|DBIT", "NbOfNtries": `\d{1,15}`, "Ccy": "[A-Z]{3}",
	"Ustrd": `(?s).{1,140}`, "AddtlTxInf": `(?s).{1,500}`, "Acct/Id/Othr/Id": ".{1,34}",
}

// schema holds that a message is what the standard's schema says of the elements that we
// use. The whole schema is the standard's own and not here.
func schema(t *testing.T, text []byte) {
	t.Helper()
	var path []string
	var held [][]string
	compiled := map[string]*regexp.Regexp{}
	held = append(held, nil)
	for d := xml.NewDecoder(bytes.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := token.(type) {
		case xml.StartElement:
			if x.Name.Space != "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08" {
				t.Errorf("%s is of %q", x.Name.Local, x.Name.Space)
			}
			held[len(held)-1] = append(held[len(held)-1], x.Name.Local)
			path, held = append(path, x.Name.Local), append(held, nil)
		case xml.EndElement:
			children := held[len(held)-1]
			if rule, inner := lookUp(order, path); inner {
				inOrder(t, path, rule, children)
			} else if len(children) > 0 {
				t.Errorf("%s may hold no %v here", strings.Join(path, "/"), children)
			}
			path, held = path[:len(path)-1], held[:len(held)-1]
		case xml.CharData:
			if _, inner := lookUp(order, path); inner || len(path) == 0 {
				if strings.TrimSpace(string(x)) != "" {
					t.Errorf("text in %s", strings.Join(path, "/"))
				}
				continue
			}
			form, told := lookUp(forms, path)
			if !told {
				form = "(?s).{1,35}"
			}
			if compiled[form] == nil {
				compiled[form] = regexp.MustCompile("^(?:" + form + ")$")
			}
			if !compiled[form].Match(x) || !utf8.Valid(x) {
				t.Errorf("%s says %q, which is no %s", strings.Join(path, "/"), x, form)
			}
		}
	}
	inOrder(t, nil, order[""], held[0])
}

// lookUp finds what is said of an element, by the longest end of its path.
func lookUp(of map[string]string, path []string) (string, bool) {
	for i := range path {
		if text, there := of[strings.Join(path[i:], "/")]; there {
			return text, true
		}
	}
	return "", false
}

func inOrder(t *testing.T, path []string, rule string, children []string) {
	t.Helper()
	for _, part := range strings.Fields(rule) {
		name := strings.TrimRight(part, "!*")
		n := 0
		for len(children) > 0 && children[0] == name {
			children, n = children[1:], n+1
		}
		if strings.Contains(part, "!") && n == 0 || !strings.Contains(part, "*") && n > 1 {
			t.Errorf("%s has %d %s", strings.Join(path, "/"), n, name)
		}
	}
	if len(children) > 0 {
		t.Errorf("%s: %v stands in the wrong place", strings.Join(path, "/"), slices.Compact(children))
	}
}

// TestGoldenFilesKeepTheSchema holds the golden messages against the order of the standard.
func TestGoldenFilesKeepTheSchema(t *testing.T) {
	files, err := filepath.Glob("testdata/*.camt053.xml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		schema(t, text)
	}
}
