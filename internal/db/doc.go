// Package db keeps rows in SQLite or PostgreSQL and makes many concurrent
// writes share one commit.
//
// A caller names the rows it decides on and gives a function:
//
//	err := d.Write(ctx, []db.Lock{accounts.Lock(a), accounts.Lock(b)}, func(tx *db.Tx) error {
//		row, ok := accounts.Get(tx, a)
//		…
//		accounts.Update(tx, row)
//		return nil
//	})
//
// Write returns when the function's effects are durable. A committer takes all
// writes that wait, locks and loads their rows in one go, runs the functions one
// after another against a cache, writes what changed as sets, and commits once.
// An error from one function undoes that function alone. So:
//
//   - the function may run again (a lost race, a failed batch): it must have no
//     effect but through tx;
//   - it reads only rows that were named as locks, and never waits for anything;
//   - what it read is what every earlier write of the same batch left.
//
// A table is declared once by a function that visits its fields (see [Table]);
// the statements for both engines come from it. Lists and sums are plain SQL,
// the same for both engines, with $1 placeholders, in the rooms' store.go files.
//
// After a failed fsync nothing more is written: the database is closed to
// writers until the process restarts and recovers, because what the kernel kept
// is unknown.
package db
