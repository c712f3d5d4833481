package db

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// Scratch makes a database on a PostgreSQL server, for a test or a benchmark, and
// gives its URL and a function that removes it. A template, if named, is copied
// with all that is in it. name and template must be plain identifiers.
func Scratch(ctx context.Context, server, name, template string) (scratch string, drop func() error, err error) {
	u, err := url.Parse(server)
	if err != nil || !IsPostgres(server) {
		return "", nil, errors.New("db: the server's address must be a postgres:// URL")
	}
	statement := "create database " + name
	if template != "" {
		statement += " template " + template
	}
	if err := administer(ctx, server, statement); err != nil {
		return "", nil, fmt.Errorf("make the database %s: %w", name, err)
	}
	u.Path = "/" + name
	return u.String(), func() error {
		return administer(context.WithoutCancel(ctx), server, "drop database "+name+" with (force)")
	}, nil
}

func administer(ctx context.Context, server, statement string) error {
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// Version is the engine's name and version, for reports.
func (d *DB) Version(ctx context.Context) (text string, err error) {
	sql, name := "select sqlite_version()", "SQLite "
	if d.Engine() == "postgres" {
		sql, name = "select current_setting('server_version')", "PostgreSQL "
	}
	err = d.Query(ctx, sql, func(r Row) error { text = name + r.Text(0); return nil })
	return text, err
}

// ServerProcess is the PostgreSQL server's process on this machine, for measuring
// what it costs; it means nothing if the server runs elsewhere.
func (d *DB) ServerProcess(ctx context.Context) (pid int, err error) {
	var backend int64
	err = d.Query(ctx, "select pg_backend_pid()", func(r Row) error { backend = r.Int(0); return nil })
	if err != nil {
		return 0, err
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", backend))
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(stat, []byte(") ")) // the name in brackets may hold anything
	fields := bytes.Fields(rest)
	if len(fields) < 2 {
		return 0, errors.New("db: the process table is not readable")
	}
	return strconv.Atoi(string(fields[1]))
}
