package api

import (
	"context"
	"strings"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/internal/fault"
)

const (
	credentialMax = 16 << 10 // more bytes than any key or token has

	schemeBearer = "Bearer"
	schemeDPoP   = "DPoP"
	keyPrefix    = "fl_" // of every API key
)

// ErrNotByGrant: what a payer allowed does not reach what is the merchant's.
var ErrNotByGrant = fault.New(fault.Forbidden, "not_by_grant", "A payer's grant does not allow this call: it is about what is the merchant's. Use the merchant's API key.")

// admit turns the API key or the access token of the Authorization header into a caller,
// and lets it pass if it may call the method at all. A credential anywhere else is not
// looked at. Source: RFC 6750 §2.1.
func (s *Server) admit(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		call := callOf(ctx)
		info, _ := connect.CallInfoForServerContext(ctx)
		shown, err := credentialOf(info.RequestHeader().Values("Authorization"))
		if err != nil {
			return err
		}
		call.shown = shown
		if s.isToken(shown) {
			err = s.admitToken(ctx, call, info.ResponseHeader())
		} else {
			err = s.admitKey(ctx, call)
		}
		if err != nil {
			return err
		}
		m := s.methods[spec.Procedure]
		call.method, call.URL = m, m.url
		switch c := &call.Caller; {
		case c.Use != nil && !m.rule.ByGrant:
			return ErrNotByGrant
		case !c.Scopes.Has(m.rule.Scope):
			return lacks(ctx, m.rule.Scope, "this call")
		}
		return next(ctx, spec, stream)
	}
}

func (s *Server) admitKey(ctx context.Context, call *Call) error {
	if call.shown.scheme != schemeBearer {
		return fault.ErrNoCredentials
	}
	key, err := s.Keys.Authenticate(ctx, call.shown.text)
	if err != nil {
		return err
	}
	call.key, call.share = key, key.Share()
	call.Caller = Caller{Key: key.ID, Merchant: key.Merchant, Live: key.Live, Scopes: key.Scopes}
	return nil
}

// still reports why the credential of a call that goes on is not good any more, or nil.
func (s *Server) still(ctx context.Context, call *Call) error {
	if !s.isToken(call.shown) {
		_, err := s.Keys.Authenticate(ctx, call.shown.text)
		return err
	}
	return tokenFault(s.Tokens.Alive(ctx, call.shown.text))
}

// lacks refuses a caller that may not do what what says.
func lacks(ctx context.Context, scope, what string) error {
	if info, ok := connect.CallInfoForServerContext(ctx); ok {
		scheme := callOf(ctx).shown.scheme // Source: RFC 9449 §7.1
		info.ResponseHeader().Set("WWW-Authenticate", scheme+realm+`, error="insufficient_scope", scope="`+scope+`"`)
	}
	return fault.ErrScope.With("The %s lacks the scope %s, which %s needs.", callOf(ctx).Caller.credential(), scope, what)
}

// credential is what an Authorization header carries.
type credential struct{ scheme, text string }

// isToken reports whether a credential has the form of an access token, if there are any.
func (s *Server) isToken(c credential) bool {
	return s.Tokens != nil && (c.scheme == schemeDPoP || !strings.HasPrefix(c.text, keyPrefix) && strings.Count(c.text, ".") == 2)
}

// credentialOf takes the credential out of the header. Errors: fault.ErrNoCredentials,
// fault.ErrBadCredentials.
func credentialOf(header []string) (c credential, err error) {
	if len(header) == 0 {
		return c, fault.ErrNoCredentials
	}
	if len(header) > 1 {
		return c, fault.ErrBadCredentials.With("Send exactly one Authorization header.")
	}
	scheme, text, _ := strings.Cut(header[0], " ")
	c.text = strings.TrimLeft(text, " ")
	switch {
	case strings.EqualFold(scheme, schemeBearer):
		c.scheme = schemeBearer
	case strings.EqualFold(scheme, schemeDPoP):
		c.scheme = schemeDPoP
	}
	switch {
	case c.scheme == "" || c.text == "":
		return c, fault.ErrNoCredentials
	case len(c.text) > credentialMax:
		return c, fault.ErrBadCredentials
	}
	return c, nil
}
