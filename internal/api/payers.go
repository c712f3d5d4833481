package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/payer"
)

// Payers serves PayerService from room.
func Payers(room *payer.Room) Service {
	return func(server *connect.Server) { florinv1connect.RegisterPayerServiceHandler(server, payers{room}) }
}

type payers struct{ room *payer.Room }

// CreatePayer implements [florinv1connect.PayerServiceHandler].
func (s payers) CreatePayer(ctx context.Context, q *florinv1.CreatePayerRequest) (*florinv1.Payer, error) {
	call := callOf(ctx)
	p, err := s.room.Create(ctx, payer.Draft{
		Merchant: call.Caller.Merchant, Live: call.Caller.Live, Name: q.Name, Email: q.Email,
		Reference: q.Reference, Metadata: q.Metadata, Once: call.Once, Origin: call.Origin(),
	})
	if err != nil {
		return nil, err
	}
	return payer.View(p), nil
}

// GetPayer implements [florinv1connect.PayerServiceHandler].
func (s payers) GetPayer(ctx context.Context, q *florinv1.GetPayerRequest) (*florinv1.Payer, error) {
	c := callOf(ctx).Caller
	p, err := s.room.Get(ctx, c.Merchant, c.Live, id.Payer(q.Id))
	if err != nil {
		return nil, err
	}
	return payer.View(p), nil
}

// ListPayers implements [florinv1connect.PayerServiceHandler].
func (s payers) ListPayers(ctx context.Context, q *florinv1.ListPayersRequest) (*florinv1.ListPayersResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	f := payer.Filter{Page: p.page(), Reference: q.Reference, Email: q.Email, Metadata: q.Metadata}
	if f.From, f.To, err = timesOf(q); err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	list, next, err := s.room.List(ctx, c.Merchant, c.Live, f)
	if err != nil {
		return nil, p.blame(err)
	}
	return &florinv1.ListPayersResponse{Object: listObject, HasMore: next != "", Url: p.URL, NextCursor: next, Data: views(list, payer.View)}, nil
}
