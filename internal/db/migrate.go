package db

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"os"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx", for goose
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // driver "sqlite", for goose
)

//go:embed migrations
var migrations embed.FS

// Migrate creates the database file if there is none (readable by its owner
// only) and brings the schema up to date. Several processes may call it at once.
func Migrate(ctx context.Context, url string) error {
	driver, dir, dialect := "sqlite", "migrations/sqlite", goose.DialectSQLite3
	source := "file:" + url + "?_pragma=busy_timeout(10000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_txlock=immediate"
	if IsPostgres(url) {
		driver, dir, dialect, source = "pgx", "migrations/postgres", goose.DialectPostgres, url
	} else {
		f, err := os.OpenFile(url, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the path
		if err != nil {
			return fmt.Errorf("create the database: %w", err)
		}
		if err := f.Close(); err != nil {
			return fmt.Errorf("create the database: %w", err)
		}
	}
	conn, err := sql.Open(driver, source)
	if err != nil {
		return fmt.Errorf("open the database for migrations: %w", err)
	}
	defer conn.Close()
	conn.SetMaxOpenConns(2) // the lock's session and the migrations'
	var options []goose.ProviderOption
	if IsPostgres(url) { // one process at a time migrates; the others wait and find it done
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(migrations, dir)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, conn, files, options...)
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	// On SQLite there is no lock over all of it: who finds that another process was
	// faster looks again at what is left to do.
	for range migrateTries {
		if _, err = p.Up(ctx); err == nil || IsPostgres(url) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("migrate the schema: %w", err)
	}
	return nil
}

const migrateTries = 5

// MigrationsPending counts the schema versions that Migrate would apply.
func MigrationsPending(ctx context.Context, d *DB) (int, error) {
	var have int64
	err := d.Query(ctx, "select cast(max(version_id) as bigint) from goose_db_version", func(r Row) error {
		have = r.Int(0)
		return nil
	})
	if err != nil {
		return 0, err
	}
	names, err := fs.Glob(migrations, "migrations/"+d.Engine()+"/*.sql")
	return len(names) - int(have), err
}
