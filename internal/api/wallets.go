package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/wallet"
)

// Wallets serves WalletService from desk; top-ups are payments.
func Wallets(desk *wallet.Desk, till *payment.Desk, entry CardEntry, e Expander) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterWalletServiceHandler(server, wallets{desk, till, entry, e})
	}
}

type wallets struct {
	desk   *wallet.Desk
	till   *payment.Desk
	entry  CardEntry
	expand Expander
}

func (s wallets) answer(ctx context.Context, w wallet.Wallet, err error) (*florinv1.Wallet, error) {
	if err != nil {
		return nil, err
	}
	return s.desk.ViewNow(ctx, w)
}

// CreateWallet implements [florinv1connect.WalletServiceHandler].
func (s wallets) CreateWallet(ctx context.Context, q *florinv1.CreateWalletRequest) (*florinv1.Wallet, error) {
	call := callOf(ctx)
	w, err := s.desk.Create(ctx, wallet.Draft{
		Merchant: call.Caller.Merchant, Live: call.Caller.Live, Payer: id.Payer(q.Payer), Currency: q.Currency,
		Limits: wallet.Limits{PerPayment: q.LimitPerPayment, PerDay: q.LimitPerDay}, Once: call.Once, Origin: call.Origin(),
	})
	return s.answer(ctx, w, err)
}

// GetWallet implements [florinv1connect.WalletServiceHandler].
func (s wallets) GetWallet(ctx context.Context, q *florinv1.GetWalletRequest) (*florinv1.Wallet, error) {
	wanted, err := openingOf(ctx, q.Expand, ofWallet)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	w, err := s.desk.Get(ctx, c.Merchant, c.Live, id.Wallet(q.Id))
	if err == nil && !c.sees(w.Payer) {
		err = fault.ErrNotFound
	}
	shown, err := s.answer(ctx, w, err)
	if err != nil {
		return nil, err
	}
	return shown, s.expand.ofWallets(ctx, []*florinv1.Wallet{shown}, wanted)
}

// ListWallets implements [florinv1connect.WalletServiceHandler].
func (s wallets) ListWallets(ctx context.Context, q *florinv1.ListWalletsRequest) (*florinv1.ListWalletsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	wanted, err := openingOf(ctx, q.Expand, ofWallet)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	f := wallet.Filter{Page: p.page(), Payer: id.Payer(q.Payer), Currency: q.Currency}
	if c.Use != nil {
		if q.Payer != "" && q.Payer != string(c.Use.Payer) {
			return &florinv1.ListWalletsResponse{Object: listObject, Url: p.URL}, nil // none that it may see
		}
		f.Payer = c.Use.Payer
		if err := s.within(ctx, p); err != nil {
			return nil, p.blame(err)
		}
	}
	list, next, err := s.desk.List(ctx, c.Merchant, c.Live, f)
	if err != nil {
		return nil, p.blame(err)
	}
	shown, err := s.desk.ViewAll(ctx, list)
	if err != nil {
		return nil, err
	}
	return &florinv1.ListWalletsResponse{Object: listObject, HasMore: next != "", Url: p.URL, NextCursor: next, Data: shown},
		s.expand.ofWallets(ctx, shown, wanted)
}

// within refuses a page that begins at a wallet which the caller may not see.
func (s wallets) within(ctx context.Context, p span) error {
	c := callOf(ctx).Caller
	if p.After+p.Before == "" {
		return nil
	}
	w, err := s.desk.Get(ctx, c.Merchant, c.Live, id.Wallet(p.After+p.Before))
	if err == nil && !c.sees(w.Payer) {
		err = fault.ErrNotFound
	}
	return err
}

// LimitWallet implements [florinv1connect.WalletServiceHandler].
func (s wallets) LimitWallet(ctx context.Context, q *florinv1.LimitWalletRequest) (*florinv1.Wallet, error) {
	call := callOf(ctx)
	w, err := s.desk.Limit(ctx, call.Caller.Merchant, call.Caller.Live, id.Wallet(q.Id), wallet.Change{
		PerPayment: q.LimitPerPayment, PerDay: q.LimitPerDay, Once: call.Once, Origin: call.Origin(),
	})
	return s.answer(ctx, w, err)
}

// TopUpWallet implements [florinv1connect.WalletServiceHandler].
func (s wallets) TopUpWallet(ctx context.Context, q *florinv1.TopUpWalletRequest) (*florinv1.Payment, error) {
	call := callOf(ctx)
	w, err := s.desk.Get(ctx, call.Caller.Merchant, call.Caller.Live, id.Wallet(q.Id))
	if err != nil {
		return nil, err
	}
	from, err := s.entry.source(ctx, q.Source, presented{})
	if err != nil {
		return nil, err
	}
	return paymentAnswer(s.till.Create(ctx, from.order(payment.Order{
		Caller: call.caller(), Amount: q.GetAmount(), Currency: string(w.Currency), Destination: w.ID,
	})))
}

// SendFromWallet implements [florinv1connect.WalletServiceHandler].
func (s wallets) SendFromWallet(ctx context.Context, q *florinv1.SendFromWalletRequest) (*florinv1.Transfer, error) {
	call := callOf(ctx)
	t, err := s.desk.Send(ctx, call.Caller.Merchant, call.Caller.Live, wallet.Sending{
		From: id.Wallet(q.Id), To: id.Wallet(q.To), Amount: q.GetAmount(), Once: call.Once, Origin: call.Origin(),
	})
	if err != nil {
		return nil, err
	}
	return ledger.View(t, call.Caller.Live), nil
}
