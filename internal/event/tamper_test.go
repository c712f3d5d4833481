package event_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/event"
)

// TestTheLogIsAppendOnly, also for whoever has the database's password, until the
// triggers are gone; and then Verify sees what is missing.
func TestTheLogIsAppendOnly(t *testing.T) {
	for _, x := range []struct{ sql, want string }{
		{"select 1", ""},
		{"delete from event where sequence = 2", "gaps"},
		{"delete from event where sequence = 1", "gaps"},
		{"delete from event where sequence = 3", "end"},
		{"delete from event", "end"},
		{"update chain set sequence = 4 where name = 'event'", "end"},
		{"update chain set sequence = 2 where name = 'event'", "end"},
		{"update event set sequence = 5 where sequence = 3", "gaps"},
	} {
		t.Run(x.sql, func(t *testing.T) {
			dbtest.EachURL(t, func(t *testing.T, url string) {
				d := dbtest.Open(t, db.Config{URL: url})
				add(t, d, fact(cafe, false, "payer.created", "a"), fact(pub, false, "payer.created", "b"), fact(cafe, true, "payer.created", "c"))
				for _, sql := range []string{"update event set object = 'x'", "delete from event"} {
					if err := run(t.Context(), url, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
						t.Errorf("%s: %v, want a refusal", sql, err)
					}
				}
				drop := "drop trigger event_no_update; drop trigger event_no_delete;"
				if db.IsPostgres(url) {
					drop = "drop trigger event_append_only on event;"
				}
				if err := run(t.Context(), url, drop+x.sql); err != nil {
					t.Fatal(err)
				}
				_, finding, err := event.NewLog(d).Verify(t.Context())
				if err != nil || x.want == "" && finding != "" || !strings.Contains(finding, x.want) {
					t.Errorf("Verify found %q, %v, and should have found %q", finding, err, x.want)
				}
			})
		})
	}
}

// run runs SQL behind the log's back.
func run(ctx context.Context, url, sql string) error {
	if !db.IsPostgres(url) {
		conn, err := sqlite.OpenConn(url, sqlite.OpenReadWrite)
		if err != nil {
			return err
		}
		defer conn.Close()
		return sqlitex.ExecuteScript(conn, sql+";", nil)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}
