package db_test

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
)

// TestObjectsOfBeforeGetTheirNumbers runs the part of the migration that changes rows on
// rows without a number: they get that of the last event about them.
func TestObjectsOfBeforeGetTheirNumbers(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		raw, engine := open(t, url), "sqlite"
		if db.IsPostgres(url) {
			engine = "postgres"
		}
		text, err := os.ReadFile("migrations/" + engine + "/00008_sequence.sql")
		if err != nil {
			t.Fatal(err)
		}
		tables := []string{"api_key", "card", "dispute", "fx_quote", "oauth_grant", "payer", "payment", "refund", "wallet"}
		for i, object := range []string{"told", "told", "other", "told", "later"} {
			blank(t, raw, engine, "event", map[string]string{"sequence": fmt.Sprint(i + 1), "id": fmt.Sprintf("'evt_%d'", i), "object": "'" + object + "'"})
		}
		for _, table := range tables {
			for _, key := range []string{"told", "untold"} {
				blank(t, raw, engine, table, map[string]string{"id": "'" + key + "'", "hash": "'" + key + "'"})
			}
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "update ") {
				if _, err := raw.Exec(line); err != nil {
					t.Fatalf("%s: %v", line, err)
				}
			}
		}
		for _, table := range tables {
			got := column(t, raw, "select id || ' ' || sequence from "+table+" order by id")
			if fmt.Sprint(got) != "[told 4 untold 0]" {
				t.Errorf("%s: %v", table, got)
			}
		}
	})
}

// blank inserts a row that holds nothing but what is given of it, in SQL.
func blank(t *testing.T, raw *sql.DB, engine, table string, given map[string]string) {
	t.Helper()
	query := "select name || ' ' || lower(type) from pragma_table_info('" + table + "')"
	if engine == "postgres" {
		query = "select column_name || ' ' || data_type from information_schema.columns where table_schema = 'public' and table_name = '" + table + "'"
	}
	var names, values []string
	for _, c := range column(t, raw, query) {
		name, kind, _ := strings.Cut(c, " ")
		value := "''"
		if strings.Contains(kind, "int") {
			value = "0"
		}
		if v := given[name]; v != "" {
			value = v
		}
		names, values = append(names, name), append(values, value)
	}
	if _, err := raw.Exec(fmt.Sprintf("insert into %s (%s) values (%s)", table, strings.Join(names, ", "), strings.Join(values, ", "))); err != nil {
		t.Fatal(err)
	}
}
