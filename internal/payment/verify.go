package payment

import (
	"context"
	"fmt"

	"github.com/florinpay/florin/internal/db"
)

// Verify compares every payment with the ledger: what it says was captured is what
// was posted for it. It returns the number of payments and the first difference as
// text, "" for none.
func Verify(ctx context.Context, d *db.DB) (count int64, finding string, err error) {
	posted, err := postedByCause(ctx, d)
	if err != nil {
		return 0, "", err
	}
	err = payments.Each(ctx, d, "order by id", func(p *Payment) error {
		count++
		got := posted[string(p.ID)]
		delete(posted, string(p.ID))
		if finding == "" && got != p.Captured {
			finding = fmt.Sprintf("payment %s says %s were captured, the ledger posted %s", p.ID, p.money(p.Captured), p.money(got))
		}
		if finding == "" && (p.Captured < 0 || p.Captured > p.Amount.Minor || p.Refunded+p.Refunding > p.Captured || p.Refunded < 0 || p.Refunding < 0) {
			finding = fmt.Sprintf("payment %s captured or refunded more than it may", p.ID)
		}
		return nil
	})
	for cause := range posted {
		if finding == "" {
			finding = fmt.Sprintf("the ledger posted money for the payment %s, which is not there", cause)
		}
	}
	return count, finding, err
}
