package ledger

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// tampering is what somebody with the database's password does, and what Verify must
// say about it.
type tampering struct {
	name string
	sql  string
	want string
}

var tamperings = []tampering{
	{"nothing", "select 1", ""},

	{"an amount", "update transfer set amount_minor = amount_minor + 1 where sequence = 3", "transfer 3 (xfer_"},
	{"a kind", "update transfer set kind = 'void_hold' where sequence = 5", "transfer 5 (xfer_"},
	{"a cause", "update transfer set cause = 'somebody else' where sequence = 2", "transfer 2 (xfer_"},
	{"an instant", "update transfer set created_at = created_at + 1 where sequence = 2", "transfer 2 (xfer_"},
	{"the sides", "update transfer set debit = credit, credit = debit where sequence = 1", "transfer 1 (xfer_"},
	{"a currency", "update transfer set currency = 'EUR' where sequence = 1", "transfer 1 (xfer_"},
	{"a balance after it", "update transfer set debit_posted_minor = debit_posted_minor + 1 where sequence = 2", "transfer 2 (xfer_"},
	{"the other balance", "update transfer set credit_posted_minor = 0 where sequence = 2", "transfer 2 (xfer_"},
	{"a held amount after it", "update transfer set debit_held_out_minor = 0 where sequence = 3", "transfer 3 (xfer_"},
	{"what the other side holds", "update transfer set credit_held_out_minor = 1 where sequence = 3", "transfer 3 (xfer_"},
	{"a rank", "update transfer set debit_rank = debit_rank + 1 where sequence = 4", "transfer 4 (xfer_"},
	{"the way back", "update transfer set credit_prev = 0 where sequence = 6", "transfer 6 (xfer_"},
	{"the way far back", "update transfer set debit_skip = 1 where sequence = 7", "transfer 7 (xfer_"},
	{"an account's way back", "update account set trail = (select hash from transfer where sequence = 1) where owner = 'ann'", "has a way back that does not lead"},
	{"a hash", "update transfer set hash = (select hash from transfer where sequence = 1) where sequence = 4", "transfer 4 (xfer_"},
	{"a hold's name", "update transfer set hold = '' where sequence = 5", "transfer 5 (xfer_"},

	{"the first transfer gone", "delete from transfer where sequence = 1", "transfer 1 is missing"},
	{"one in the middle gone", "delete from transfer where sequence = 4", "transfer 4 is missing: the next one found is 5"},
	{"the last one gone", "delete from transfer where sequence = 10", "stands at"},
	{"all gone", "delete from transfer", "stands at"},
	{"two in another order", `update transfer set sequence = 99 where sequence = 1;
		update transfer set sequence = 1 where sequence = 2; update transfer set sequence = 2 where sequence = 99`, "transfer 1 (xfer_"},
	{"one more", `insert into transfer select 11, 'xfer_forged', kind, debit, credit, currency, amount_minor, hold, debit_posted_minor,
		debit_held_out_minor, debit_held_in_minor, debit_rank, debit_prev, debit_skip, credit_posted_minor, credit_held_out_minor,
		credit_held_in_minor, credit_rank, credit_prev, credit_skip, cause, created_at, hash from transfer where sequence = 10`, "transfer 11 (xfer_forged)"},

	{"an account's balance", "update account set posted_minor = posted_minor + 100 where owner = 'ann'", "(wallet of ann) stands at 71.00 USD, its transfers add up to 70.00 USD"},
	{"two balances, the sum kept", `update account set posted_minor = posted_minor + 100 where owner = 'ann';
		update account set posted_minor = posted_minor - 100 where owner = 'cafe'`, "stands at"},
	{"an account's held amount", "update account set held_out_minor = 0 where owner = 'ann'", "(wallet of ann) stands at"},
	{"an account's count", "update account set transfers = transfers - 1 where owner = 'ann'", "(wallet of ann) stands at"},
	{"an account's owner", "update account set owner = 'eve' where owner = 'ann'", "is not the one its owner, purpose and currency name"},
	{"an account's floor", "update account set floor_minor = 100000 where owner = 'ann'", "(wallet of ann) is outside its limits"},
	{"an account gone", "delete from account where owner = 'ann'", "has transfers but no row"},
	{"an account out of nothing", `insert into account select 'acct_forged', 'eve', purpose, currency, live, created_at, floored, floor_minor,
		capped, ceiling_minor, 5000, 0, 0, 0, trail from account where owner = 'ann'`, "acct_forged"},

	{"a pending hold voided", "update hold set state = 'voided' where state = 'pending'", "is marked voided but its transfers leave it pending"},
	{"a voided hold pending", "update hold set state = 'pending' where state = 'voided'", "hold xfer_"},
	{"a voided hold posted", "update hold set state = 'posted' where state = 'voided'", "hold"},
	{"a posted hold's amount", "update hold set amount_minor = amount_minor + 1 where state = 'posted'", "hold"},
	{"a pending hold's amount", "update hold set amount_minor = amount_minor + 1 where state = 'pending'", "hold xfer_"},
	{"what a pending hold has posted", "update hold set posted_minor = 0 where state = 'pending'", "hold xfer_"},
	{"where a pending hold goes", "update hold set credit = (select id from account where purpose = 'fees') where state = 'pending'", "hold xfer_"},
	{"whose a pending hold is", "update hold set debit = (select id from account where purpose = 'fees') where state = 'pending'", "hold xfer_"},
	{"a hold gone", "delete from hold where state = 'pending'", "there are 2 holds, the transfers made 3"},
	{"a finished hold gone", "delete from hold where state = 'voided'", "there are 2 holds, the transfers made 3"},
	{"a hold out of nothing", `insert into hold select 'xfer_forged', debit, credit, currency, amount_minor, created_at, 0, 'pending'
		from hold where state = 'voided'`, "hold xfer_forged"},

	{"the head's number", "update chain set sequence = sequence + 1 where name = 'transfer'", "the chain's end is recorded at 11, the last transfer found is 10"},
	{"the head's hash", "update chain set hash = (select hash from transfer where sequence = 9) where name = 'transfer'", "the chain's end is recorded at"},
	{"the head's instant", "update chain set at = at + 86400000000 where name = 'transfer'", "the chain's end"},
	{"the head gone", "delete from chain where name = 'transfer'", "the chain's end"},
}

