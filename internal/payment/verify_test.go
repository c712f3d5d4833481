package payment_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/payment"
)

// day is a bit of everything, and work that is under way when it ends.
const day = `
wallet w1 100.00
pay sale tok_visa 100.00              => succeeded
refund r1 sale 25.00                  => succeeded fee_returned 0.80
refund r2 sale 30.00                  => succeeded fee_returned 0.96
pay parts tok_visa 100.00 manual      => requires_capture
capture parts 40.00 more              => requires_capture captured 40.00
refund r3 parts 15.00                 => succeeded fee_returned 0.55
pay part tok_visa 100.00 manual       => requires_capture
capture part 60.00                    => succeeded captured 60.00
pay gone tok_visa 50.00 manual        => requires_capture
cancel gone                           => canceled
pay half tok_visa 50.00 manual        => requires_capture
capture half 20.00 more               => requires_capture captured 20.00
cancel half                           => succeeded captured 20.00
pay no tok_declined 9.00              => card_declined generic_decline
pay purse w1 30.00                    => succeeded
refund r4 purse 10.00                 => succeeded fee_returned 0.10
pay poor w1 99.00                     => insufficient_funds
top_up top w1 tok_visa 50.00          => succeeded
rate EUR 0.9223
pay other tok_visa 10.01 in EUR       => succeeded
refund r5 other 3.33                  => succeeded fee_returned 0.19
pay purse2 w1 10.01 in EUR            => succeeded
refund r6 purse2                      => succeeded fee_returned 0.09
pay won tok_disputed 20.00            => succeeded
pay lost tok_disputed 30.00           => succeeded
pay running tok_disputed 40.00        => succeeded
pay foreign tok_disputed 10.01 in EUR => succeeded
move 3s
jobs
dispute won contest winning_evidence  => under_review 20.00
dispute lost accept                   => accepted 30.00
dispute foreign accept                => accepted 10.01
move 6s
jobs
pay back tok_refund_fails 20.00       => succeeded
refund r10 back 7.00                  => succeeded fee_returned 0.31
pay back2 tok_refund_fails 10.01 in EUR => succeeded
refund r11 back2 3.33                 => succeeded fee_returned 0.19
move 3s
jobs
show r10                              => failed card_not_supported fee_returned 0.31
pay left tok_authenticate 10.00       => requires_action
confirm left failed                   => card_declined authentication_failed
pay shown tok_authenticate 10.00      => requires_action
confirm shown passed                  => succeeded
pay asked tok_authenticate 10.00      => requires_action
pay going tok_authenticate 10.00      => requires_action
pay taking tok_visa 10.00 manual      => requires_capture
pay ending tok_visa 10.00 manual      => requires_capture
pay due tok_visa 10.00 manual         => requires_capture
wire lost
refund r7 sale 5.00                   => pending fee_returned 0.16
refund r8 other 3.33                  => pending fee_returned 0.19
pay fresh tok_visa 12.00              => processing
confirm going passed                  => processing
capture taking                        => processing
cancel ending                         => processing
wire whole
refund r9 part 1.00                   => succeeded fee_returned 0.03
`

// live makes a day and checks that it holds.
func live(t *testing.T, url string) *story {
	t.Helper()
	s := &story{world: newWorld(t, url), currency: "USD", payments: map[string]id.Payment{},
		refunds: map[string]id.Refund{}, wallets: map[string]id.Wallet{}, quotes: map[string]id.Quote{}}
	s.tell(t, day)
	return s
}

// of is the condition that names a payment of the day.
func (s *story) of(sql string) string {
	for name, key := range s.payments {
		sql = strings.ReplaceAll(sql, "{"+name+"}", "'"+string(key)+"'")
	}
	for name, key := range s.refunds {
		sql = strings.ReplaceAll(sql, "{"+name+"}", "'"+string(key)+"'")
	}
	return sql
}

