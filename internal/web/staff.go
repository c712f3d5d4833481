package web

import (
	"errors"
	"slices"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

// team is who works for a merchant, or for the platform, and what happened there lately.
type team struct {
	Merchant id.Merchant // "" for the platform
	Name     string
	Members  []identity.Member
	Roles    []identity.Role // that the visitor may give; none: only look
	Records  []identity.Record
}

// staffPage is the teams that the visitor may see, and the form as it was typed.
type staffPage struct {
	Teams    []team
	Merchant string
	Login    string
	Role     string
}

// errNobody: a role is given to somebody who has signed up.
var errNobody = fault.ErrInvalid.WithField("/login", "login_unknown", "Nobody has signed up by this e-mail address. Ask them to sign up first.")

func showStaff(v *visit) error { return v.staff(nil) }

func (v *visit) staff(problem error) error {
	page := staffPage{Merchant: v.field("merchant"), Login: v.field("login"), Role: v.field("role")}
	roles, err := v.site.Identity.RolesOf(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	for _, g := range roles {
		if !identity.Can(g.Role, identity.SeeStaff) {
			continue
		}
		t, err := v.team(g)
		if err != nil {
			return err
		}
		page.Teams = append(page.Teams, t)
	}
	return v.open("staff", page, problem)
}

// team reads the team where the visitor has a role.
func (v *visit) team(g identity.Given) (t team, err error) {
	t = team{Merchant: g.Merchant, Name: v.site.Name}
	if err := v.site.Identity.May(v.r.Context(), v.session, g.Merchant, identity.SeeStaff); err != nil {
		return t, err
	}
	switch {
	case g.Merchant == "":
		t.Roles = []identity.Role{identity.Operator}
	case identity.Can(g.Role, identity.ManageStaff):
		t.Roles = slices.Clone(identity.Roles[1:]) // those at a merchant
		slices.Reverse(t.Roles)                    // who hurries gives the least
	}
	if g.Merchant != "" {
		if t.Name, err = v.merchantName(v.r.Context(), g.Merchant); err != nil {
			return t, err
		}
	}
	if t.Members, err = v.site.Identity.Staff(v.r.Context(), g.Merchant); err != nil {
		return t, err
	}
	t.Records, _, err = v.site.Identity.RecordsAt(v.r.Context(), g.Merchant, identity.Page{Limit: recordsShown})
	return t, err
}

// giveRole gives somebody a role, or another one in place of theirs.
func giveRole(v *visit) error {
	merchant := id.Merchant(v.field("merchant"))
	act := identity.ManageStaff
	if merchant == "" {
		act = identity.ManageOperators
	}
	// Before anything is told of who has signed up.
	if err := v.site.Identity.May(v.r.Context(), v.session, merchant, act); err != nil {
		return err
	}
	to, err := v.site.Identity.Named(v.r.Context(), v.field("login"))
	if errors.Is(err, fault.ErrNotFound) {
		return v.staff(errNobody)
	}
	if err != nil {
		return err
	}
	return v.staffed(v.site.Identity.Give(v.r.Context(), v.session, to.ID, merchant, identity.Role(v.field("role")), v.browser()))
}

// endRole takes a role away.
func endRole(v *visit) error {
	return v.staffed(v.site.Identity.Remove(v.r.Context(), v.session, id.Person(v.field("person")), id.Merchant(v.field("merchant")), v.browser()))
}

// staffed leads back to the page after a change, or shows on it what refused the change.
func (v *visit) staffed(err error) error { return v.done(err, "/me/staff", v.staff) }
