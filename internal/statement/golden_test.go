package statement

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// example is a statement with every kind of entry, and texts that no format may stumble on.
func example(c money.Currency, opening int64) (*sheet, []Entry) {
	w := Which{Merchant: id.Derive[id.Merchant]("cafe"), Day: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), Currency: c}
	s := Statement{Which: w, ID: w.ID(), Account: w.account().ID(), Opening: opening, Closing: opening, Final: true, At: w.end()}
	paid, refund := id.Derive[id.Payment]("1"), string(id.Derive[id.Refund]("1"))
	var list []Entry
	for i, x := range []struct {
		kind      Kind
		minor     int64
		cause     string
		reference string
		text      string
	}{
		{Payment, 100_00, string(paid), "order-1001", "Two coffees & a <cake>, \"to go\""},
		{Fee, -3_20, string(paid), "order-1001", "Two coffees & a <cake>, \"to go\""},
		{FeeReturn, 32, refund, strings.Repeat("r", 35), "  ends in the schema's longest\tEndToEndId "},
		{Refund, -10_00, refund, strings.Repeat("ü", 36), strings.Repeat("描", 501)},
		{RefundReturn, 10_00, refund, "=HYPERLINK(\"http://example.com\")", "-1+1"},
		{Dispute, -20_00, string(id.Derive[id.Dispute]("1")), "", "two\r\nlines"},
		{Other, 1, "", "", ""},
	} {
		e := Entry{
			Transfer: id.Derive[id.Transfer](string(c), string(rune('a'+i))), Sequence: int64(40 + 3*i), CreatedAt: w.Day.Add(time.Duration(i) * 3 * time.Hour).Add(1234567 * time.Microsecond),
			Kind: x.kind, Amount: money.New(x.minor, c), After: s.Closing + x.minor, Cause: x.cause, Reference: x.reference, Description: x.text,
		}
		if x.cause != "" {
			e.Payment = paid
		}
		if err := s.add(e); err != nil {
			panic(err)
		}
		list = append(list, e)
	}
	return &sheet{Statement: s, page: 1, pages: 1, before: s.Opening, after: s.Closing}, list
}

func written(t *testing.T, s *sheet, list []Entry, f Format) []byte {
	t.Helper()
	var out bytes.Buffer
	x := s.scribe(f, &out)
	err := x.begin()
	for _, e := range list {
		if err == nil {
			err = x.entry(e)
		}
	}
	if err == nil {
		err = x.end()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestGolden shows what each file looks like, and that it is read back as what it was.
func TestGolden(t *testing.T) {
	full, list := example("USD", 1234_56)
	yen, few := example("JPY", -5000)
	dinar, some := example("KWD", 0)
	page := *full
	page.page, page.pages, page.before, page.after, page.next = 2, 3, list[1].After, list[3].After, string(list[3].Transfer)
	empty := *full
	empty.Closing, empty.after, empty.Credited, empty.Debited, empty.Credits, empty.Debits = empty.Opening, empty.Opening, 0, 0, 0, 0
	for _, x := range []struct {
		name string
		s    *sheet
		list []Entry
	}{{"full", full, list}, {"yen", yen, few}, {"dinar", dinar, some}, {"page", &page, list[2:4]}, {"empty", &empty, nil}} {
		for _, f := range []Format{JSON, CSV, Camt} {
			got := written(t, x.s, x.list, f)
			golden(t, x.name+"."+f.ending(), got)
			r, err := ParseRecord(got)
			if err != nil || len(r.Lines) != len(x.list) || x.name != "page" && len(r.Unsound) > 0 {
				t.Errorf("%s in %s is read as %+v, %v", x.name, f, r, err)
				continue
			}
			for i, l := range r.Lines {
				if e := x.list[i]; l.Transfer != string(e.Transfer) || l.Amount != e.Amount || l.Cause != e.Cause || visible(l.Reference) != visible(e.Reference) {
					t.Errorf("%s in %s: entry %d is read as %+v", x.name, f, i, l)
				}
			}
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("FLORIN_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil { //nolint:gosec // a source file
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; if the change is meant, run make golden\n got %s\nwant %s", path, got, want)
	}
}

// TestAmountsBeyondTheSchema: what has more than 18 digits is refused, not cut.
func TestAmountsBeyondTheSchema(t *testing.T) {
	for minor, good := range map[int64]bool{minorMax: true, -minorMax: true, minorMax + 1: false, -minorMax - 1: false, -1 << 63: false} {
		s, _ := example("USD", 0)
		s.before = minor
		if err := s.scribe(Camt, &bytes.Buffer{}).begin(); good != (err == nil) {
			t.Errorf("%d: %v", minor, err)
		}
	}
}

// TestWhatDoesNotAddUpIsRefused: a sum that leaves 64 bits is no sum.
func TestWhatDoesNotAddUpIsRefused(t *testing.T) {
	s := Statement{Which: Which{Currency: "USD"}, Closing: 1<<63 - 1}
	if err := s.add(Entry{Amount: money.New(1, "USD")}); err == nil {
		t.Error("it wrapped round")
	}
	if err := s.add(Entry{Amount: money.New(1, "EUR")}); err == nil {
		t.Error("two currencies met")
	}
}
