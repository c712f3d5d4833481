package fx

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/money"
)

// residue is what the roundings of one currency and mode have left and what is not a
// whole minor unit yet.
type residue struct {
	ID    string // mode and currency
	Parts int64  // in 1/money.ResidueUnit minor units; less than one unit in size
}

func residueKey(currency money.Currency, live bool) string {
	if live {
		return "live-" + string(currency)
	}
	return "sandbox-" + string(currency)
}

// ResidueLock is the row that [Carry] decides on.
func ResidueLock(currency money.Currency, live bool) db.Lock {
	return residues.Lock(residueKey(currency, live))
}

// Carry adds parts (1/money.ResidueUnit minor units) to what roundings have left, and
// takes out the whole minor units that it then has, which may be negative: the caller
// posts them in the same commit. Name [ResidueLock] in that write.
func Carry(tx *db.Tx, currency money.Currency, live bool, parts int64) (whole int64) {
	if parts == 0 {
		return 0
	}
	key := residueKey(currency, live)
	r, found := residues.Get(tx, key)
	r.ID, r.Parts = key, r.Parts+parts
	whole = r.Parts / money.ResidueUnit
	r.Parts -= whole * money.ResidueUnit
	if found {
		residues.Update(tx, r)
	} else {
		residues.Insert(tx, r)
	}
	return whole
}

// Residues reads what is carried, by mode and currency such as "sandbox-USD".
func Residues(ctx context.Context, d *db.DB) (map[string]int64, error) {
	carried := map[string]int64{}
	err := residues.Each(ctx, d, "order by id", func(r *residue) error {
		carried[r.ID] = r.Parts
		return nil
	})
	return carried, err
}

// ResidueKey is how [Residues] names a currency and mode.
func ResidueKey(currency money.Currency, live bool) string { return residueKey(currency, live) }
