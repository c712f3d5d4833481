package dbtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/florinpay/florin/internal/db"
)

// Each runs fn once on a fresh SQLite database and once on a fresh PostgreSQL
// one, as the subtests "sqlite" and "postgres".
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachURL(t, func(t *testing.T, url string) { fn(t, Open(t, db.Config{URL: url})) })
}

// EachURL is Each for tests that open the database themselves.
func EachURL(t *testing.T, fn func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLiteURL(t)) })
	t.Run("postgres", func(t *testing.T) { fn(t, PostgresURL(t)) })
}

// SQLite opens a fresh SQLite database.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return Open(t, db.Config{URL: SQLiteURL(t)})
}

// Open opens a database and closes it when the test ends.
func Open(t testing.TB, c db.Config) *db.DB {
	t.Helper()
	d, err := db.Open(context.Background(), c)
	if err != nil {
		t.Fatalf("open the database: %v", err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	return d
}

// SQLiteURL names a file in the test's own folder.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "florin.db")
}

var (
	shared = sync.OnceValues(func() (string, error) {
		base, _, err := Postgres() // the server ends with this process
		if err != nil {
			return "", err
		}
		return base, makeTemplate(base)
	})
	template  = fmt.Sprintf("florin_template_%d", os.Getpid())
	databases atomic.Int64
)

// PostgresURL makes a database of the test's own, with the schema in place, on a
// real server that runs as long as the test process.
func PostgresURL(t testing.TB) string {
	t.Helper()
	base, err := shared()
	if err != nil {
		t.Fatalf("start PostgreSQL for the tests: %v", err)
	}
	name := fmt.Sprintf("florin_%d_%d", os.Getpid(), databases.Add(1))
	url, drop, err := db.Scratch(context.Background(), base, name, template)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return url
}

// makeTemplate migrates one database that the others are copies of.
func makeTemplate(base string) error {
	url, _, err := db.Scratch(context.Background(), base, template, "") // it ends with the server
	if err != nil {
		return err
	}
	return db.Migrate(context.Background(), url)
}
