package e2e

import (
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/db/dbtest"
)

// TestServersOnOneDatabase: what one server has authorized another captures, what that
// has captured the first refunds, because both speak to the same sandbox rail.
func TestServersOnOneDatabase(t *testing.T) {
	t.Parallel()
	database := dbtest.PostgresURL(t)
	t.Run("serve", func(t *testing.T) {
		a, b := sqlitePlace(t), sqlitePlace(t)
		a.database, b.database = database, database
		kek := newKEK(t)
		a.must(t, "migrate")
		key := a.must(t, "key", "create", a.must(t, "merchant", "create", "Two Doors"))
		first := serve(t, a, "--kek-file", kek)
		second := serve(t, b, "--kek-file", kek, "--sandbox-rail", first.Rail)
		crosswise(t, first.caller().as(key), second.caller().as(key))

		said := a.florin(t, "serve", "--kek-file", kek, "--listen", "127.0.0.1:0", "--ops", "127.0.0.1:0")
		if said.code != 1 || !strings.Contains(said.errs, "--sandbox-rail") {
			t.Errorf("a second rail in one data folder: exit %d, want 1 and the cure:\n%s", said.code, said.errs)
		}
		second.Stop(t)
		first.Stop(t)
		a.verified(t)
	})
	t.Run("dev", func(t *testing.T) {
		at := sqlitePlace(t)
		at.database = dbtest.PostgresURL(t)
		first := dev(t, at)
		second := dev(t, at, "--sandbox-rail", first.Rail)
		crosswise(t, first.caller(), second.caller())
		second.Stop(t)
		first.Stop(t)
		at.verified(t)
	})
}

// crosswise makes payments whose every step is at another server than the one before.
func crosswise(t *testing.T, a, b *caller) {
	t.Helper()
	authorize := `{"amount":1000,"currency":"USD","source":"tok_visa","capture":"manual"}`
	for range 2 {
		made := a.post(t, "/v1/payments", authorize).wants(t, 200, "status=requires_capture").field("id")
		b.post(t, "/v1/payments/"+made+"/capture", `{"amount":600}`).wants(t, 200, "status=succeeded", "amount_captured=600")
		a.post(t, "/v1/refunds", `{"payment":"`+made+`","amount":200}`).wants(t, 200, "status=succeeded")
		b.post(t, "/v1/refunds", `{"payment":"`+made+`"}`).wants(t, 200, "status=succeeded", "amount=400")
		dropped := a.post(t, "/v1/payments", authorize).wants(t, 200).field("id")
		b.post(t, "/v1/payments/"+dropped+"/cancel", "{}").wants(t, 200, "status=canceled")
		a, b = b, a
	}
}
