package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/id"
)

// Quotes serves QuoteService from room.
func Quotes(room *fx.Room) Service {
	return func(server *connect.Server) { florinv1connect.RegisterQuoteServiceHandler(server, quotes{room}) }
}

type quotes struct{ room *fx.Room }

// CreateQuote implements [florinv1connect.QuoteServiceHandler].
func (s quotes) CreateQuote(ctx context.Context, q *florinv1.CreateQuoteRequest) (*florinv1.Quote, error) {
	call := callOf(ctx)
	made, err := s.room.Create(ctx, fx.Draft{
		Merchant: call.Caller.Merchant, Live: call.Caller.Live, Amount: q.GetAmount(), Currency: q.Currency, To: q.SettlementCurrency,
		Once: call.Once, Origin: call.Origin(),
	})
	if err != nil {
		return nil, err
	}
	return fx.View(made, made.CreatedAt), nil
}

// GetQuote implements [florinv1connect.QuoteServiceHandler].
func (s quotes) GetQuote(ctx context.Context, q *florinv1.GetQuoteRequest) (*florinv1.Quote, error) {
	c := callOf(ctx).Caller
	return s.room.Read(ctx, c.Merchant, c.Live, id.Quote(q.Id))
}
