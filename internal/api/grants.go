package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
)

// Grants serves GrantService from room, and what was from log.
func Grants(room *grant.Room, c clock.Clock, log *event.Log) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterGrantServiceHandler(server, grants{room, c, log})
	}
}

type grants struct {
	room  *grant.Room
	clock clock.Clock
	log   *event.Log
}

// GetGrant implements [florinv1connect.GrantServiceHandler].
func (s grants) GetGrant(ctx context.Context, q *florinv1.GetGrantRequest) (*florinv1.Grant, error) {
	g, err := s.get(ctx, q.Id)
	if err != nil {
		return nil, err
	}
	return grant.View(g, s.clock.Now()), nil
}

// get reads a grant that the caller may see: one by a grant sees that one only.
func (s grants) get(ctx context.Context, key string) (grant.Grant, error) {
	c := callOf(ctx).Caller
	if c.Use != nil && key != string(c.Use.Grant) {
		return grant.Grant{}, fault.ErrNotFound
	}
	return s.room.Get(ctx, c.Merchant, c.Live, id.Grant(key))
}

// ListGrants implements [florinv1connect.GrantServiceHandler].
func (s grants) ListGrants(ctx context.Context, q *florinv1.ListGrantsRequest) (*florinv1.ListGrantsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	past, err := momentOf(ctx, s.log, q)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	var list []grant.Grant
	var next string
	if c.Use != nil {
		list, err = s.own(ctx, p, q)
	} else {
		list, next, err = s.room.List(ctx, c.Merchant, c.Live, grant.Filter{Page: p.page(), Payer: id.Payer(q.Payer), Client: id.Client(q.Client), To: past.at})
		err = p.blame(err)
	}
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	shown, err := viewsAt(ctx, past, list, func(g grant.Grant) *florinv1.Grant { return grant.View(g, now) })
	return &florinv1.ListGrantsResponse{Object: listObject, HasMore: next != "", Url: p.URL, NextCursor: next, Data: shown}, err
}

// own is the list that a caller by a grant sees: that grant, unless the page begins
// behind it or asks for others.
func (s grants) own(ctx context.Context, p span, q *florinv1.ListGrantsRequest) ([]grant.Grant, error) {
	key := string(callOf(ctx).Caller.Use.Grant)
	if cursor := p.After + p.Before; cursor != "" {
		if cursor != key {
			return nil, p.blame(fault.ErrNotFound)
		}
		return nil, nil
	}
	g, err := s.get(ctx, key)
	if err != nil || q.Payer != "" && q.Payer != string(g.Payer) || q.Client != "" && q.Client != string(g.Client) {
		return nil, err
	}
	return []grant.Grant{g}, nil
}

// RevokeGrant implements [florinv1connect.GrantServiceHandler].
func (s grants) RevokeGrant(ctx context.Context, q *florinv1.RevokeGrantRequest) (*florinv1.Grant, error) {
	call := callOf(ctx)
	if _, err := s.get(ctx, q.Id); err != nil {
		return nil, err
	}
	by := grant.ByMerchant
	if call.Caller.Use != nil {
		by = grant.ByClient
	}
	g, err := s.room.Revoke(ctx, call.Caller.Merchant, call.Caller.Live, id.Grant(q.Id), grant.Ending{By: by, Origin: call.Origin()})
	if err != nil {
		return nil, err
	}
	return grant.View(g, s.clock.Now()), nil
}
