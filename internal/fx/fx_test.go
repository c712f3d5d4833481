package fx_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

func rate(t *testing.T, from, to money.Currency, text string) money.Rate {
	t.Helper()
	r, err := money.ParseRate(from, to, text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRates: the operator's rate goes before the sandbox's own, holds until it ends, and
// is nothing to the other mode.
func TestRates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual()
		room := fx.New(d, c)
		if _, err := room.Current(t.Context(), true, money.EUR, money.USD); !errors.Is(err, fx.ErrRateMissing) {
			t.Errorf("a live rate that nobody gave: %v", err)
		}
		own, err := room.Current(t.Context(), false, money.EUR, money.USD)
		if err != nil || own.Source != "florin_sandbox" {
			t.Errorf("the sandbox's own: %+v %v", own, err)
		}
		for _, text := range []string{"1.1", "1.0842"} {
			p := fx.Price{Rate: rate(t, money.EUR, money.USD, text), Live: true, Source: "ecb", SetAt: c.Now(), ExpiresAt: c.Now().Add(time.Hour)}
			if err := room.Set(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			got, err := room.Current(t.Context(), true, money.EUR, money.USD)
			if err != nil || got.Rate != p.Rate || got.Source != "ecb" || !got.ExpiresAt.Equal(p.ExpiresAt) {
				t.Errorf("set %+v, got %+v %v", p, got, err)
			}
		}
		if again, err := room.Current(t.Context(), false, money.EUR, money.USD); err != nil || again != own {
			t.Errorf("a live rate changed the sandbox's: %+v %v", again, err)
		}
		if _, err := room.Current(t.Context(), true, money.USD, money.EUR); !errors.Is(err, fx.ErrRateMissing) {
			t.Errorf("an inverse was made up: %v", err)
		}
		c.Move(time.Hour)
		if _, err := room.Current(t.Context(), true, money.EUR, money.USD); !errors.Is(err, fx.ErrRateMissing) {
			t.Errorf("a rate that has ended holds: %v", err)
		}
		if list, err := room.Prices(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("the list: %+v %v", list, err)
		}
	})
}

// TestQuotesBelongToTheirMerchant: also in another mode nobody sees them.
func TestQuotesBelongToTheirMerchant(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		c := clock.NewManual()
		room := fx.New(d, c)
		mine, other := id.New[id.Merchant](c.Now()), id.New[id.Merchant](c.Now())
		q, err := room.Create(t.Context(), fx.Draft{Merchant: mine, Amount: 1000, Currency: "EUR", To: "USD"})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := room.Get(t.Context(), mine, false, q.ID); err != nil || got.Worth != money.New(1084, money.USD) {
			t.Errorf("read %+v %v", got, err)
		}
		for _, x := range []struct {
			merchant id.Merchant
			live     bool
			key      id.Quote
		}{{other, false, q.ID}, {mine, true, q.ID}, {mine, false, "quote_x"}, {mine, false, ""}} {
			if _, err := room.Get(t.Context(), x.merchant, x.live, x.key); err == nil {
				t.Errorf("%+v is read", x)
			}
		}
	})
}

// TestCarry: what is carried and what was taken out are together what was put in, and
// less than a whole unit is carried.
func TestCarry(t *testing.T) {
	d := dbtest.SQLite(t)
	var in, out int64
	locks := []db.Lock{fx.ResidueLock(money.USD, false)}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.Int64Range(-3*money.ResidueUnit, 3*money.ResidueUnit).Draw(t, "parts")
		var whole int64
		if err := d.Write(t.Context(), locks, func(tx *db.Tx) error { whole = fx.Carry(tx, money.USD, false, parts); return nil }); err != nil {
			t.Fatal(err)
		}
		in, out = in+parts, out+whole
		carried, err := fx.Residues(t.Context(), d)
		left := carried["sandbox-USD"]
		if err != nil || out*money.ResidueUnit+left != in || left <= -money.ResidueUnit || left >= money.ResidueUnit {
			t.Fatalf("in %d, out %d units, carried %d, %v", in, out, left, err)
		}
	})
}
