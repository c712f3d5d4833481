package oauth

import (
	"context"
	"mime"
	"strings"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
)

// introspection is what a client learns of a token of its own. Source: RFC 7662 §2.2.
type introspection struct {
	Active   bool     `json:"active"`
	Issuer   string   `json:"iss,omitempty"`
	Subject  string   `json:"sub,omitempty"`
	Audience string   `json:"aud,omitempty"`
	Client   string   `json:"client_id,omitempty"`
	Scope    string   `json:"scope,omitempty"`
	Type     string   `json:"token_type,omitempty"`
	ID       string   `json:"jti,omitempty"`
	Issued   date     `json:"iat,omitempty"`
	Expires  date     `json:"exp,omitempty"`
	AuthTime date     `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	Binding  *binding `json:"cnf,omitempty"`
	Details  []Detail `json:"authorization_details,omitempty"`
}

// introspect tells a client of its own tokens. Any other token, whatever it is, is
// inactive and nothing more. Source: RFC 7662, RFC 9701.
func (s *Server) introspect(c *call) (*reply, error) {
	if c.client.public() {
		return nil, errClient
	}
	text := c.form.Get("token")
	if text == "" {
		return nil, invalid("Send token.")
	}
	out, err := s.lookInto(c, text)
	if err != nil || !wantsSigned(c.r.Header.Values("Accept")) {
		return ok(out), err
	}
	ring, err := s.keyring.get(c.ctx)
	if err != nil {
		return nil, err
	}
	signed, err := ring.sign(typeIntrospection, map[string]any{
		"iss": s.config.Issuer, "aud": string(c.client.ID), "iat": c.now.Unix(), "token_introspection": out,
	})
	return &reply{kind: "application/" + typeIntrospection, raw: signed}, err
}

// wantsSigned reports whether the caller takes a signed answer.
func wantsSigned(accept []string) bool {
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, more, err := mime.ParseMediaType(part)
		if err == nil && kind == "application/"+typeIntrospection && strings.Trim(more["q"], "0.") != "" || err == nil && kind == "application/"+typeIntrospection && more["q"] == "" {
			return true
		}
	}
	return false
}

func (s *Server) lookInto(c *call, text string) (*introspection, error) {
	t, err := s.verifier.open(c.ctx, text, c.now)
	if err == nil && t.Client == c.client.ID {
		err = s.verifier.alive(c.ctx, t)
		if err == nil {
			return s.accessTold(c.ctx, t)
		}
	}
	if _, refusal := err.(*Fail); err != nil && !refusal { //nolint:errorlint // a refusal is never wrapped
		return nil, err
	}
	return s.refreshTold(c, text)
}

func (s *Server) accessTold(ctx context.Context, t *verified) (*introspection, error) {
	out := &introspection{
		Active: true, Issuer: s.config.Issuer, Subject: t.Subject, Audience: s.audience(), Client: string(t.Client), Scope: strings.Join(t.Scopes, " "),
		Type: "Bearer", ID: t.Token, Issued: t.issued, Expires: dateOf(t.ExpiresAt), AuthTime: dateOf(t.AuthTime), ACR: t.ACR,
	}
	if t.binding != (binding{}) {
		out.Binding = &t.binding
	}
	if t.binding.Key != "" {
		out.Type = "DPoP"
	}
	if t.Grant == "" {
		return out, nil
	}
	a, _, err := s.approval(ctx, t.Grant)
	out.Details = a.Details
	return out, err
}

func (s *Server) refreshTold(c *call, text string) (*introspection, error) {
	none := &introspection{}
	row, found, err := s.refreshRow(c.ctx, digest(text))
	if err != nil || !found || row.Client != c.client.ID || !row.RotatedAt.IsZero() || !c.now.Before(row.ExpiresAt) {
		return none, err
	}
	a, live, err := s.standing(c, row.Grant)
	if err != nil || !live {
		return none, err
	}
	return &introspection{
		Active: true, Issuer: s.config.Issuer, Subject: a.subject(), Client: string(a.Client), Scope: strings.Join(a.Scopes, " "),
		Issued: dateOf(row.CreatedAt), Expires: dateOf(row.ExpiresAt), Details: a.Details,
	}, nil
}

// revoke ends a token of the client: an access token alone, a refresh token with its
// grant. The answer is the same whatever the token was. Source: RFC 7009 §2.1, §2.2.
func (s *Server) revoke(c *call) (*reply, error) {
	text := c.form.Get("token")
	if text == "" {
		return nil, invalid("Send token.")
	}
	row, found, err := s.refreshRow(c.ctx, digest(text))
	if err != nil {
		return nil, err
	}
	if found {
		if row.Client != c.client.ID {
			return ok(nil), nil
		}
		err := c.write(grant.RevokeLocks(row.Grant), func(tx *db.Tx) error {
			s.grants.End(tx, row.Grant, grant.Ending{By: grant.ByClient})
			return nil
		})
		s.living.forget(row.Grant)
		return ok(nil), err
	}
	t, err := s.verifier.open(c.ctx, text, c.now)
	if _, refusal := err.(*Fail); refusal { //nolint:errorlint // a refusal is never wrapped
		return ok(nil), nil
	}
	if err != nil || t.Client != c.client.ID {
		return ok(nil), err
	}
	n := name{ID: t.denial, Kind: kindRevoked, ExpiresAt: t.ExpiresAt}
	err = c.write([]db.Lock{seen.Lock(n.ID)}, func(tx *db.Tx) error {
		if _, there := seen.Get(tx, n.ID); !there {
			seen.Insert(tx, n)
		}
		return nil
	})
	s.denied.forget(everywhere)
	return ok(nil), err
}

// Revoked tells this process that a grant has just been revoked: its tokens are refused at
// once here, and within five seconds elsewhere.
func (s *Server) Revoked(grant id.Grant) { s.living.forget(grant) }