var tamperings = []struct{ name, sql, want string }{
	{"nothing", "select 1", ""},
	{"what was refunded", "update payment set refunded_minor = 0 where id = {sale}", "were refunded"},
	{"what is being refunded", "update payment set refunding_minor = 0 where id = {sale}", "were being refunded"},
	{"both", "update payment set refunding_minor = 0, refunded_minor = refunded_minor + refunding_minor where id = {sale}", "were refunded"},
	{"a refund gone", "delete from refund where id = {r1}", "refunded"},
	{"a refund gone, and its sum", "delete from refund where id = {r1}; update payment set refunded_minor = refunded_minor - 2500, fee_returned_minor = fee_returned_minor - 80 where id = {sale}", "attempt for the refund"},
	{"all of a refund gone", "delete from refund where id = {r1}; delete from attempt where refund = {r1}; update payment set refunded_minor = refunded_minor - 2500, fee_returned_minor = fee_returned_minor - 80 where id = {sale}", "which is not there"},
	{"a refund from a wallet gone", "delete from refund where id = {r4}; update payment set refunded_minor = 0, fee_returned_minor = 0 where id = {purse}", "which is not there"},
	{"a refund's amount", "update refund set amount_minor = amount_minor + 1 where id = {r1}", "refunded"},
	{"a refund's amount, and its sums", "update refund set amount_minor = amount_minor + 1, share_minor = share_minor + 1 where id = {r1}; update attempt set amount_minor = amount_minor + 1 where refund = {r1}; update payment set refunded_minor = refunded_minor + 1 where id = {sale}", "another amount than its last event"},
	{"a pending refund failed", "update refund set state = 'failed' where id = {r7}", "being refunded"},
	{"a refund that came back succeeded", "update refund set state = 'succeeded', failure_code = '' where id = {r10}", "were refunded"},
	{"a refund's payment", "update refund set payment = {part} where id = {r1}", "refunded"},
	{"a state", "update payment set state = 'canceled' where id = {sale}", "is canceled"},
	{"the state of a failed one", "update payment set state = 'canceled', decline_code = '', advice = '' where id = {no}", "another status than its last event"},
	{"an authorization that expired", "update payment set state = 'expired' where id = {due}", "never voided"},
	{"a capture out of nothing", "update payment set state = 'succeeded', captured_minor = amount_minor where id = {due}", "were captured"},
	{"a fee", "update payment set fee_minor = fee_minor - 1 where id = {sale}", "should have moved"},
	{"what of the fee came back", "update payment set fee_returned_minor = 0 where id = {sale}", "of the fee"},
	{"what the payee gave", "update payment set returned_minor = 0 where id = {other}", "returned by the payee"},
	{"what a dispute took", "update payment set reversed_minor = 0 where id = {lost}", "taken by disputes"},
	{"the mark of a dispute", "update payment set disputed = 0 where id = {running}", "is marked as disputed"},
	{"another's mark", "update payment set disputed = 1 where id = {sale}", "is marked as disputed"},
	{"an amount", "update payment set amount_minor = amount_minor + 1 where id = {parts}", "does not fit"},
	{"what it is for", "update payment set details = '' where id = {sale}", "card"},
	{"an open attempt gone", "delete from attempt where payment = {fresh}", "open attempt"},
	{"a finished attempt gone", "delete from attempt where payment = {no}", "events"},
	{"one of two attempts gone", "delete from attempt where payment = {gone} and kind = 'void'", "never voided"},
	{"an attempt of a capture gone", "delete from attempt where payment = {parts} and kind = 'capture'", "were captured"},
	{"no attempt is open", "update payment set attempt = '' where id = {fresh}", "open attempt"},
	{"no refund is open", "update payment set attempt = '' where id = {r7} or id = {sale}", "open attempt"},
	{"nothing is under way", "update payment set attempt = '', state = 'requires_capture' where id = {taking}; update attempt set state = 'failed' where payment = {taking} and kind = 'capture'", "events"},
	{"who authorized it", "update payment set authorized_by = '' where id = {due}", "authorized by"},
	{"a payment gone", "delete from payment where id = {sale}", "which is not there"},
	{"a payment from a wallet gone", "delete from payment where id = {poor}", "which is not there"},
	{"all of a payment gone", "delete from payment where id = {no}; delete from attempt where payment = {no}", "which is not there"},
	{"a payment out of nothing", "insert into payment select 'pay_7zzzzzzzzzzzzzzzzzzzzzzzzz', " + paymentColumns + " from payment where id = {poor}", "has 0 events"},
	{"a payment of another name", "insert into payment select 'aaa', " + paymentColumns + " from payment where id = {poor}", "has 0 events"},
	{"a dispute's state", "update dispute set state = 'won' where payment = {running}", "disputed"},
	{"a dispute lost that was won", "update dispute set state = 'lost' where payment = {won}", "taken by disputes"},
	{"a dispute's state that changes no sum", "update dispute set state = 'under_review' where payment = {running}", "another status than its last event"},
	{"a dispute's evidence", "update dispute set evidence = 'x' where payment = {won}", "another evidence than its last event"},
	{"what a dispute is about", "update dispute set amount_minor = amount_minor + 1, share_minor = share_minor + 1 where payment = {running}", "another amount than its last event"},
	{"a dispute's hold", "update dispute set hold = '' where payment = {running}", "should not"},
	{"a dispute gone", "delete from dispute where payment = {won}", "which is not there"},
	{"a dispute gone, and its mark", "delete from dispute where payment = {running}; update payment set disputed = 0 where id = {running}", "which is not there"},
}

