package oauth

import (
	"context"
	"net/url"
	"strings"

	"github.com/florinpay/florin/internal/id"
)

// Leaving is what a client asks when it sends a browser to be signed out.
type Leaving struct {
	Client   id.Client // "": not said
	Person   string    // whom the hint is about; "": ask before signing anybody out
	Redirect string    // where to go afterwards; "": stay
}

// Logout reads a sign-out request from the raw query or the form of one; the page ends the
// session. Errors: *Fail to be shown; those of the database. Source: OpenID Connect
// RP-Initiated Logout 1.0 §2, §3.
func (s *Server) Logout(ctx context.Context, query string) (Leaving, error) {
	in, f := parseForm(query)
	if f != nil {
		return Leaving{}, f
	}
	out := Leaving{Client: id.Client(in.Get("client_id"))}
	if hint := in.Get("id_token_hint"); hint != "" {
		c, err := s.hint(ctx, hint)
		if err != nil {
			return Leaving{}, err
		}
		if out.Client != "" && out.Client != id.Client(c.Audience) {
			return Leaving{}, invalid("client_id is not that of id_token_hint.")
		}
		out.Client, out.Person = id.Client(c.Audience), c.Subject
	}
	to := in.Get("post_logout_redirect_uri")
	if to == "" {
		return out, nil
	}
	c, found, err := s.active(ctx, out.Client)
	if err != nil {
		return Leaving{}, err
	}
	if !found || !oneOf(c.LogoutRedirects, to) {
		return Leaving{}, invalid("post_logout_redirect_uri is not registered.")
	}
	if state := in.Get("state"); state != "" {
		join := "?"
		if strings.Contains(to, "?") {
			join = "&"
		}
		to += join + url.Values{"state": {state}}.Encode()
	}
	out.Redirect = to
	return out, nil
}

// hint reads an ID token of ours, which may have expired.
func (s *Server) hint(ctx context.Context, text string) (c idClaims, err error) {
	ring, err := s.keyring.get(ctx)
	if err != nil {
		return c, err
	}
	if len(text) > tokenMax || verify(text, ring.own(s.clock.Now()), []string{"jwt"}, &c) != nil || c.Issuer != s.config.Issuer || c.Subject == "" {
		return c, invalid("id_token_hint is not ours.")
	}
	return c, nil
}