// TestVerifyFindsWhatWasTamperedWith: with the triggers gone every change by hand is
// found, and named.
func TestVerifyFindsWhatWasTamperedWith(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		d := dbtest.Open(t, db.Config{URL: url})
		keepBooks(t, d)
		disarm(t, url)
		save, restore := "", ""
		for _, table := range []string{"transfer", "account", "hold", "chain"} {
			save += fmt.Sprintf("create table saved_%[1]s as select * from %[1]s;", table)
			restore += fmt.Sprintf("delete from %[1]s; insert into %[1]s select * from saved_%[1]s;", table)
		}
		change(t, url, save)
		for _, x := range tamperings {
			t.Run(x.name, func(t *testing.T) {
				change(t, url, x.sql)
				finds(t, d, x.want)
				change(t, url, restore)
				finds(t, d, "")
			})
		}
	})
}

func finds(t *testing.T, d *db.DB, want string) {
	t.Helper()
	r, err := NewBook(d).Verify(t.Context(), nil)
	if err != nil || want == "" && r.Finding != "" || want != "" && r.Finding == "" || !strings.Contains(r.Finding, want) {
		t.Errorf("Verify found %q, %v, and should have found %q", r.Finding, err, want)
	}
}

// keepBooks makes ten transfers: payments, and a hold that is pending, one that is
// posted and one that is voided.
func keepBooks(t *testing.T, d *db.DB) {
	t.Helper()
	now := time.UnixMicro(1_700_000_000_000_000).UTC()
	usd := func(n int64) money.Amount { return money.New(n, "USD") }
	clearing, fees := PlatformName(Clearing, "USD", false), PlatformName(Fees, "USD", false)
	ann, cafe := Name{"ann", Wallet, "USD", false}, Name{"cafe", Balance, "USD", false}
	hold := id.Derive[id.Transfer]
	steps := []Step{
		MovePost(clearing, ann, usd(100_00), "1"),
		MovePost(ann, cafe, usd(10_00), "2"),
		MoveHold(hold("posted"), ann, cafe, usd(10_00), "3"),
		MoveHold(hold("voided"), ann, cafe, usd(5_00), "4"),
		MovePostHold(hold("posted"), usd(10_00), "5"),
		MoveHold(hold("pending"), ann, cafe, usd(30_00), "6"),
		MovePostHold(hold("pending"), usd(10_00), "7"),
		MovePost(cafe, fees, usd(59), "8"),
		MoveVoidHold(hold("voided"), "9"),
		MovePost(cafe, fees, usd(1), "10"),
	}
	locks := append(Locks(clearing, fees, ann, cafe), LockHold(hold("posted")), LockHold(hold("voided")), LockHold(hold("pending")))
	for i, s := range steps {
		err := d.Write(t.Context(), locks, func(tx *db.Tx) error {
			_, err := Apply(tx, now.Add(time.Duration(i)*time.Second), s)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// disarm takes away what keeps transfers as they are.
func disarm(t *testing.T, url string) {
	t.Helper()
	for _, sql := range []string{"update transfer set amount_minor = 0", "delete from transfer"} {
		if err := run(t.Context(), url, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want a refusal", sql, err)
		}
	}
	if db.IsPostgres(url) {
		change(t, url, "drop trigger transfer_append_only on transfer")
	} else {
		change(t, url, "drop trigger transfer_no_update; drop trigger transfer_no_delete")
	}
}

// change runs SQL behind the ledger's back.
func change(t *testing.T, url, sql string) {
	t.Helper()
	if err := run(t.Context(), url, sql); err != nil {
		t.Fatal(err)
	}
}

func run(ctx context.Context, url, sql string) error {
	if !db.IsPostgres(url) {
		conn, err := sqlite.OpenConn(url, sqlite.OpenReadWrite)
		if err != nil {
			return err
		}
		defer conn.Close()
		return sqlitex.ExecuteScript(conn, strings.TrimSuffix(sql, ";")+";", nil)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// TestWhoeverKnowsTheChainMustForgeAllOfIt: a transfer with a hash that fits is betrayed
// by the next one, and a chain forged to its end by the head.
func TestWhoeverKnowsTheChainMustForgeAllOfIt(t *testing.T) {
	for _, x := range []struct {
		name string
		last int64 // the chain is forged up to here
		want string
	}{
		{"one transfer", 3, "transfer 4 (xfer_"},
		{"up to the last but one", 9, "transfer 10 (xfer_"},
		{"all of it", 10, "the chain's end is recorded at"},
	} {
		t.Run(x.name, func(t *testing.T) {
			dbtest.EachURL(t, func(t *testing.T, url string) {
				d := dbtest.Open(t, db.Config{URL: url})
				keepBooks(t, d)
				disarm(t, url)
				change(t, url, forged(t, d, x.last))
				finds(t, d, x.want)
			})
		})
	}
}

// forged is the SQL that gives transfer 3 another cause and makes the chain fit.
func forged(t *testing.T, d *db.DB, last int64) string {
	t.Helper()
	list, err := transfers.Select(t.Context(), d, "where sequence >= 2 and sequence <= $1 order by sequence", last)
	if err != nil {
		t.Fatal(err)
	}
	bytea := "unhex('%x')"
	if d.Engine() == "postgres" {
		bytea = "decode('%x', 'hex')"
	}
	sql := "update transfer set cause = 'eve' where sequence = 3"
	for i := 1; i < len(list); i++ {
		if list[i].Sequence == 3 {
			list[i].Cause = "eve"
		}
		list[i].Hash = list[i].chain(list[i-1].Hash)
		sql += fmt.Sprintf("; update transfer set hash = "+bytea+" where sequence = %d", list[i].Hash, list[i].Sequence)
	}
	return sql
}

// TestTheChainIsWhatItIs: the hash of a known transfer never changes, or the ledgers
// that are out there could no longer be verified.
func TestTheChainIsWhatItIs(t *testing.T) {
	one := Transfer{
		Sequence: 1, ID: "xfer_1", Kind: PostHold, Amount: money.New(1234, "USD"), Hold: "xfer_0",
		Debit:  Side{Account: "acct_a", Posted: -1234, HeldOut: 5, HeldIn: 7},
		Credit: Side{Account: "acct_b", Posted: 1234, HeldOut: 8, HeldIn: 6}, Cause: "pay_1", CreatedAt: time.UnixMicro(1_700_000_000_000_001),
	}
	const want = "82f73608f4629e8892e82f2ea2c958a7d9acdd7c2213f3f802cdbb0cdcb4af05" // computed apart, in Python
	if got := hex.EncodeToString(one.chain(make([]byte, 32))); got != want {
		t.Errorf("the hash is now %s", got)
	}
	other := one
	other.Debit.Account, other.Credit.Account = "acct_aa", "cct_b" // the same bytes, divided elsewhere
	if hex.EncodeToString(other.chain(make([]byte, 32))) == hex.EncodeToString(one.chain(make([]byte, 32))) {
		t.Error("two transfers share a hash")
	}
}
