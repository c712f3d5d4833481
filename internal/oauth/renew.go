package oauth

import (
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
)

// refresh is a refresh token. A public client's is rotated: live → rotated → (again) its
// grant ends. A confidential one's stays as it is. Source: RFC 9700 §4.14, FAPI 2.0 SP
// §5.3.2.1.
type refresh struct {
	Hash      string
	Grant     id.Grant
	Client    id.Client
	Key       string // thumbprint of the proof's key; "": none
	Cert      string // thumbprint of a public client's certificate; "": none
	CreatedAt time.Time
	ExpiresAt time.Time // that of the grant, however often it is rotated
	RotatedAt time.Time
}

// refresh draws the first refresh token of a grant, if the client uses them. It is bound
// to the proof's key; a certificate may be renewed, and confidential clients show one
// that is theirs at every call, so only a public client's counts. Source: RFC 8705 §4.
func (c *call) refresh(a *approval, b binding, out *tokens) refresh {
	if !c.client.may(RefreshGrant) {
		return refresh{}
	}
	out.Refresh = newSecret()
	r := refresh{Hash: digest(out.Refresh), Grant: a.Grant, Client: a.Client, Key: b.Key, CreatedAt: c.now, ExpiresAt: a.ExpiresAt}
	if c.client.public() {
		r.Cert = b.Cert
	}
	return r
}

// renew gives a new access token of a grant, and for a public client a new refresh token.
// Source: RFC 6749 §6, RFC 9449 §5.
func (s *Server) renew(c *call, b binding) (*tokens, error) {
	hash, err := c.secret("refresh_token")
	if err != nil {
		return nil, err
	}
	row, found, err := s.refreshRow(c.ctx, hash)
	if err != nil {
		return nil, err
	}
	if !found || row.Client != c.client.ID || !c.now.Before(row.ExpiresAt) {
		return nil, errGrant
	}
	if row.Key != "" && row.Key != b.Key || row.Cert != "" && row.Cert != b.Cert {
		return nil, proofFail("The refresh token is bound to another key.")
	}
	a, live, err := s.standing(c, row.Grant)
	if err != nil {
		return nil, err
	}
	if !live {
		return nil, errGrant
	}
	scopes, f := narrowed(c.form.Get("scope"), a.Scopes)
	if f != nil {
		return nil, f
	}
	if c.form.Has("authorization_details") {
		return nil, fail("invalid_authorization_details", "Limits are changed by the person who set them.")
	}
	out, err := c.mint(&a, scopes, b, "")
	if err != nil || !c.client.public() {
		return out, err
	}
	return out, s.rotateRefresh(c, row, out)
}

func (s *Server) rotateRefresh(c *call, row refresh, out *tokens) error {
	out.Refresh = newSecret()
	successor := row
	successor.Hash, successor.CreatedAt = digest(out.Refresh), c.now
	err := c.write(append(grant.RevokeLocks(row.Grant), refreshes.Lock(row.Hash)), func(tx *db.Tx) error {
		row, there := refreshes.Get(tx, row.Hash)
		if !there {
			return errGrant
		}
		if !row.RotatedAt.IsZero() {
			return s.endGrant(tx, row.Grant)
		}
		row.RotatedAt = c.now
		refreshes.Update(tx, row)
		refreshes.Insert(tx, successor)
		return nil
	})
	s.reused(row.Grant, err)
	return err
}

// narrowed reads which of the granted scopes a token is to carry. Source: RFC 6749 §6.
func narrowed(text string, granted []string) ([]string, *Fail) {
	if text == "" {
		return granted, nil
	}
	list, ok := parseScopes(text)
	if !ok || !within(list, granted) {
		return nil, fail("invalid_scope", "A scope was not granted.")
	}
	return list, nil
}
