package wallet

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/ledger"
)

// View is w with the balances of its account in the contract's words.
func View(w Wallet, a ledger.Account, now time.Time) *florinv1.Wallet {
	return &florinv1.Wallet{
		Id:              string(w.ID),
		Object:          "wallet",
		Payer:           string(w.Payer),
		Currency:        string(w.Currency),
		Balance:         a.Posted,
		Available:       a.Available(),
		LimitPerPayment: w.Limits.PerPayment,
		LimitPerDay:     w.Limits.PerDay,
		SpentToday:      w.SpentOn(now),
		Account:         string(w.Account().ID()),
		CreatedAt:       timestamppb.New(w.CreatedAt),
		Livemode:        w.Live,
		Sequence:        w.Sequence,
	}
}

// ViewNow is [View] with the balances of this moment.
func (d *Desk) ViewNow(ctx context.Context, w Wallet) (*florinv1.Wallet, error) {
	list, err := d.ViewAll(ctx, []Wallet{w})
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// ViewAll is [Desk.ViewNow] of each, with one query.
func (d *Desk) ViewAll(ctx context.Context, list []Wallet) ([]*florinv1.Wallet, error) {
	names := make([]ledger.Name, len(list))
	for i, w := range list {
		names[i] = w.Account()
	}
	accounts, err := d.book.NamedAll(ctx, names)
	if err != nil {
		return nil, err
	}
	views, now := make([]*florinv1.Wallet, len(list)), d.clock.Now()
	for i, w := range list {
		views[i] = View(w, accounts[i], now)
	}
	return views, nil
}
