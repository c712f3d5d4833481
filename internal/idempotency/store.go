package idempotency

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
)

var records = db.NewTable("idempotency", func(r *record, f *db.Fields) {
	db.Text(f, "id", &r.id)
	db.Bytes(f, "fingerprint", &r.fingerprint)
	db.Time(f, "created_at", &r.createdAt)
	f.Mutable()
	db.Text(f, "object", &r.object)
	db.Int(f, "status", &r.status)
	db.Int(f, "sequence", &r.sequence)
	db.Bytes(f, "answer", &r.answer)
})

// Sweep forgets up to limit keys older than [KeepFor] and returns how many.
func Sweep(ctx context.Context, d *db.DB, now time.Time, limit int) (int, error) {
	old, err := records.Select(ctx, d, "where created_at < $1 order by created_at limit $2", db.Micros(now.Add(-KeepFor)), limit)
	if err != nil || len(old) == 0 {
		return 0, err
	}
	locks := make([]db.Lock, len(old))
	for i, r := range old {
		locks[i] = records.Lock(r.id)
	}
	return len(old), d.Write(ctx, locks, func(tx *db.Tx) error {
		for _, r := range old {
			// Another sweeper may have been faster, and its caller may have used the key anew.
			if row, found := records.Get(tx, r.id); found && row.createdAt.Equal(r.createdAt) {
				records.Delete(tx, r.id)
			}
		}
		return nil
	})
}

// Seen is Check outside any write: nil if the key has no record. It answers a
// retry whose request could not get as far as its write any more, because the
// world has changed since.
func (k *Key) Seen(ctx context.Context, d *db.DB) error {
	if k == nil {
		return nil
	}
	r, found, err := records.First(ctx, d, "where id = $1", k.id)
	if err != nil || !found {
		return err
	}
	return k.answer(r)
}