const paymentColumns = `merchant, live, currency, amount_minor, source, destination, manual, connector, hold, details, created_at, state,
	captured_minor, refunded_minor, refunding_minor, fee_minor, fee_returned_minor, disputed, attempt, authorized_by, decline_code, advice,
	expires_at, reversed_minor, returned_minor, sequence`

var watched = []string{"payment", "refund", "attempt", "dispute"}

// TestVerifyFindsWhatWasTamperedWith: each change by hand is found, and named.
func TestVerifyFindsWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		s := live(t, url)
		restore := s.save(t)
		for _, x := range tamperings {
			t.Run(x.name, func(t *testing.T) {
				s.change(t, s.of(x.sql))
				finding, err := verifyFlows(t.Context(), s.d)
				if err != nil || x.want == "" && finding != "" || x.want != "" && finding == "" || !strings.Contains(finding, x.want) {
					t.Errorf("found %q, %v, and should have found %q", finding, err, x.want)
				}
				s.change(t, restore)
			})
		}
		if finding, err := verifyFlows(t.Context(), s.d); finding != "" || err != nil {
			t.Errorf("restored: %s, %v", finding, err)
		}
	})
}

// TestVerifyPassesWhatWasWrittenBefore there was an event of a rail's being asked again.
func TestVerifyPassesWhatWasWrittenBefore(t *testing.T) {
	t.Parallel()
	dbtest.EachURL(t, func(t *testing.T, url string) {
		s := live(t, url)
		drop := "drop trigger event_no_delete"
		if db.IsPostgres(url) {
			drop = "drop trigger event_append_only on event"
		}
		s.change(t, drop+"; delete from event where type = 'payment.processing'; update payment set sequence = (select max(sequence) from event where object = payment.id)")
		if finding, err := verifyFlows(t.Context(), s.d); finding != "" || err != nil {
			t.Errorf("found %s, %v", finding, err)
		}
	})
}

// unwatched is what no other row says, of every attempt: how it went about its work.
var unwatched = []string{"attempt.id", "attempt.once", "attempt.request", "attempt.idempotency_key", "attempt.created_at", "attempt.rail_ref",
	"attempt.network_code", "attempt.failure_code", "attempt.asks", "attempt.finished_at", "attempt.release", "attempt.amount_minor"}

// some are the rows whose every column is changed: one for each way that there is.
var some = map[string]string{
	"payment": "id in ({sale}, {parts}, {gone}, {no}, {poor}, {other}, {purse2}, {lost}, {fresh}, {going}, {taking})",
	"refund":  "id in ({r1}, {r4}, {r5}, {r7}, {r10})",
	"attempt": "payment in ({gone}, {going}, {taking}) or refund in ({r1}, {r7}, {r10})",
	"dispute": "id <> ''",
}

// TestVerifyFindsAChangeOfAnyColumn: of every kind of payment, refund, dispute and
// attempt; and that any row is gone.
func TestVerifyFindsAChangeOfAnyColumn(t *testing.T) {
	t.Parallel()
	s := live(t, dbtest.PostgresURL(t))
	s.save(t)
	for _, table := range watched {
		for _, key := range s.texts(t, "select id from "+table+" order by id") {
			s.notices(t, table, fmt.Sprintf("delete from %s where id = '%s'", table, key))
		}
		for _, column := range s.texts(t, "select column_name || ' ' || data_type from information_schema.columns where table_name = '"+table+"' order by ordinal_position") {
			name, kind, _ := strings.Cut(column, " ")
			if slices.Contains(unwatched, table+"."+name) {
				continue
			}
			for _, key := range s.texts(t, "select id from "+table+" where "+s.of(some[table])+" order by id") {
				if table+"."+name == "refund.hold" && key == string(s.refunds["r4"]) {
					continue // a wallet's does not use it
				}
				s.notices(t, table, fmt.Sprintf("update %s set %s = %s where id = '%s'", table, name, other(name, kind), key))
			}
		}
	}
}

