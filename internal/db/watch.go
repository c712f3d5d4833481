package db

import "context"

// Watch is d with each query told to saw before it runs, for tests that read plans.
func (d *DB) Watch(saw func(sql string, args []any)) *DB {
	return &DB{watched{d.engine, saw}, d.committer, d.shared}
}

type watched struct {
	engine
	saw func(sql string, args []any)
}

func (w watched) query(ctx context.Context, sql string, args []any, fn func(Row) error) error {
	w.saw(sql, args)
	return w.engine.query(ctx, sql, args, fn)
}
