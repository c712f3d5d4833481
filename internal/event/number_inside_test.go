package event

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/chain"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
)

func aboutPayer(name string) Fact {
	return Fact{
		Merchant: "mer_1", Type: "payer.created", Object: "payer_1", At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Data: &florinv1.EventData{Object: &florinv1.EventData_Payer{Payer: &florinv1.Payer{Id: "payer_1", Name: name}}},
	}
}

// appendOld writes f as a release did in whose contract objects had no number.
func appendOld(t *testing.T, tx *db.Tx, f Fact) {
	t.Helper()
	e, before := Event{Fact: f}, chain.Of(tx, chain.Events)
	e.link(tx)
	f.Data.GetPayer().Sequence = 0
	var err error
	if e.data, err = proto.Marshal(f.Data); err != nil {
		t.Fatal(err)
	}
	e.hash = e.chain(before.Hash)
	end := chain.Of(tx, chain.Events)
	end.Hash = e.hash
	end.Put(tx)
	events.Insert(tx, e)
}

// TestAnObjectHoldsItsEventsNumber, whichever release wrote the event: it is read so, and
// only a row with that number is the same object.
func TestAnObjectHoldsItsEventsNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		moved := aboutPayer("")
		moved.Type = "wallet.sent" // which carries what it has moved
		moved.Data = &florinv1.EventData{Object: &florinv1.EventData_Transfer{Transfer: &florinv1.Transfer{Id: "tr_1", Sequence: 77}}}
		err := d.Write(t.Context(), []db.Lock{Lock()}, func(tx *db.Tx) error {
			appendOld(t, tx, aboutPayer("old"))
			f := aboutPayer("new")
			f.Data.GetPayer().Sequence = 1 // the row still says so
			if n := Append(tx, f); n != 2 || f.Data.GetPayer().Sequence != 2 {
				t.Errorf("number %d, its object says %d", n, f.Data.GetPayer().Sequence)
			}
			Append(tx, moved)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		log := NewLog(d)
		if n, finding, err := log.Verify(t.Context()); n != 3 || finding != "" || err != nil {
			t.Fatalf("Verify = %d, %q, %v", n, finding, err)
		}
		for n, name := range []string{1: "old", 2: "new"} {
			if name == "" {
				continue
			}
			e, err := log.At(t.Context(), int64(n))
			if err != nil || e.Data.GetPayer().GetName() != name || e.Data.GetPayer().GetSequence() != int64(n) {
				t.Errorf("event %d holds %v, %v", n, e.Data, err)
			}
			newest := Newest{Event: e, Count: 1}
			row := &florinv1.Payer{Id: "payer_1", Name: name, Sequence: int64(n)}
			if field := newest.Differs(row); field != "" {
				t.Errorf("event %d: the same object differs in %s", n, field)
			}
			for _, row.Sequence = range []int64{0, int64(n) + 1} {
				if field := newest.Differs(row); field != "sequence" {
					t.Errorf("event %d: a row of number %d differs in %q", n, row.Sequence, field)
				}
			}
		}
		if e, err := log.At(t.Context(), 3); err != nil || e.Data.GetTransfer().GetSequence() != 77 {
			t.Errorf("a transfer's own number became %v, %v", e.Data, err)
		}
	})
}
