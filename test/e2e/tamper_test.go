package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/florinpay/florin/internal/db"
)

// tampering is what somebody with the database's password might do at night. The
// statements are the same for both engines, but for the guards that go first.
var tampering = []struct {
	name, sql, named string
}{
	{"a transfer's amount", "update transfer set amount_minor = amount_minor + 1 where sequence = 3", "transfer 3"},
	{"a transfer's cause", "update transfer set cause = cause || 'x' where sequence = 2", "transfer 2"},
	{"a transfer's account", "update transfer set credit = debit, debit = credit where sequence = 2", "transfer 2"},
	{"a transfer's time", "update transfer set created_at = created_at + 1 where sequence = 2", "transfer 2"},
	{"a transfer's balance", "update transfer set credit_posted_minor = credit_posted_minor + 1 where sequence = 2", "transfer 2"},
	{"a transfer in the middle is gone", "delete from transfer where sequence = 2", "transfer 2"},
	{"the last transfer is gone", "delete from transfer where sequence = (select max(sequence) from transfer)", ""},
	{"an account's balance", "update account set posted_minor = posted_minor + 1 where purpose = 'wallet'", "wallet"},
	{"two accounts that sum to zero", "update account set posted_minor = posted_minor + case when purpose = 'wallet' then 1 else -1 end where purpose in ('wallet', 'clearing')", "account"},
	{"an account's floor", "update account set floor_minor = -1000000 where purpose = 'wallet'", "wallet"},
	{"an account's owner", "update account set owner = owner || 'x' where purpose = 'wallet'", "account"},
	{"a hold is reopened", "update hold set state = 'pending' where id = (select min(id) from hold)", "hold"},
	{"a payment captured more", "update payment set captured_minor = captured_minor + 1 where id = (select min(id) from payment)", "pay_"},
	{"a payment's state", "update payment set state = 'succeeded' where id = (select max(id) from payment)", "pay_"},
	{"a payment's fee", "update payment set fee_minor = fee_minor + 1 where id = (select min(id) from payment)", "pay_"},
	{"a payment refunded", "update payment set refunded_minor = 1 where id = (select min(id) from payment)", "pay_"},
	{"an attempt is gone", "delete from attempt where id = (select max(id) from attempt)", "pay_"},
	{"a payment is gone", "delete from payment where id = (select min(id) from payment)", "pay_"},
	{"an event's type", "update event set type = 'payment.failed' where sequence = 2", "event 2"},
	{"an event's content", "update event set object = object || 'x' where sequence = 3", "event 3"},
	{"an event is gone", "delete from event where sequence = 2", "event 2"},
	{"the last event is gone", "delete from event where sequence = (select max(sequence) from event)", "event"},
}

// TestVerifyFindsTampering changes one thing at a time with raw SQL, past the
// database's own guards, each on a copy of its own.
func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		c := s.caller()
		c.post(t, "/v1/payments", amount("1000")).wants(t, 200)
		c.post(t, "/v1/payments", `{"amount":73,"currency":"USD","source":"`+s.Wallet+`"}`).wants(t, 200)
		held := c.post(t, "/v1/payments", `{"capture":"manual",`+good+`,"amount":500}`).wants(t, 200)
		c.post(t, "/v1/payments/"+held.field("id")+"/cancel", "{}").wants(t, 200)
		s.Stop(t)
		at.verified(t)
		for _, statement := range []string{"update transfer set cause = 'x'", "delete from transfer", "update event set type = 'x'", "delete from event"} {
			if err := at.meddle(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("the database lets %q pass: %v", statement, err)
			}
		}
		for _, x := range tampering {
			t.Run(x.name, func(t *testing.T) {
				copied := at.copied(t)
				if err := copied.meddle(append(at.unguard(), x.sql)...); err != nil {
					t.Fatal(err)
				}
				said := copied.florin(t, "ledger", "verify")
				if said.code != 1 || !strings.Contains(said.out, "✗") || !strings.Contains(said.out, x.named) {
					t.Errorf("exit %d, want 1 and %q named:\n%s\n%s", said.code, x.named, said.out, said.errs)
				}
			})
		}
		at.verified(t)
	})
}

// copied is the place again, on a copy of its database that the test may spoil.
func (p place) copied(t *testing.T) place {
	t.Helper()
	out := sqlitePlace(t)
	if err := os.MkdirAll(out.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if p.database != "" {
		base, err := url.Parse(p.database)
		if err != nil {
			t.Fatal(err)
		}
		from := strings.TrimPrefix(base.Path, "/")
		base.Path = "/postgres"
		copied, drop, err := db.Scratch(t.Context(), base.String(), fmt.Sprintf("%s_copy_%d", from, copies.Add(1)), from)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = drop() }) // it ends with the server anyway
		out.database = copied
		return out
	}
	for _, name := range []string{"florin.db", "florin.db-wal"} {
		text, err := os.ReadFile(filepath.Join(p.data, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(out.data, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// copies numbers the databases that are spoiled.
var copies atomic.Int64

// unguard are the statements that take the database's own guards away.
func (p place) unguard() []string {
	if p.database != "" {
		return []string{"drop trigger transfer_append_only on transfer", "drop trigger event_append_only on event"}
	}
	return []string{"drop trigger transfer_no_update", "drop trigger transfer_no_delete", "drop trigger event_no_update", "drop trigger event_no_delete"}
}

// meddle runs raw SQL.
func (p place) meddle(statements ...string) error {
	if p.database != "" {
		conn, err := pgx.Connect(context.Background(), p.database)
		if err != nil {
			return err
		}
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), strings.Join(statements, ";"))
		return err
	}
	conn, err := sqlite.OpenConn(filepath.Join(p.data, "florin.db"), sqlite.OpenReadWrite)
	if err != nil {
		return err
	}
	defer conn.Close()
	return sqlitex.ExecuteScript(conn, strings.Join(statements, ";"), nil)
}
