package oauth

import (
	"context"
	"errors"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
)

// codeFor is how long a code lives. Source: FAPI 2.0 SP §5.3.2.1.
const codeFor = 60 * time.Second

// code is an authorization code: live → redeemed → (again) its grant ends.
type code struct {
	Hash       string
	Grant      id.Grant
	Client     id.Client
	Redirect   string
	Challenge  string // SHA-256 of the verifier. Source: RFC 7636 §4.2
	Nonce      string // for the ID token
	Thumbprint string // of the key that may redeem it; "": any
	ExpiresAt  time.Time
	RedeemedAt time.Time
}

// redeem exchanges a code, once. Whoever comes with it again ends what the first got: it
// cannot be told who of them is the client. An attempt that fails leaves the code as it is,
// so that nobody can spoil another's. Source: RFC 6749 §4.1.3, RFC 7636 §4.6.
func (s *Server) redeem(c *call, b binding) (*tokens, error) {
	hash, err := c.secret("code")
	if err != nil {
		return nil, err
	}
	row, found, err := s.codeRow(c.ctx, hash)
	if err != nil {
		return nil, err
	}
	if !found || row.Client != c.client.ID {
		return nil, errGrant
	}
	if row.RedeemedAt.IsZero() {
		if err := row.claimed(c); err != nil {
			return nil, err
		}
	}
	a, live, err := s.standing(c, row.Grant)
	if err != nil {
		return nil, err
	}
	if !live && row.RedeemedAt.IsZero() {
		return nil, errGrant
	}
	out, err := c.mint(&a, a.Scopes, b, row.Nonce)
	if err != nil {
		return nil, err
	}
	r := c.refresh(&a, b, out)
	err = c.write(append(grant.RevokeLocks(row.Grant), codes.Lock(row.Hash)), func(tx *db.Tx) error {
		row, there := codes.Get(tx, row.Hash)
		if !there {
			return errGrant
		}
		if !row.RedeemedAt.IsZero() {
			return s.endGrant(tx, row.Grant)
		}
		row.RedeemedAt = c.now
		codes.Update(tx, row)
		if r.Hash != "" {
			refreshes.Insert(tx, r)
		}
		return nil
	})
	s.reused(row.Grant, err)
	return out, err
}

// claimed holds a code to what it was asked for with. Clients of OAuth 2.1 name no
// redirect_uri here, since PKCE does what it was for; where one is named, it must be the
// request's. Source: draft-ietf-oauth-v2-1 §10.2, RFC 6749 §4.1.3.
func (r *code) claimed(c *call) error {
	verifier, redirect := c.form.Get("code_verifier"), c.form.Get("redirect_uri")
	switch {
	case !c.now.Before(r.ExpiresAt), redirect != "" && redirect != r.Redirect,
		len(verifier) < 43 || len(verifier) > 128, !equal(digest(verifier), r.Challenge):
		return errGrant
	case r.Thumbprint != "" && (c.proof == nil || !equal(c.proof.thumbprint, r.Thumbprint)):
		return proofFail("The code is bound to another key.")
	}
	return nil
}

// endGrant revokes a grant whose secret came twice. Its refusal lets the revocation stand.
func (s *Server) endGrant(tx *db.Tx, key id.Grant) error {
	s.grants.End(tx, key, grant.Ending{By: grant.ByPlatform})
	return errGrant
}

// reused lets memory forget a grant that has just been ended.
func (s *Server) reused(grant id.Grant, err error) {
	if errors.Is(err, errGrant) {
		s.living.forget(grant)
	}
}

// standing reads what a grant's tokens say, and whether it is live. The database is asked:
// a token that is given must not be one that a revocation five seconds ago forbids.
func (s *Server) standing(c *call, grant id.Grant) (a approval, live bool, err error) {
	a, found, err := s.approval(c.ctx, grant)
	if err != nil || !found || !c.now.Before(a.ExpiresAt) {
		return a, false, err
	}
	live, err = s.stands(c.ctx, &a)
	return a, live, err
}

// stands reports whether a grant is live, and given by somebody who still may.
func (s *Server) stands(ctx context.Context, a *approval) (bool, error) {
	live, err := s.grants.Live(ctx, a.Grant)
	if err != nil || !live || s.config.Stands == nil {
		return live, err
	}
	merchant := a.Merchant
	if AboutPerson(a.Scopes) {
		merchant = "" // whose client it is, not who answers
	}
	return s.config.Stands(ctx, a.Person, a.Payer, merchant)
}

// readStanding is stands for the memory of grants.
func (s *Server) readStanding(ctx context.Context, key id.Grant) (bool, error) {
	a, found, err := s.approval(ctx, key)
	if err != nil || !found {
		return false, err
	}
	return s.stands(ctx, &a)
}
