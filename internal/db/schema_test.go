package db_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
)

const schemaGolden = "schema.golden.sql"

// The schema as SQLite holds it, in one file that reviews can read.
func TestSchemaIsTheGoldenOne(t *testing.T) {
	raw := open(t, dbtest.SQLiteURL(t))
	got := strings.Join(column(t, raw, "select sql from sqlite_schema where sql is not null and name not like 'goose%' and name not like 'sqlite%' order by name"), ";\n\n") + ";\n"
	if os.Getenv("FLORIN_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(schemaGolden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaGolden)
	if err != nil || got != string(want) {
		t.Errorf("the schema is not %s (%v). If that is meant, run make golden and read the difference", schemaGolden, err)
	}
}

// Both engines have the same versions, tables, columns and indexes.
func TestTheTwoSchemasAgree(t *testing.T) {
	versions := map[string]string{}
	for _, engine := range []string{"sqlite", "postgres"} {
		files, err := filepath.Glob("migrations/" + engine + "/*.sql")
		if err != nil || len(files) == 0 {
			t.Fatalf("no migrations for %s: %v", engine, err)
		}
		for i := range files {
			files[i] = filepath.Base(files[i])
		}
		versions[engine] = strings.Join(files, " ")
	}
	if versions["sqlite"] != versions["postgres"] {
		t.Errorf("versions differ:\n sqlite   %s\n postgres %s", versions["sqlite"], versions["postgres"])
	}
	lite, pg := open(t, dbtest.SQLiteURL(t)), open(t, dbtest.PostgresURL(t))
	compare(t, "columns",
		column(t, lite, `select m.name || '.' || c.name || ' ' || lower(c.type) from sqlite_schema m join pragma_table_info(m.name) c where m.type = 'table'`),
		column(t, pg, `select table_name || '.' || column_name || ' ' || case data_type when 'bigint' then 'integer' when 'bytea' then 'blob' else data_type end
			from information_schema.columns where table_schema = 'public'`))
	compare(t, "indexes",
		column(t, lite, "select name from sqlite_schema where type = 'index' and name not like 'sqlite%'"),
		column(t, pg, "select indexname from pg_indexes where schemaname = 'public' and indexname not like '%_pkey' and indexname not like '%_key'"))
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	dbtest.Open(t, db.Config{URL: url})
	driver := "sqlite"
	if db.IsPostgres(url) {
		driver = "pgx"
	}
	raw, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { raw.Close() })
	return raw
}

func column(t *testing.T, raw *sql.DB, query string) (out []string) {
	t.Helper()
	rows, err := raw.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(s, "goose") && !strings.HasPrefix(s, "sqlite") {
			out = append(out, s)
		}
	}
	return out
}

func compare(t *testing.T, what string, lite, pg []string) {
	t.Helper()
	sort.Strings(lite)
	sort.Strings(pg)
	if x, y := fmt.Sprint(lite), fmt.Sprint(pg); x != y {
		t.Errorf("%s differ:\n sqlite   %s\n postgres %s", what, x, y)
	}
}