// other is another value for a column.
func other(name, kind string) string {
	switch {
	case name == "details" || name == "metadata":
		return `'{"description":"x","metadata":{"a":"b"}}'`
	case name == "live" || name == "manual" || name == "disputed" || name == "converted":
		return "1 - " + name
	case kind == "bigint":
		return name + " + 1"
	}
	return name + " || 'x'"
}

// notices changes a table, sees that it is found, and brings the table back.
func (s *story) notices(t *testing.T, table, sql string) {
	t.Helper()
	s.change(t, sql)
	if finding, err := verifyFlows(t.Context(), s.d); finding == "" || err != nil {
		t.Errorf("%s: nothing is found, %v", sql, err)
	}
	s.change(t, fmt.Sprintf("delete from %[1]s; insert into %[1]s select * from saved_%[1]s", table))
}

// save keeps a copy of what is tampered with and gives the SQL that brings it back.
func (s *story) save(t *testing.T) (restore string) {
	t.Helper()
	save := ""
	for _, table := range watched {
		save += fmt.Sprintf("create table saved_%[1]s as select * from %[1]s;", table)
		restore += fmt.Sprintf("delete from %[1]s; insert into %[1]s select * from saved_%[1]s;", table)
	}
	s.change(t, save)
	return restore
}

func (s *story) texts(t *testing.T, sql string) (list []string) {
	t.Helper()
	err := s.d.Query(t.Context(), sql, func(r db.Row) error {
		list = append(list, r.Text(0))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// change runs SQL behind the desk's back.
func (s *story) change(t *testing.T, sql string) {
	t.Helper()
	if err := s.run(context.Background(), strings.TrimSuffix(sql, ";")+";"); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func (s *story) run(ctx context.Context, sql string) error {
	if !db.IsPostgres(s.url) {
		conn, err := sqlite.OpenConn(s.url, sqlite.OpenReadWrite)
		if err != nil {
			return err
		}
		defer conn.Close()
		conn.SetBusyTimeout(time.Minute)
		return sqlitex.ExecuteScript(conn, sql, nil)
	}
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// TestVerifyHoldsBesideABusyDesk: on a snapshot nothing is ever found that is only
// under way.
func TestVerifyHoldsBesideABusyDesk(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		s := &story{world: w, currency: "USD"}
		if got := s.do(t, []string{"rate", "EUR", "0.9223"}); got != "ok" {
			t.Fatal(got)
		}
		card := func(token string) string { return must[string](t)(w.token(t.Context(), w.cafe, token)) }
		cards := []string{card("tok_visa"), card("tok_disputed"), card("tok_visa"), card("tok_refund_fails"), card("tok_visa")}
		ctx, stop := context.WithCancel(context.Background())
		made := make(chan struct{})
		var work sync.WaitGroup
		for i := range 8 {
			work.Go(func() {
				for n := i; ctx.Err() == nil; n++ {
					o := payment.Order{Caller: caller(w.cafe, nil), Amount: 10_01, Currency: "USD", Source: cards[n%5], Manual: n%2 == 0}
					if n%3 == 0 {
						o.SettlementCurrency = "EUR"
					}
					p, err := w.desk.Create(ctx, o)
					if err == nil && o.Manual {
						p, err = w.desk.Capture(ctx, o.Caller, p.ID, 7_00, n%4 == 0)
					}
					if err == nil {
						_, _ = w.desk.CreateRefund(ctx, payment.RefundOrder{Caller: o.Caller, Payment: p.ID, Amount: 3_33}) // it may be disputed
					}
					if n%50 == 0 {
						w.clock.Move(3 * time.Second)
						_, _ = w.jobs.RunDue(ctx)
					}
					select {
					case made <- struct{}{}:
					case <-ctx.Done():
					}
				}
			})
		}
		for range 6 {
			for range 20 {
				<-made
			}
			view := must[*db.DB](t)(w.d.Snapshot(t.Context()))
			if finding, err := verifyFlows(t.Context(), view); finding != "" || err != nil {
				t.Errorf("found %q, %v", finding, err)
			}
			if err := view.Close(); err != nil {
				t.Error(err)
			}
		}
		stop()
		work.Wait()
	})
}
