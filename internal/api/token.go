package api

import (
	"context"
	"errors"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/oauth"
)

// Refusals of an access token, by OAuth's own codes. The sentences tell the client's
// developer what a guesser knows already.
var (
	ErrToken = fault.New(fault.Unauthenticated, "invalid_token", "The access token is invalid, expired or revoked. Get another one.")
	ErrProof = fault.New(fault.Unauthenticated, "invalid_dpop_proof", "The DPoP proof is missing or does not fit the call.")
	ErrNonce = fault.New(fault.Unauthenticated, "use_dpop_nonce", "Send a DPoP proof with the nonce of the DPoP-Nonce header.")
)

var tokenFaults = map[string]*fault.Fault{ErrToken.Code: ErrToken, ErrProof.Code: ErrProof, ErrNonce.Code: ErrNonce}

// admitToken makes an access token a caller. Source: RFC 6750 §3, RFC 9449 §7, §8.2.
func (s *Server) admitToken(ctx context.Context, call *Call, answer *connect.Header) error {
	access, err := s.Tokens.Check(ctx, call.http, call.shown.text, call.shown.scheme)
	if call.shown.scheme == schemeDPoP {
		if nonce, failed := s.Tokens.Nonce(ctx); failed == nil {
			answer.Set("DPoP-Nonce", nonce)
		}
	}
	if err != nil {
		return call.refuseToken(err)
	}
	if access.Merchant == "" {
		return ErrToken.With("The access token is for no merchant's objects.")
	}
	call.Caller = Caller{Client: access.Client, Merchant: access.Merchant, Live: access.Live, Scopes: apikey.ScopesOf(access.Scopes)}
	if access.Payer != "" {
		call.Caller.Use = &grant.Use{Grant: access.Grant, Payer: access.Payer}
	}
	call.proof = access.Proof
	call.share = s.ClientShare
	call.share.Allowance = string(access.Client)
	return nil
}

// refuseToken makes a refusal of the call's token, if err is one, the API's, with what
// the answer's header has to say.
func (c *Call) refuseToken(err error) error {
	if refusal, ok := errors.AsType[*oauth.Fail](err); ok {
		c.challenge = refusal.Challenge(c.shown.scheme)
	}
	return tokenFault(err)
}

// tokenFault says a refusal of a token in the API's words.
func tokenFault(err error) error {
	refusal, ok := errors.AsType[*oauth.Fail](err)
	if !ok {
		return err
	}
	if f := tokenFaults[refusal.Code]; f != nil {
		return f.With("%s", refusal.Text)
	}
	return fault.ErrUnavailable.WithCause(refusal)
}
