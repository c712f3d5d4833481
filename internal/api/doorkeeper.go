package api

import (
	"context"
	"strings"

	"connectrpc.com/connect/v2"

	"github.com/florinpay/florin/internal/fault"
)

// credentialMax is more than any key or token is long, in bytes.
const credentialMax = 4096

// admit turns the key of the Authorization header into a caller, and lets it
// pass if it may call the method at all. A key anywhere else is not looked at.
// Source: RFC 6750 §2.1.
func (s *Server) admit(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		call := callOf(ctx)
		info, _ := connect.CallInfoForServerContext(ctx)
		secret, err := bearer(info.RequestHeader().Values("Authorization"))
		if err != nil {
			return err
		}
		key, err := s.Keys.Authenticate(ctx, secret)
		if err != nil {
			return err
		}
		m := s.methods[spec.Procedure]
		call.key, call.secret, call.method, call.URL = key, secret, m, m.url
		call.Caller = Caller{Key: key.ID, Merchant: key.Merchant, Live: key.Live, Scopes: key.Scopes}
		if !key.Scopes.Has(m.rule.Scope) {
			return lacks(ctx, m.rule.Scope, "this call")
		}
		return next(ctx, spec, stream)
	}
}

// lacks refuses a key that may not do what what says.
func lacks(ctx context.Context, scope, what string) error {
	if info, ok := connect.CallInfoForServerContext(ctx); ok {
		info.ResponseHeader().Set("WWW-Authenticate", authenticate+`, error="insufficient_scope", scope="`+scope+`"`)
	}
	return fault.ErrScope.With("The API key lacks the scope %s, which %s needs.", scope, what)
}

// bearer takes the credential out of the header. Errors: fault.ErrNoCredentials,
// fault.ErrBadCredentials.
func bearer(header []string) (string, error) {
	if len(header) == 0 {
		return "", fault.ErrNoCredentials
	}
	if len(header) > 1 {
		return "", fault.ErrBadCredentials.With("Send exactly one Authorization header.")
	}
	scheme, credential, _ := strings.Cut(header[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", fault.ErrNoCredentials
	}
	credential = strings.TrimLeft(credential, " ")
	if credential == "" {
		return "", fault.ErrNoCredentials
	}
	if len(credential) > credentialMax {
		return "", fault.ErrBadCredentials
	}
	return credential, nil
}
