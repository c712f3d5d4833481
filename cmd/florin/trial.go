package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/florinpay/florin/internal/money"
)

// trialRow is one line of a trial balance, in minor units.
type trialRow struct {
	currency, purpose string
	debit, credit     int64
}

// printTrial prints a trial balance with a sum per currency. Error: the sums differ.
func printTrial(out io.Writer, rows []trialRow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "account\tdebit\tcredit\t")
	type sum struct{ debit, credit int64 }
	sums, order := map[string]sum{}, []string{}
	for _, r := range rows {
		c := money.Currency(r.currency)
		fmt.Fprintf(w, "%s %s\t%s\t%s\t\n", r.purpose, r.currency, blankZero(r.debit, c), blankZero(r.credit, c))
		s, seen := sums[r.currency]
		if !seen {
			order = append(order, r.currency)
		}
		sums[r.currency] = sum{s.debit + r.debit, s.credit + r.credit}
	}
	var err error
	for _, name := range order {
		s, c := sums[name], money.Currency(name)
		fmt.Fprintf(w, "sum %s\t%s\t%s\t\n", name, money.New(s.debit, c).Decimal(), money.New(s.credit, c).Decimal())
		if s.debit != s.credit {
			err = fmt.Errorf("the debits and credits in %s differ", name)
		}
	}
	if flushed := w.Flush(); err == nil {
		err = flushed
	}
	return err
}

func blankZero(minor int64, c money.Currency) string {
	if minor == 0 {
		return ""
	}
	return money.New(minor, c).Decimal()
}
