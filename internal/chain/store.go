// Package chain keeps the ends of the hash-chained tables: of each the last number,
// the hash that the next row follows, and an instant. A commit that appends locks the
// end first, so numbers have no gaps and follow the order of the commits. The ends
// share one table, so that a commit which moves both writes one page.
package chain

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
)

// Name says which chain.
type Name string

// The chains. The migration makes their rows.
const (
	Events    Name = "event"
	Transfers Name = "transfer"
)

// End is the end of a chain.
type End struct {
	name     Name
	Sequence int64     // number of the last row, from 1; 0 before the first
	Hash     []byte    // of the last row; 32 zero bytes before the first
	At       time.Time // of the last row; kept for transfers only
}

var ends = db.NewTable("chain", func(e *End, f *db.Fields) {
	db.Text(f, "name", &e.name)
	f.Mutable()
	db.Int(f, "sequence", &e.Sequence)
	db.Bytes(f, "hash", &e.Hash)
	db.Time(f, "at", &e.At)
})

// Lock is the end's row.
func Lock(n Name) db.Lock { return ends.Lock(string(n)) }

// Of is the end as the write sees it; its row must be locked.
func Of(tx *db.Tx, n Name) End {
	e, found := ends.Get(tx, string(n))
	if !found {
		panic("chain: the end of " + string(n) + " has no row")
	}
	return e
}

// Put stores e, which [Of] gave.
func (e End) Put(tx *db.Tx) { ends.Update(tx, e) }

// Read is the end as it is stored.
func Read(ctx context.Context, d *db.DB, n Name) (End, bool, error) {
	return ends.First(ctx, d, "where name = $1", string(n))
}
