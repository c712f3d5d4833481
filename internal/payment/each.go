package payment

import (
	"context"
	"slices"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// eachPage is how many payments Each holds at once.
const eachPage = 500

// Each gives fn a merchant's payments that hold f, oldest first and each once, a page
// at a time; f.Page is not looked at. It holds one page and no transaction: however
// long fn takes, nobody waits for it. Payments that are made after it began are not
// among them. One that changes meanwhile is given as its page found it, and one that
// begins or ceases to hold f may be missing. It returns the error of ctx, of fn or of
// the database.
func (d *Desk) Each(ctx context.Context, merchant id.Merchant, live bool, f Filter, fn func([]Payment) error) error {
	newest, _, err := d.List(ctx, merchant, live, Filter{Page: Page{Limit: 1}})
	if err != nil || len(newest) == 0 {
		return err
	}
	s := d.search(merchant, live, f)
	s.Limit, s.Back = eachPage, true
	if end := string(newest[0].ID) + "~"; s.Under == "" || end < s.Under { // right behind the newest, which is given too
		s.Under = end
	}
	for {
		list, next, err := db.Walk(ctx, d.db, payments, s)
		if err != nil {
			return err
		}
		slices.Reverse(list) // a walk shows the newest first
		if err := fn(list); err != nil || next == "" {
			return err
		}
		s.Over = next
	}
}
