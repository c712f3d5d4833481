package oauth

import (
	"context"
	"net/url"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// Asked is what a client asks a person for.
type Asked struct {
	// Handle names the opened request. Keep it in a cookie of the browser that opened it,
	// never in an address or a form: it is what binds the decision to that browser. Check
	// the form's own token against forgery beside it.
	Handle    string
	Client    Client
	Scopes    []string
	Details   []Detail
	Prompt    []string       // none, login, consent, select_account
	MaxAge    *time.Duration // since the person signed in; nil: any
	Locales   []string       // ui_locales
	ACRs      []string       // acr_values
	LoginHint string
	ExpiresAt time.Time

	request request
}

// Stale reports whether a sign-in is older than the client accepts.
func (a Asked) Stale(authTime, now time.Time) bool {
	return a.request.Parameters.stale(authTime, a.request.CreatedAt, now)
}

// OpenedAt is when the browser opened the request.
func (a Asked) OpenedAt() time.Time { return a.request.CreatedAt }

// Redirect is where the browser goes on afterwards.
func (a Asked) Redirect() string { return a.request.Parameters.Redirect }

func askedOf(c *Client, handle string, r request) Asked {
	p := r.Parameters
	a := Asked{
		Handle: handle, Client: *c, Scopes: p.Scopes, Details: p.Details, Prompt: p.Prompt, Locales: p.Locales, ACRs: p.ACRs,
		LoginHint: p.LoginHint, ExpiresAt: r.ExpiresAt, request: r,
	}
	if p.MaxAge != nil {
		age := time.Duration(*p.MaxAge) * time.Second
		a.MaxAge = &age
	}
	return a
}

// Open reads an authorization request from the raw query of the address that a browser
// was sent to, and notes that it was opened. A pushed one may be opened often within its
// minute, and is decided once. Errors: *Fail; one with a Redirect goes there (by status
// 303), any other is shown to the person; those of the database. Source: RFC 6749 §4.1.1,
// §4.1.2.1; RFC 9126 §4; RFC 9101 §5.
func (s *Server) Open(ctx context.Context, query string) (Asked, error) {
	in, f := parseForm(query)
	if f != nil {
		return Asked{}, f
	}
	c, found, err := s.active(ctx, id.Client(in.Get("client_id")))
	if err != nil {
		return Asked{}, err
	}
	if !found {
		return Asked{}, invalid("There is no such application.")
	}
	now := s.clock.Now()
	r := request{Client: c.ID, CreatedAt: now, ExpiresAt: now.Add(openedFor), State: opened}
	if uri := in.Get("request_uri"); uri != "" {
		was, err := s.pushedRequest(ctx, c, in, now)
		if err != nil {
			return Asked{}, err
		}
		r.Pushed, r.Parameters = was.ID, was.Parameters
	} else {
		p, redirect, f := s.plain(c, in, now)
		if f != nil && redirect {
			return Asked{}, s.away(ctx, c, p, f)
		} else if f != nil {
			return Asked{}, f
		}
		r.Parameters = p
	}
	handle := newSecret()
	r.ID = digest(handle)
	err = s.db.Write(ctx, nil, func(tx *db.Tx) error {
		requests.Insert(tx, r)
		return nil
	})
	return askedOf(c, handle, r), err
}

// pushedRequest finds what the client pushed. What stands beside request_uri counts for
// nothing. Source: RFC 9126 §4.
func (s *Server) pushedRequest(ctx context.Context, c *Client, in url.Values, now time.Time) (request, error) {
	if in.Has("request") {
		return request{}, invalid("Send request_uri or request, not both.")
	}
	r, found, err := s.requestRow(ctx, digest(in.Get("request_uri")))
	if err != nil {
		return r, err
	}
	if !found || r.Client != c.ID || r.State != pushed || !now.Before(r.ExpiresAt) {
		return r, fail("invalid_request_uri", ErrFinished.Text)
	}
	return r, nil
}

// Reopen gives what was opened under a handle. Errors: ErrFinished; those of the database.
func (s *Server) Reopen(ctx context.Context, handle string) (Asked, error) {
	r, found, err := s.requestRow(ctx, digest(handle))
	if err != nil {
		return Asked{}, err
	}
	if !found || r.State != opened || !s.clock.Now().Before(r.ExpiresAt) {
		return Asked{}, ErrFinished
	}
	c, found, err := s.active(ctx, r.Client)
	if err == nil && !found {
		err = ErrFinished
	}
	if err != nil {
		return Asked{}, err
	}
	return askedOf(c, handle, r), nil
}

// away makes a refusal one that the browser takes to the client.
func (s *Server) away(ctx context.Context, c *Client, p parameters, f *Fail) error {
	to, err := s.respond(ctx, c, p, url.Values{"error": {f.Code}, "error_description": {f.Text}})
	if err != nil {
		return err
	}
	return f.to(to)
}
