package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/merchant"
)

// BalanceOf reads what a merchant may dispose of in one mode.
type BalanceOf func(ctx context.Context, m id.Merchant, live bool) (*florinv1.Balance, error)

// Merchants serves MerchantService from room, and the balance from the ledger.
func Merchants(room *merchant.Room, balance BalanceOf) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterMerchantServiceHandler(server, merchants{room, balance})
	}
}

type merchants struct {
	room    *merchant.Room
	balance BalanceOf
}

// GetMerchant implements [florinv1connect.MerchantServiceHandler].
func (s merchants) GetMerchant(ctx context.Context, q *florinv1.GetMerchantRequest) (*florinv1.Merchant, error) {
	caller := callOf(ctx).Caller
	if q.Id != string(caller.Merchant) {
		return nil, fault.ErrNotFound
	}
	m, err := s.room.Get(ctx, caller.Merchant)
	if err != nil {
		return nil, err
	}
	return merchant.View(m, caller.Live), nil
}

// GetBalance implements [florinv1connect.MerchantServiceHandler].
func (s merchants) GetBalance(ctx context.Context, q *florinv1.GetBalanceRequest) (*florinv1.Balance, error) {
	caller := callOf(ctx).Caller
	if q.Id != string(caller.Merchant) {
		return nil, fault.ErrNotFound
	}
	return s.balance(ctx, caller.Merchant, caller.Live)
}
