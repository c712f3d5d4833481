package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/vault"
)

// Cards serves CardService from the entry's vault.
func Cards(entry CardEntry) Service {
	return func(server *connect.Server) { florinv1connect.RegisterCardServiceHandler(server, cards{entry}) }
}

type cards struct{ entry CardEntry }

func (c *Call) owner() vault.Owner {
	return vault.Owner{Merchant: c.Caller.Merchant, Live: c.Caller.Live}
}

// CreateCard implements [florinv1connect.CardServiceHandler].
func (s cards) CreateCard(ctx context.Context, q *florinv1.CreateCardRequest) (*florinv1.Card, error) {
	data, err := presented{number: q.CardNumber, expiry: q.ExpiryDate}.parse(false)
	if err != nil {
		return nil, err
	}
	defer data.wipe()
	call := callOf(ctx)
	c, err := s.entry.Vault.Keep(ctx, vault.Keeping{
		Owner: call.owner(), Number: data.number, Expiry: data.expiry, Once: call.Once, Origin: call.Origin(),
	})
	if err != nil {
		return nil, err
	}
	return vault.View(c), nil
}

// GetCard implements [florinv1connect.CardServiceHandler].
func (s cards) GetCard(ctx context.Context, q *florinv1.GetCardRequest) (*florinv1.Card, error) {
	c, err := s.entry.Vault.Get(ctx, callOf(ctx).owner(), id.Card(q.Id))
	if err != nil {
		return nil, err
	}
	return vault.View(c), nil
}

// DeleteCard implements [florinv1connect.CardServiceHandler].
func (s cards) DeleteCard(ctx context.Context, q *florinv1.DeleteCardRequest) (*florinv1.DeletedCard, error) {
	call := callOf(ctx)
	if err := s.entry.Vault.Delete(ctx, call.owner(), id.Card(q.Id), call.Origin()); err != nil {
		return nil, err
	}
	return &florinv1.DeletedCard{Id: q.Id, Object: "card", Deleted: true}, nil
}
