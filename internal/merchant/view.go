package merchant

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
)

// View is m in the contract's words, for a key of that mode.
func View(m Merchant, live bool) *florinv1.Merchant {
	return &florinv1.Merchant{
		Id:           string(m.ID),
		Object:       "merchant",
		Name:         m.Name,
		Country:      m.Country,
		State:        string(m.State),
		CardFeeBps:   int32(m.CardFeeBps), // at most 10_000
		CardFeeFixed: m.CardFeeFixedMinor,
		WalletFeeBps: int32(m.WalletFeeBps), // at most 10_000
		AmountMax:    m.AmountMaxMinor,
		CreatedAt:    timestamppb.New(m.CreatedAt),
		Livemode:     live,
		Sequence:     m.sequence(live),
	}
}

// sequence is the number of the last event about m in a mode: both have one of each thing
// that happens, the live one after the other.
func (m *Merchant) sequence(live bool) int64 {
	if live && m.Sequence > 0 {
		return m.Sequence + 1
	}
	return m.Sequence
}

// tell writes what happened to m into the log, once for each mode: who reads one mode
// sees nothing of the other. It comes before m is stored, which keeps the first number.
func tell(tx *db.Tx, kind string, m *Merchant, now time.Time) {
	for _, live := range []bool{false, true} {
		sequence := event.Append(tx, event.Fact{
			Merchant: m.ID, Live: live, Type: kind, Object: string(m.ID), At: now,
			Data: &florinv1.EventData{Object: &florinv1.EventData_Merchant{Merchant: View(*m, live)}},
		})
		if !live {
			m.Sequence = sequence
		}
	}
}
