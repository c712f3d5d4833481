package web

import (
	"errors"
	"net/http"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
)

// given is a grant as its payer reads it.
type given struct {
	grant.Grant
	Client string
	For    string // the merchant whose payer it is about
	State  string // active, revoked or expired
	Limits []spent
}

// spent is a limit with what is used of it.
type spent struct {
	grant.Limit
	Payee    string
	Interval string
	Spent    int64
	Until    time.Time // when the period ends; zero: never
}

func showGrants(v *visit) error {
	list, err := v.site.Grants.OfPerson(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	shown := make([]given, len(list))
	for i, g := range list {
		if shown[i], err = v.given(g); err != nil {
			return err
		}
	}
	v.show(http.StatusOK, "grants", shown)
	return nil
}

func (v *visit) given(g grant.Grant) (out given, err error) {
	now := v.site.Clock.Now()
	out = given{Grant: g, Client: string(g.Client), State: string(g.State)}
	if g.State == grant.Active && !now.Before(g.ExpiresAt) {
		out.State = "expired"
	}
	c, err := v.site.OAuth.Client(v.r.Context(), g.Client)
	switch {
	case err == nil:
		out.Client = c.Name
	case !errors.Is(err, fault.ErrNotFound): // a deleted one has no name any more
		return out, err
	}
	if out.For, err = v.merchantName(v.r.Context(), g.Merchant); err != nil {
		return out, err
	}
	for _, l := range g.Limits {
		s := spent{Limit: l, Interval: v.every(l.Interval.String())}
		s.Spent, s.Until = l.SpentAt(now)
		if s.Payee, err = v.merchantName(v.r.Context(), l.Payee); err != nil {
			return out, err
		}
		out.Limits = append(out.Limits, s)
	}
	return out, nil
}

// endGrants ends all that the person has allowed for a payer, "" for all that they have.
func (v *visit) endGrants(payer id.Payer) error {
	list, err := v.site.Grants.StandingOf(v.r.Context(), v.person.ID, payer)
	if err != nil {
		return err
	}
	for _, g := range list {
		if err := v.endGrant(g); err != nil {
			return err
		}
	}
	return nil
}

func (v *visit) endGrant(g grant.Grant) error {
	_, err := v.site.Grants.Revoke(v.r.Context(), g.Merchant, g.Live, g.ID, grant.Ending{By: grant.ByPayer})
	return err
}

// revokeGrant ends one of the person's own.
func revokeGrant(v *visit) error {
	g, err := v.site.Grants.Own(v.r.Context(), v.person.ID, id.Grant(v.r.PathValue("grant")))
	if err != nil {
		return err
	}
	if err := v.endGrant(g); err != nil {
		return err
	}
	v.redirect("/me/grants")
	return nil
}
