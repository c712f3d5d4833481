package statement_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/statement"
)

// TestALongDay: what one answer cannot show is refused, comes in files of 5,000 entries,
// and is written whole by a tool; whichever way, it is the same.
func TestALongDay(t *testing.T) {
	const entries = 10_001
	w := newWorld(t, dbtest.SQLite(t))
	till, bank := ledger.Name{Owner: string(w.cafe.ID), Purpose: ledger.Balance, Currency: "USD"}, ledger.PlatformName(ledger.Clearing, "USD", false)
	for left := entries; left > 0; {
		n := min(left, 1000)
		left -= n
		w.must(w.d.Write(t.Context(), ledger.Locks(till, bank), func(tx *db.Tx) error {
			var steps []ledger.Step
			for i := range n {
				steps = append(steps, ledger.MovePost(bank, till, money.New(int64(i+1), "USD"), string(id.New[id.Payment](w.clock.Now()))))
			}
			_, err := ledger.Apply(tx, w.clock.Now(), steps...)
			return err
		}))
	}
	w.at(2, time.Hour)
	if _, _, _, err := w.desk.Read(t.Context(), w.which(1, "USD"), "", 10); !errors.Is(err, statement.ErrTooLong) {
		t.Errorf("the long day is shown: %v", err)
	}
	for _, format := range []statement.Format{statement.JSON, statement.CSV, statement.Camt} {
		var list []statement.Record
		for page := 1; page <= 3; page++ {
			f, err := w.desk.File(t.Context(), w.which(1, "USD"), format, page)
			w.must(err)
			if f.Pages != 3 || f.Count() != entries || len(f.Content) > 6<<20 {
				t.Fatalf("page %d of %d has %d bytes, of %d entries", page, f.Pages, len(f.Content), f.Count())
			}
			if format == statement.Camt && page > 1 { // the first is like them, and long
				schema(t, f.Content)
			}
			r, err := statement.ParseRecord(f.Content)
			w.must(err)
			if len(r.Unsound) > 0 || len(r.Lines) != map[bool]int{true: 5000, false: 1}[page < 3] {
				t.Fatalf("page %d has %d entries: %v", page, len(r.Lines), r.Unsound)
			}
			list = append(list, r)
		}
		report, err := w.desk.Reconcile(t.Context(), statement.Span{Merchant: w.cafe.ID, From: w.day(1), To: w.day(1)}, statement.JoinRecords(list))
		if err != nil || report.Differences() != 0 || report.Matched != entries {
			t.Errorf("pages in %s against the ledger: %v, %v", format, report, err)
		}
		var whole bytes.Buffer
		_, err = w.desk.Write(t.Context(), w.which(1, "USD"), format, &whole)
		w.must(err)
		r, err := statement.ParseRecord(whole.Bytes())
		if err != nil || len(r.Lines) != entries || len(r.Unsound) > 0 || len(r.Standings) != 2 {
			t.Errorf("the whole day in %s: %d entries, %v, %v", format, len(r.Lines), r.Unsound, err)
		}
	}
}
