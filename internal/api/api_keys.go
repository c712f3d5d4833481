package api

import (
	"context"
	"time"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/wire"
)

// overlapDefault is how long a rotated key lives on if the request does not say.
const overlapDefault = 24 * time.Hour

// APIKeys serves ApiKeyService from room, and what was from log.
func APIKeys(room *apikey.Room, log *event.Log) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterApiKeyServiceHandler(server, apiKeys{room, log})
	}
}

type apiKeys struct {
	room *apikey.Room
	log  *event.Log
}

// CreateApiKey implements [florinv1connect.ApiKeyServiceHandler]. The new key
// is held to the limits of the key that makes it, and draws on its allowance.
func (s apiKeys) CreateApiKey(ctx context.Context, q *florinv1.CreateApiKeyRequest) (*florinv1.ApiKey, error) {
	call := callOf(ctx)
	scopes, err := apikey.ParseScopes(q.Scopes)
	if err != nil {
		return nil, err
	}
	if !scopes.Within(call.Caller.Scopes) {
		return nil, fault.ErrScope.With("A key can hand out only scopes that it has itself.").
			WithField("/scopes", wire.CodeNotAllowed, "Leave out the scopes that the calling key lacks.")
	}
	k, secret, err := s.room.Create(ctx, apikey.Draft{
		Merchant: call.Caller.Merchant, Live: call.Caller.Live, Name: q.Name, Scopes: scopes,
		RatePerSecond: call.key.RatePerSecond, Burst: call.key.Burst, Allowance: call.key.Allowance,
		Maker: call.maker(), Origin: call.Origin(),
	})
	if err != nil {
		return nil, err
	}
	return shownOnce(k, secret), nil
}

// GetApiKey implements [florinv1connect.ApiKeyServiceHandler].
func (s apiKeys) GetApiKey(ctx context.Context, q *florinv1.GetApiKeyRequest) (*florinv1.ApiKey, error) {
	k, err := s.get(ctx, q.Id)
	if err != nil {
		return nil, err
	}
	return apikey.View(k), nil
}

// ListApiKeys implements [florinv1connect.ApiKeyServiceHandler].
func (s apiKeys) ListApiKeys(ctx context.Context, q *florinv1.ListApiKeysRequest) (*florinv1.ListApiKeysResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	past, err := momentOf(ctx, s.log, q)
	if err != nil {
		return nil, err
	}
	caller := callOf(ctx).Caller
	list, more, err := s.room.List(ctx, caller.Merchant, caller.Live, apikey.Page{
		Limit: p.Limit, After: id.APIKey(p.After), Before: id.APIKey(p.Before), To: past.at,
	})
	if err != nil {
		return nil, p.blame(err)
	}
	next := farthest(p, views(list, apikey.View), more)
	shown, err := viewsAt(ctx, past, list, apikey.View)
	return &florinv1.ListApiKeysResponse{Object: listObject, HasMore: more, Url: p.URL, NextCursor: next, Data: shown}, err
}

// RotateApiKey implements [florinv1connect.ApiKeyServiceHandler].
func (s apiKeys) RotateApiKey(ctx context.Context, q *florinv1.RotateApiKeyRequest) (*florinv1.ApiKey, error) {
	call := callOf(ctx)
	old, err := s.noStronger(ctx, q.Id) // the answer lets its reader do all that the key may
	if err != nil {
		return nil, err
	}
	overlap := overlapDefault
	if q.OverlapSeconds != nil {
		overlap = time.Duration(*q.OverlapSeconds) * time.Second
	}
	k, secret, err := s.room.Rotate(ctx, apikey.Rotation{
		Merchant: call.Caller.Merchant, Live: call.Caller.Live, Key: old.ID, Overlap: overlap, Maker: call.maker(), Origin: call.Origin(),
	})
	if err != nil {
		return nil, err
	}
	return shownOnce(k, secret), nil
}

// RevokeApiKey implements [florinv1connect.ApiKeyServiceHandler].
func (s apiKeys) RevokeApiKey(ctx context.Context, q *florinv1.RevokeApiKeyRequest) (*florinv1.ApiKey, error) {
	call := callOf(ctx)
	old, err := s.noStronger(ctx, q.Id) // who cannot do what a key does cannot stop it either
	if err != nil {
		return nil, err
	}
	k, err := s.room.Revoke(ctx, call.Caller.Merchant, call.Caller.Live, old.ID, call.Origin())
	if err != nil {
		return nil, err
	}
	return apikey.View(k), nil
}

func (s apiKeys) get(ctx context.Context, key string) (apikey.Key, error) {
	caller := callOf(ctx).Caller
	return s.room.Get(ctx, caller.Merchant, caller.Live, id.APIKey(key))
}

// noStronger is the merchant's key of that id, if it can do no more than the caller.
func (s apiKeys) noStronger(ctx context.Context, key string) (apikey.Key, error) {
	k, err := s.get(ctx, key)
	if err == nil && !k.Scopes.Within(callOf(ctx).Caller.Scopes) {
		err = fault.ErrScope.With("A key can rotate and revoke only keys whose scopes it has itself. Use a key that has them, or ask the operator.")
	}
	return k, err
}

// maker names the call's key and request for the keys that they make.
func (c *Call) maker() apikey.Maker { return apikey.Maker{Secret: c.shown.text, Once: c.Once} }

func shownOnce(k apikey.Key, secret string) *florinv1.ApiKey {
	v := apikey.View(k)
	v.Secret = secret
	return v
}
