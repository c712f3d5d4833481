package identity_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

// TestRecordsAreNeverChanged, also by whoever has the database's password.
func TestRecordsAreNeverChanged(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := newWorld(t, dbtest.Open(t, db.Config{URL: url}))
		p, _ := w.ada("ada@example.com")
		before := w.trail(p.ID)
		for _, sql := range []string{"update person_record set result = 'x'", "delete from person_record"} {
			if err := behind(t.Context(), url, sql); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: %v, want a refusal", sql, err)
			}
		}
		if got := w.trail(p.ID); len(got) != 2 || !reflect.DeepEqual(got, before) {
			t.Errorf("the trail is %q", got)
		}
	})
}

// behind runs SQL behind the room's back.
func behind(ctx context.Context, url, sql string) error {
	if !db.IsPostgres(url) {
		conn, err := sqlite.OpenConn(url, sqlite.OpenReadWrite)
		if err != nil {
			return err
		}
		defer conn.Close()
		return sqlitex.ExecuteScript(conn, sql, nil)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, sql)
	return err
}

// TestNoSecretIsStored: what a person typed or was shown is in no row.
func TestNoSecretIsStored(t *testing.T) {
	each(t, func(w *world) {
		p, in := w.ada("ada@example.com")
		secret, codes := w.enroll(&in)
		claim := w.claim(ann)
		if _, err := w.signIn("ada@example.com", password, codes[0]); err != nil {
			t.Fatal(err)
		}
		_, _ = w.signIn("my password by mistake", "x", "y")
		secrets := append([]string{password, string(secret), in.Cookie, claim, "by mistake"}, codes...)
		for _, c := range codes {
			secrets = append(secrets, strings.ReplaceAll(c, "-", ""))
		}
		for table, columns := range map[string]string{
			"person": "id || login || name || password || state", "person_session": "id || hash || agent || acr",
			"recovery_code": "id || person", "claim": "id || payer", "person_record": "kind || result || object || agent || actor || person", "challenge": "id || data",
		} {
			err := w.d.Query(t.Context(), "select "+columns+" from "+table, func(r db.Row) error {
				for _, s := range secrets {
					if strings.Contains(r.Text(0), s) {
						t.Errorf("%s holds %q: %s", table, s, r.Text(0))
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		err := w.d.Query(t.Context(), "select totp from person", func(r db.Row) error {
			if b := r.Bytes(0); len(b) <= len(secret) || strings.Contains(string(b), string(secret)) {
				t.Error("the TOTP secret is stored as it is")
			}
			return nil
		})
		if err != nil || p.ID == "" {
			t.Fatal(err)
		}
	})
}

func TestTheTrailIsReadInPages(t *testing.T) {
	each(t, func(w *world) {
		p, _ := w.ada("ada@example.com")
		_, _ = w.signIn("ada@example.com", "wrong password", "")
		odd := identity.Browser{Address: "192.0.2.9", Agent: "Odd\x00\n" + strings.Repeat("é", 300)}
		if _, err := w.SignIn(t.Context(), identity.Attempt{Login: "ada@example.com", Password: password}, odd); err != nil {
			t.Fatal(err)
		}
		var kinds []string
		page := db.Page{Limit: 1}
		for {
			list, next, err := w.Records(t.Context(), p.ID, page)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list {
				kinds = append(kinds, r.Kind+" "+r.Result)
				if strings.ContainsAny(r.Agent, "\x00\n") || len(r.Agent) > 200 {
					t.Errorf("the agent is kept as %q", r.Agent)
				}
			}
			if page.After = string(next); next == "" {
				break
			}
		}
		want := []string{"session.begun ok", "session.refused password_wrong", "session.begun ok", "person.signed_up ok"}
		if !reflect.DeepEqual(kinds, want) {
			t.Errorf("newest first: %q", kinds)
		}
		for _, bad := range []id.Person{"", "person_x\x00"} {
			_, _, err := w.Records(t.Context(), bad, db.Page{Limit: 1})
			is(t, err, fault.ErrNotFound, "odd bytes")
		}
		d, seen := dbtest.Recorded(w.d)
		if _, _, err := w.node(d).Records(t.Context(), p.ID, db.Page{Limit: 2}); err != nil {
			t.Fatal(err)
		}
		for _, q := range *seen {
			dbtest.Examined(t, w.d, q, 4)
		}
	})
}
