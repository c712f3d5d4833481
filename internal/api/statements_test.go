package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
)

// signed stands for the issuer's key.
func signed(_ context.Context, _ string, content []byte) (string, error) {
	sum := sha256.Sum256(content)
	return "header.." + hex.EncodeToString(sum[:4]), nil
}

// book moves money between the platform and the café in the house's ledger.
func (h *house) book(d *db.DB, steps ...ledger.Step) {
	h.t.Helper()
	locks := ledger.Locks(cafeBalance, ledger.PlatformName(ledger.Clearing, "USD", false), ledger.PlatformName(ledger.Fees, "USD", false))
	err := d.Write(h.t.Context(), locks, func(tx *db.Tx) error {
		_, err := ledger.Apply(tx, h.clock.Now(), steps...)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

var cafeBalance = ledger.Name{Owner: string(cafe), Purpose: ledger.Balance, Currency: "USD"}

func TestStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouseOn(t, d)
		bank, fees := ledger.PlatformName(ledger.Clearing, "USD", false), ledger.PlatformName(ledger.Fees, "USD", false)
		cause := string(id.Derive[id.Payment]("1"))
		h.book(d, ledger.MovePost(bank, cafeBalance, money.New(1000, "USD"), cause), ledger.MovePost(cafeBalance, fees, money.New(15, "USD"), cause))
		h.clock.move(time.Second)
		h.book(d, ledger.MovePost(bank, cafeBalance, money.New(500, "USD"), cause))

		a := h.ask("GET", "/v1/statements/2030-01-02?currency=USD&limit=2", "")
		a.expect(t, 200, "")
		for name, want := range map[string]any{"object": "statement", "date": "2030-01-02", "opening_balance": 0.0, "closing_balance": 1485.0, "total_credited": 1500.0, "total_debited": 15.0, "entry_count": 3.0, "final": false, "has_more": true, "merchant": string(cafe)} {
			if got := a.field(t, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		b := h.ask("GET", "/v1/statements/2030-01-02?currency=USD&limit=2&starting_after="+a.field(t, "next_cursor").(string), "")
		b.expect(t, 200, "")
		if b.field(t, "id") != a.field(t, "id") || b.field(t, "has_more") != false || len(b.field(t, "entries").([]any)) != 1 || len(a.field(t, "entries").([]any)) != 2 {
			t.Errorf("two pages: %s %s", a.body, b.body)
		}
		const file = "/v1/statements/2030-01-02/file?currency=USD"
		h.ask("GET", file, "").expect(t, 409, "statement_not_final")
		h.clock.move(24 * time.Hour)
		for format, part := range map[string]string{"": `"closing_balance":1485`, "&format=json": `"kind":"fee"`, "&format=csv": "fee,-15,USD,985", "&format=camt.053": "<Cd>CLBD</Cd>"} {
			f := h.ask("GET", file+format, "")
			f.expect(t, 200, "")
			content := f.field(t, "content").(string)
			sum := sha256.Sum256([]byte(content))
			if !strings.Contains(content, part) || f.field(t, "sha256") != hex.EncodeToString(sum[:]) || f.field(t, "signature") != "header.."+hex.EncodeToString(sum[:4]) || f.field(t, "pages") != 1.0 || f.field(t, "statement") != a.field(t, "id") {
				t.Errorf("%s: %s", format, f.body)
			}
		}
		live := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: apikey.AllScopes(), Live: true})
		if x := h.ask("GET", "/v1/statements/2030-01-02?currency=USD", "", live); x.field(t, "entry_count") != 0.0 || x.field(t, "id") == a.field(t, "id") || x.field(t, "livemode") != true {
			t.Errorf("in live mode: %s", x.body)
		}
	})
}

func TestStatementsRefuse(t *testing.T) {
	h := newHouse(t)
	const today = "/v1/statements/2030-01-02"
	for _, x := range []struct {
		path   string
		status int
		want   string
	}{
		{today, 400, "invalid_request ?currency:"},
		{today + "?currency=usd", 400, "invalid_request ?currency:"},
		{today + "?currency=XXX", 400, "invalid_request ?currency:currency_unknown"},
		{"/v1/statements/2030-01-03?currency=USD", 400, "invalid_request ?date:not_a_date"},
		{"/v1/statements/2029-02-29?currency=USD", 400, "invalid_request ?date:not_a_date"},
		{"/v1/statements/1969-12-31?currency=USD", 400, "invalid_request ?date:not_a_date"},
		{"/v1/statements/yesterday?currency=USD", 400, "invalid_request ?date:"},
		{today + "?currency=USD&limit=0", 400, "invalid_request ?limit:"},
		{today + "?currency=USD&limit=1001", 400, "invalid_request ?limit:"},
		{today + "?currency=USD&starting_after=xfer_1", 400, "invalid_request ?starting_after:unknown_cursor"},
		{today + "/file?currency=USD&format=pdf", 400, "invalid_request ?format:"},
		{"/v1/statements/2030-01-01/file?currency=USD&page=2", 400, "invalid_request ?page:unknown_page"},
		{today + "/file?currency=USD&page=2", 409, "statement_not_final"},
	} {
		a := h.ask("GET", x.path, "")
		got := a.problem.Code
		for _, e := range a.problem.Errors {
			got += fmt.Sprintf(" %s:%s", e.Pointer, e.Code)
		}
		if a.StatusCode != x.status || !strings.HasPrefix(got, x.want) {
			t.Errorf("%s: %d %s, want %d %s", x.path, a.StatusCode, got, x.status, x.want)
		}
	}
	weak := "Authorization: Bearer " + h.newKey(apikey.Draft{Scopes: scopes(t, "payments:read")})
	h.ask("GET", today+"?currency=USD", "", weak).expect(t, 403, "scope_missing")
	h.ask("GET", today+"/file?currency=USD", "", weak).expect(t, 403, "scope_missing")
}
