package web

import (
	"net/http"

	"github.com/florinpay/florin/internal/identity"
)

// me is the overview of what is somebody's.
type me struct {
	Person identity.Person
	Roles  []string
}

func showMe(v *visit) error { return v.me(nil) }

func (v *visit) me(problem error) error {
	m := me{Person: v.person}
	roles, err := v.site.Identity.RolesOf(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	for _, g := range roles {
		if g.Merchant == "" {
			m.Roles = append(m.Roles, v.T("role_platform", v.Role(g.Role)))
			continue
		}
		name, err := v.merchantName(v.r.Context(), g.Merchant)
		if err != nil {
			return err
		}
		m.Roles = append(m.Roles, v.T("role_at", v.Role(g.Role), name))
	}
	return v.open("me", m, problem)
}

// changeMe sets the name and the language.
func changeMe(v *visit) error {
	name, lang := v.field("name"), identity.Locale(v.field("locale"))
	_, err := v.site.Identity.Change(v.r.Context(), v.session, name, lang, v.browser())
	if err != nil && status(err) == http.StatusBadRequest {
		v.person.Name = name
		return v.me(err)
	}
	if err != nil {
		return err
	}
	v.setCookie(langCookie, "", 0)
	v.redirect("/me")
	return nil
}
