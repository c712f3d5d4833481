package statement_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/statement"
)

// TestADayTellsWhatMovedTheBalance: every kind of movement is told once, with what it
// belongs to; holds are not.
func TestADayTellsWhatMovedTheBalance(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		b := w.busy()
		s, list := w.statement(w.which(1, "USD"))
		var got []string
		for _, e := range list {
			got = append(got, fmt.Sprintf("%s %s %s", e.Kind, e.Amount.Decimal(), e.Payment))
		}
		want := fmt.Sprintf(`payment 100.00 %[1]s
fee -3.20 %[1]s
payment 50.00 %[2]s
fee -1.75 %[2]s
payment 20.00 %[3]s
fee -0.88 %[3]s
fee_return 0.32 %[1]s
refund -10.00 %[1]s
fee_return 1.75 %[2]s
refund -50.00 %[2]s
refund_return 50.00 %[2]s
fee -1.75 %[2]s`, b.visa.ID, b.returned.ID, b.disputed.ID)
		if strings.Join(got, "\n") != want {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
		}
		if s.Opening != 0 || s.Closing != 154_49 || s.Credited != 222_07 || s.Debited != 67_58 || s.Count() != 12 || !s.Final {
			t.Errorf("the head says %+v", s)
		}
		if e := list[7]; e.Cause != string(b.refund.ID) || e.Reference != "order-1" || e.Description != "Two coffees, =1+1" {
			t.Errorf("the refund is told as %+v", e)
		}
		if e := list[10]; e.Cause != string(b.back.ID) {
			t.Errorf("what came back is told as %+v", e)
		}
		s, list = w.statement(w.which(2, "USD"))
		if s.Opening != 154_49 || s.Closing != 134_49 || len(list) != 1 || list[0].Kind != statement.Dispute || list[0].Cause != string(b.dispute) || list[0].Payment != b.disputed.ID || s.Final {
			t.Errorf("day two is %+v %+v", s, list)
		}
		if again, _ := w.statement(w.which(2, "USD")); again.ID != s.ID || again.ID == w.which(1, "USD").ID() || again.ID == w.which(2, "EUR").ID() {
			t.Error("the id does not follow from what the statement is about")
		}
	})
}

// TestWhenADayIsFinal: not before nothing can be added to it.
func TestWhenADayIsFinal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.pay(w.purse(w.cafe, "USD"), 100, "USD")
		final := func(want bool) {
			t.Helper()
			if s, _ := w.statement(w.which(1, "USD")); s.Final != want {
				t.Errorf("at %s it is final: %v", w.clock.Now(), s.Final)
			}
			_, err := w.desk.File(t.Context(), w.which(1, "USD"), statement.CSV, 1)
			if want != (err == nil) || !want && !errors.Is(err, statement.ErrNotFinal) {
				t.Errorf("at %s its file is answered with %v", w.clock.Now(), err)
			}
		}
		final(false)
		w.at(1, 24*time.Hour-time.Minute)
		final(false)
		w.at(2, time.Minute)
		final(false)
		w.pay(w.purse(w.cafe, "EUR"), 100, "EUR") // younger: instants never run backwards
		final(true)
		if _, err := w.desk.File(t.Context(), w.which(2, "USD"), statement.CSV, 1); !errors.Is(err, statement.ErrNotFinal) {
			t.Error(err)
		}
		w.at(3, 9*time.Minute)
		if _, err := w.desk.File(t.Context(), w.which(2, "USD"), statement.CSV, 1); !errors.Is(err, statement.ErrNotFinal) {
			t.Error(err)
		}
		w.at(3, 11*time.Minute) // a quiet night: nothing younger, but no write takes that long
		if f, err := w.desk.File(t.Context(), w.which(2, "USD"), statement.CSV, 1); err != nil || bytes.Count(f.Content, []byte("\n")) != 1 || f.Opening != 99 || f.Closing != 99 {
			t.Errorf("a day without entries: %v %+v", err, f)
		}
	})
}

