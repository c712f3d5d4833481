package api

import (
	"context"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/timestamppb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/payer"
)

// Payers serves PayerService from room, and what was from log; persons keeps who claims to
// be a payer, on page.
func Payers(room *payer.Room, persons *identity.Room, page string, log *event.Log) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterPayerServiceHandler(server, payers{room, persons, page, log})
	}
}

type payers struct {
	room    *payer.Room
	persons *identity.Room // nil: this server has no pages
	page    string
	log     *event.Log
}

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
	if err == nil && !c.sees(p.ID) {
		err = fault.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return payer.View(p), nil
}

// ErrNoPages: persons cannot sign in here.
var ErrNoPages = fault.New(fault.Unavailable, "pages_closed", "This server has no pages, so nobody can redeem a claim. Its operator must give it its public address with --issuer.")

// CreatePayerClaim implements [florinv1connect.PayerServiceHandler].
func (s payers) CreatePayerClaim(ctx context.Context, q *florinv1.CreatePayerClaimRequest) (*florinv1.PayerClaim, error) {
	call := callOf(ctx)
	c := call.Caller
	if s.persons == nil {
		return nil, ErrNoPages
	}
	p, err := s.room.Get(ctx, c.Merchant, c.Live, id.Payer(q.Id))
	if err != nil {
		return nil, err
	}
	code, until, err := s.persons.ClaimPayer(ctx, c.Merchant, c.Live, p.ID, "", identity.Browser{Request: call.Request})
	if err != nil {
		return nil, err
	}
	return &florinv1.PayerClaim{
		Object: "payer_claim", Payer: string(p.ID), Code: code, Url: s.page + "#claim=" + code, ExpiresAt: timestamppb.New(until), Livemode: c.Live,
	}, nil
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
	past, err := momentOf(ctx, s.log, q)
	if err != nil {
		return nil, err
	}
	f.To = past.until(f.To)
	c := callOf(ctx).Caller
	list, next, err := s.room.List(ctx, c.Merchant, c.Live, f)
	if err != nil {
		return nil, p.blame(err)
	}
	shown, err := viewsAt(ctx, past, list, payer.View)
	return &florinv1.ListPayersResponse{Object: listObject, HasMore: next != "", Url: p.URL, NextCursor: next, Data: shown}, err
}
