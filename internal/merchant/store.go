package merchant

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

var merchants = db.NewTable("merchant", func(m *Merchant, f *db.Fields) {
	db.Text(f, "id", &m.ID)
	db.Time(f, "created_at", &m.CreatedAt)
	db.Text(f, "name", &m.Name)
	db.Text(f, "country", &m.Country)
	db.Int(f, "card_fee_bps", &m.CardFeeBps)
	db.Int(f, "card_fee_fixed_minor", &m.CardFeeFixedMinor)
	db.Int(f, "wallet_fee_bps", &m.WalletFeeBps)
	db.Int(f, "amount_max_minor", &m.AmountMaxMinor)
	f.Mutable()
	db.Text(f, "state", &m.State)
	db.Int(f, "sequence", &m.Sequence)
})

func lock(key id.Merchant) db.Lock { return merchants.Lock(string(key)) }

func (r *Room) byID(ctx context.Context, key id.Merchant) (Merchant, bool, error) {
	return merchants.First(ctx, r.db, "where id = $1", string(key))
}