// TestWhoseStatement: another merchant's, another mode's and another currency's money is
// not in it; who has never had any has a statement without entries.
func TestWhoseStatement(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.pay(w.purse(w.cafe, "USD"), 100, "USD")
		pub, live, yen := w.which(1, "USD"), w.which(1, "USD"), w.which(1, "JPY")
		pub.Merchant, live.Live = w.newMerchant().ID, true
		before := w.which(-300, "USD")
		for _, which := range []statement.Which{pub, live, yen, before} {
			if s, list := w.statement(which); len(list) != 0 || s.Closing != 0 || s.Opening != 0 {
				t.Errorf("%+v has %+v", which, s)
			}
		}
	})
}

func TestPagesOfEntries(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.busy()
		_, all := w.statement(w.which(1, "USD"))
		var got []statement.Entry
		for more := true; more; {
			after := all[0].Transfer[:0]
			if len(got) > 0 {
				after = got[len(got)-1].Transfer
			}
			var list []statement.Entry
			var err error
			var s statement.Statement
			if s, list, more, err = w.desk.Read(t.Context(), w.which(1, "USD"), after, 5); err != nil || len(list) == 0 || s.Closing != 154_49 {
				t.Fatal(s, list, err)
			}
			got = append(got, list...)
		}
		if fmt.Sprint(got) != fmt.Sprint(all) {
			t.Errorf("pages give\n%v\nwant\n%v", got, all)
		}
		_, other := w.statement(w.which(2, "USD"))
		if _, _, _, err := w.desk.Read(t.Context(), w.which(1, "USD"), other[0].Transfer, 5); !errors.Is(err, fault.ErrInvalid) {
			t.Errorf("an entry of another day to start from: %v", err)
		}
	})
}

// TestFilesAreTheSameWheneverTheyAreMade, by the API in pages and by a tool at once.
func TestFilesAreTheSameWheneverTheyAreMade(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.busy()
		w.at(3, time.Hour)
		for _, f := range []statement.Format{statement.JSON, statement.CSV, statement.Camt} {
			first, err := w.desk.File(t.Context(), w.which(1, "USD"), f, 1)
			w.must(err)
			w.clock.Move(100 * time.Hour)
			var whole bytes.Buffer
			_, err = w.desk.Write(t.Context(), w.which(1, "USD"), f, &whole)
			w.must(err)
			if !bytes.Equal(first.Content, whole.Bytes()) || first.Pages != 1 {
				t.Errorf("%s: first\n%s\nthen\n%s", f, first.Content, whole.Bytes())
			}
			if r, err := statement.ParseRecord(first.Content); err != nil || len(r.Lines) != 12 || len(r.Standings) != 2 || r.Currency != "USD" || !r.From.Equal(w.day(1)) || !r.To.Equal(w.day(1)) || len(r.Unsound) != 0 {
				t.Errorf("%s is read as %+v, %v", f, r, err)
			}
			if _, err := w.desk.File(t.Context(), w.which(1, "USD"), f, 2); !errors.Is(err, statement.ErrPage) {
				t.Errorf("a page that is not there: %v", err)
			}
		}
	})
}

// TestEveryExponent: yen have no decimals, dinars three.
func TestEveryExponent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		texts := map[money.Currency]string{"JPY": `<Amt Ccy="JPY">12345</Amt>`, "KWD": `<Amt Ccy="KWD">12.345</Amt>`, "USD": `<Amt Ccy="USD">123.45</Amt>`}
		for c := range texts {
			w.pay(w.purse(w.cafe, c), 12345, c)
		}
		w.at(2, time.Hour)
		for c, want := range texts {
			f, err := w.desk.File(t.Context(), w.which(1, c), statement.Camt, 1)
			w.must(err)
			if !bytes.Contains(f.Content, []byte(want)) {
				t.Errorf("no %s in %s", want, f.Content)
			}
			schema(t, f.Content)
			r, err := statement.ParseRecord(f.Content)
			w.must(err)
			if r.Lines[0].Amount != money.New(12345, c) || r.Lines[1].Amount != money.New(-123, c) {
				t.Errorf("read back as %v", r.Lines)
			}
		}
	})
}

func TestParseDay(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, good := range map[string]bool{"2026-03-01": true, "1970-01-01": true, "2024-02-29": true, "2026-03-02": false, "2026-02-29": false, "1969-12-31": false, "0001-01-01": false, "26-03-01": false, "": false} {
		if _, err := statement.ParseDay(text, now); good != (err == nil) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
