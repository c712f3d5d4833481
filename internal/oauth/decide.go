package oauth

import (
	"context"
	"net/url"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
)

// Denial is why nothing was granted, in the standards' words; "" if something was.
type Denial string

// The ways to end without a grant. The last four are for prompt=none and for sign-ins that
// do not reach what the client asks for.
const (
	AccessDenied        Denial = "access_denied"
	LoginRequired       Denial = "login_required"
	ConsentRequired     Denial = "consent_required"
	InteractionRequired Denial = "interaction_required"
	UnmetAuthentication Denial = "unmet_authentication_requirements"
)

// Decision is what a person has answered.
type Decision struct {
	Denied   Denial
	Person   string      // who is signed in
	Payer    id.Payer    // whose money it is about, if about money
	Merchant id.Merchant // for which merchant; "": the client's own
	AuthTime time.Time   // when the person signed in
	ACR      string      // how
	Scopes   []string    // of those asked for
	Details  []Detail    // of those asked for, with the same or lower amounts
	Until    time.Time   // when the grant ends; zero: after 90 days
}

// Decide ends an opened request, once: two posts of one page, or of two pages that opened
// the same request, have one effect. The browser is to be taken to redirect by status 303;
// Asked.Handle is worth nothing afterwards. Errors: ErrFinished; *Fail with invalid_request for
// an answer to something that was not asked; those of the grants and of the database.
// Source: RFC 6749 §4.1.2, RFC 9207.
func (s *Server) Decide(ctx context.Context, a Asked, d Decision) (redirect string, err error) {
	c, found, err := s.active(ctx, a.request.Client)
	if err != nil {
		return "", err
	}
	if !found {
		return "", ErrFinished
	}
	p, now := a.request.Parameters, s.clock.Now()
	if d.Denied != "" {
		if redirect, err = s.respond(ctx, c, p, url.Values{"error": {string(d.Denied)}}); err == nil {
			err = s.finish(ctx, a.request, refused, nil, func(*db.Tx) error { return nil })
		}
		return redirect, err
	}
	if f := d.within(p.Scopes, p.Details, now); f != nil {
		return "", f
	}
	if a.Stale(d.AuthTime, now) {
		return "", fail("login_required", "Sign in again.")
	}
	g, err := d.grant(c, now)
	if err != nil {
		return "", err
	}
	secret := newSecret()
	if redirect, err = s.respond(ctx, c, p, url.Values{"code": {secret}}); err != nil {
		return "", err
	}
	return redirect, s.finish(ctx, a.request, granted, grant.RevokeLocks(g.ID), func(tx *db.Tx) error {
		grant.Create(tx, g, event.Origin{}, now)
		approvals.Insert(tx, d.approval(g))
		codes.Insert(tx, code{
			Hash: digest(secret), Grant: g.ID, Client: c.ID, Redirect: p.Redirect, Challenge: p.Challenge, Nonce: p.Nonce,
			Thumbprint: p.Thumbprint, ExpiresAt: now.Add(codeFor),
		})
		return nil
	})
}

// finish moves a request, and the pushed one that it came from, to their end, and lets fn
// write what follows from it in the same commit.
func (s *Server) finish(ctx context.Context, r request, state string, locks []db.Lock, fn func(*db.Tx) error) error {
	locks = append(locks, requests.Lock(r.ID))
	if r.Pushed != "" {
		locks = append(locks, requests.Lock(r.Pushed))
	}
	return s.db.Write(ctx, locks, func(tx *db.Tx) error {
		own, there := requests.Get(tx, r.ID)
		if !there || own.State != opened || !s.clock.Now().Before(own.ExpiresAt) {
			return ErrFinished
		}
		if r.Pushed != "" {
			was, there := requests.Get(tx, r.Pushed)
			if !there || was.State != pushed {
				return ErrFinished
			}
			was.State = state
			requests.Update(tx, was)
		}
		own.State = state
		requests.Update(tx, own)
		return fn(tx)
	})
}

// within judges a decision by what was asked for.
func (d *Decision) within(scopes []string, details []Detail, now time.Time) *Fail {
	switch {
	case d.Person == "" && d.Payer == "" || d.AuthTime.IsZero() || d.AuthTime.After(now.Add(aheadMax)):
		return invalid("Nobody is signed in.")
	case !within(d.Scopes, scopes) || !lowered(d.Details, details):
		return invalid("The answer is wider than what was asked for.")
	case len(d.Scopes) == 0 && len(d.Details) == 0:
		return invalid("Allow something, or deny.")
	case !d.Until.IsZero() && !d.Until.After(now):
		return invalid("The grant would end before it begins.")
	}
	return nil
}

// grant is what the decision makes. Error: *Fail, for limits that no grant can have.
func (d *Decision) grant(c *Client, now time.Time) (grant.Grant, error) {
	draft := grant.Draft{
		Merchant: d.Merchant, Live: c.Live, Person: id.Person(d.Person), Payer: d.Payer, Client: c.ID, Scopes: d.Scopes, For: grantFor,
	}
	if draft.Merchant == "" {
		draft.Merchant = c.Merchant
	}
	if !d.Until.IsZero() {
		draft.For = d.Until.Sub(now)
	}
	for _, x := range d.Details {
		interval, err := grant.ParseInterval(x.Interval)
		if err != nil {
			return grant.Grant{}, err
		}
		draft.Limits = append(draft.Limits, grant.Limit{Payee: x.Payee, Currency: x.Currency, Max: x.Amount, PaymentMax: x.Payment, Interval: interval})
	}
	g, err := grant.New(draft, now)
	if err != nil {
		return g, fail("invalid_authorization_details", "The payer cannot allow this: "+err.Error())
	}
	return g, nil
}

func (d *Decision) approval(g grant.Grant) approval {
	return approval{
		Grant: g.ID, Client: g.Client, Merchant: g.Merchant, Live: g.Live, Person: string(g.Person), Payer: g.Payer, Scopes: g.Scopes, Details: d.Details,
		AuthTime: d.AuthTime, ACR: d.ACR, CreatedAt: g.CreatedAt, ExpiresAt: g.ExpiresAt,
	}
}
