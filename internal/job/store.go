package job

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
)

var jobs = db.NewTable("job", func(j *Job, f *db.Fields) {
	db.Text(f, "id", &j.ID)
	db.Text(f, "kind", &j.Kind)
	db.Text(f, "object", &j.Object)
	db.Time(f, "created_at", &j.CreatedAt)
	f.Mutable()
	db.Time(f, "due_at", &j.DueAt)
	db.Int(f, "tries", &j.Tries)
	db.Time(f, "lease_until", &j.LeaseUntil)
	db.Text(f, "last_error", &j.LastError)
})

// due reads jobs that nobody works on, the longest due first.
func due(ctx context.Context, d *db.DB, now time.Time, limit int) ([]Job, error) {
	return jobs.Select(ctx, d, "where due_at <= $1 and lease_until <= $1 order by due_at limit $2", db.Micros(now), limit)
}

// Waiting counts the jobs that are due, for metrics and tests.
func Waiting(ctx context.Context, d *db.DB, now time.Time) (n int64, err error) {
	err = d.Query(ctx, "select count(*) from job where due_at <= $1", func(r db.Row) error { n = r.Int(0); return nil }, db.Micros(now))
	return n, err
}

// lease takes the jobs that are still free, in one commit.
func lease(ctx context.Context, d *db.DB, list []Job, now, until time.Time) (taken []Job, err error) {
	locks := make([]db.Lock, len(list))
	for i, j := range list {
		locks[i] = jobs.Lock(string(j.ID))
	}
	err = d.Write(ctx, locks, func(tx *db.Tx) error {
		taken = taken[:0]
		for _, j := range list {
			row, found := jobs.Get(tx, string(j.ID))
			if !found || row.DueAt.After(now) || row.LeaseUntil.After(now) {
				continue
			}
			row.Tries++
			row.LeaseUntil = until
			jobs.Update(tx, row)
			taken = append(taken, row)
		}
		return nil
	})
	return taken, err
}

// finish ends the lease: the job is gone, or due again at next. A job that its
// handler has removed or moved stays as it is.
func finish(ctx context.Context, d *db.DB, j Job, next time.Time, failure string) error {
	return d.Write(ctx, []db.Lock{jobs.Lock(string(j.ID))}, func(tx *db.Tx) error {
		row, found := jobs.Get(tx, string(j.ID))
		switch {
		case !found || !row.LeaseUntil.Equal(j.LeaseUntil):
		case next.IsZero():
			jobs.Delete(tx, string(j.ID))
		default:
			row.DueAt, row.LeaseUntil, row.LastError = next, time.Time{}, failure
			jobs.Update(tx, row)
		}
		return nil
	})
}
