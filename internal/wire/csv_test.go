package wire

import (
	"encoding/csv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

func TestTableGolden(t *testing.T) {
	table := TableOf(contract["florin.v1.Payment"])
	full := samplePayment()
	full.Card = &florinv1.CardSummary{Brand: "visa", Last4: "0042", ExpiryMonth: 4, ExpiryYear: 2030}
	full.Description, full.Reference = `=HYPERLINK("http://evil")`, "-1"
	out := table.AppendHeader(nil)
	for _, p := range []*florinv1.Payment{full, {}, {Amount: 1<<63 - 1, Description: "two\nlines, \"quoted\""}} {
		out = table.AppendLine(out, p)
	}
	golden(t, "payments.golden.csv", out)
}

// What a reader of CSV gets out of a cell is what the message holds.
func TestTablesReadBack(t *testing.T) {
	table := TableOf(contract["florin.v1.Payment"])
	column := func(name string) int {
		for i, c := range table.columns {
			if c.name == name {
				return i
			}
		}
		t.Fatal("no column " + name)
		return 0
	}
	at := column("description")
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		line := table.AppendLine(nil, &florinv1.Payment{Id: "pay_1", Description: text, Amount: 5})
		cells, err := csv.NewReader(strings.NewReader(string(line))).Read()
		if err != nil || len(cells) != len(table.columns) {
			t.Fatalf("%q: %d cells, %v", line, len(cells), err)
		}
		// encoding/csv reads a CR before an LF as part of the line's end.
		if want := strings.ReplaceAll(harmless(text), "\r\n", "\n"); cells[at] != want {
			t.Fatalf("%q came back as %q", want, cells[at])
		}
	})
}
