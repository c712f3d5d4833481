package ledger

import (
	"slices"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// TestAWalkThroughCauses: what each moved in all, in the order of ids, and what nobody
// asked about.
func TestAWalkThroughCauses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		clearing, fees, cafe := PlatformName(Clearing, "USD", false), PlatformName(Fees, "USD", false), Name{"cafe", Balance, "USD", false}
		hold, usd := id.Derive[id.Transfer]("hold"), func(n int64) money.Amount { return money.New(n, "USD") }
		err := d.Write(t.Context(), append(Locks(clearing, fees, cafe), LockHold(hold)), func(tx *db.Tx) error {
			_, err := Apply(tx, time.Now(),
				MovePost(clearing, cafe, usd(7), "pay_5"), MoveHold(hold, clearing, cafe, usd(100), "pay_3"), MovePost(clearing, cafe, usd(1), "wal_1"),
				MovePostHold(hold, usd(60), "pay_3"), MovePost(cafe, fees, usd(2), "pay_3"), MovePostHold(hold, usd(30), "pay_3"),
				MovePost(cafe, fees, usd(3), "pay_3"), MoveVoidHold(hold, "pay_3"), MovePost(clearing, cafe, usd(8), "ref_1"), MovePost(clearing, cafe, usd(9), "pay_7"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		w := NewWalk[id.Payment](t.Context(), NewBook(d))
		defer w.Close()
		want := append(HeldLeg(hold, clearing, cafe, 100, 90, 10), PostedLeg(cafe, fees, 5)...)
		for _, x := range []struct {
			key, passed string
			legs        []Leg
		}{{"pay_1", "", nil}, {"pay_3", "", want}, {"pay_4", "", nil}, {"pay_6", "pay_5", nil}} {
			c, passed, err := w.To(x.key)
			if err != nil || c.ID != x.key || passed != x.passed || !slices.Equal(c.Legs, x.legs) {
				t.Errorf("to %s: %+v, passed %q, %v", x.key, c, passed, err)
			}
		}
		if passed, err := w.End(); passed != "pay_7" || err != nil {
			t.Errorf("to the end: passed %q, %v", passed, err)
		}
		c := Cause{ID: "pay_3", Legs: want}
		if got := c.Differs(append(slices.Clone(want[1:]), want[0])); got != "" {
			t.Errorf("in another order: %s", got)
		}
		if c.Differs(want[:1]) == "" || c.Differs(append(slices.Clone(want), PostedLeg(fees, cafe, 1)...)) == "" {
			t.Error("a leg too much, or one too few, is not found")
		}
	})
}
