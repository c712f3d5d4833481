package job

import (
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// Kind is what is to be done: "<noun>.<verb>".
type Kind string

// Job is one piece of later-work.
type Job struct {
	ID         id.Job
	Kind       Kind
	Object     string // id of what it is done to
	CreatedAt  time.Time
	DueAt      time.Time
	Tries      int
	LeaseUntil time.Time
	LastError  string
}

// Lock is the row of that job, there or not.
func Lock(k Kind, object string) db.Lock { return jobs.Lock(string(idOf(k, object))) }

func idOf(k Kind, object string) id.Job { return id.Derive[id.Job](string(k), object) }

// Add schedules work for due; the same kind of work for the same object that is
// scheduled already moves to due. The job must be locked.
func Add(tx *db.Tx, k Kind, object string, now, due time.Time) {
	key := idOf(k, object)
	if j, found := jobs.Get(tx, string(key)); found {
		j.DueAt, j.Tries, j.LeaseUntil = due, 0, time.Time{}
		jobs.Update(tx, j)
		return
	}
	jobs.Insert(tx, Job{ID: key, Kind: k, Object: object, CreatedAt: now, DueAt: due})
}

// Done removes work that is no longer needed, and reports whether it was there. The
// job must be locked.
func Done(tx *db.Tx, k Kind, object string) bool {
	_, found := jobs.Get(tx, string(idOf(k, object)))
	if found {
		jobs.Delete(tx, string(idOf(k, object)))
	}
	return found
}
