package web

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/oauth"
)

// clientsPage is what somebody who manages clients sees.
type clientsPage struct {
	Merchants []managed
	Scopes    []string
	Form      map[string]string // as it was typed
	Asked     []string          // scopes, as they were ticked
	Fresh     bool              // proved just now, as any change here wants
}

// managed is a merchant with its clients.
type managed struct {
	ID      id.Merchant
	Name    string
	Clients []oauth.Client
}

// madeSecret is what is shown once.
type madeSecret struct{ ID, Secret, Registration, Initial string }

const clientsShown = 100

func showClients(v *visit) error { return v.clients(nil) }

func (v *visit) clients(problem error) error {
	page := clientsPage{Form: map[string]string{}, Asked: v.r.PostForm["scope"], Fresh: v.session.Fresh(v.site.Clock.Now())}
	for _, name := range []string{"name", "merchant", "kind", "redirects", "logouts", "origins", "jwks", "details", "own", "device", "fapi", "live"} {
		page.Form[name] = v.field(name)
	}
	for scope := range english.scopes {
		page.Scopes = append(page.Scopes, scope)
	}
	slices.Sort(page.Scopes)
	roles, err := v.site.Identity.RolesOf(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	for _, g := range roles {
		if g.Merchant == "" || !identity.Can(g.Role, identity.ManageClients) {
			continue
		}
		m := managed{ID: g.Merchant}
		if m.Name, err = v.merchantName(v.r.Context(), g.Merchant); err != nil {
			return err
		}
		for _, live := range []bool{false, true} {
			list, _, err := v.site.OAuth.Clients(v.r.Context(), g.Merchant, live, oauth.Page{Limit: clientsShown})
			if err != nil {
				return err
			}
			m.Clients = append(m.Clients, list...)
		}
		page.Merchants = append(page.Merchants, m)
	}
	return v.open("clients", page, problem)
}

// draft is the client that the form describes.
func (v *visit) draft() oauth.Draft {
	d := oauth.Draft{
		Merchant: id.Merchant(v.field("merchant")), Owner: string(v.person.ID), Live: v.field("live") != "", Name: v.field("name"), Keys: v.field("jwks"),
		Redirects: strings.Fields(v.field("redirects")), LogoutRedirects: strings.Fields(v.field("logouts")), Origins: strings.Fields(v.field("origins")), Scopes: v.r.PostForm["scope"], FAPI: v.field("fapi") != "", Auth: oauth.SecretBasic,
	}
	switch v.field("kind") {
	case "keys":
		d.Auth = oauth.PrivateKeyJWT
	case "public":
		d.Auth, d.Native = oauth.Public, true
	}
	if len(d.Redirects) > 0 {
		d.Grants = append(d.Grants, oauth.CodeGrant)
	}
	if v.field("device") != "" {
		d.Grants = append(d.Grants, oauth.DeviceGrant)
	}
	if len(d.Grants) > 0 {
		d.Grants = append(d.Grants, oauth.RefreshGrant)
	}
	if v.field("own") != "" {
		d.Grants = append(d.Grants, oauth.OwnGrant)
	}
	if v.field("details") != "" {
		d.DetailTypes = []string{"payment"}
	}
	return d
}

// manages says whether the person may manage a merchant's clients: live ones as whoever
// may make live keys, since they open the same.
func (v *visit) manages(m id.Merchant, live bool) error {
	if live {
		if err := v.site.Identity.May(v.r.Context(), v.session, m, identity.ManageLiveKeys); err != nil {
			return err
		}
	}
	return v.site.Identity.May(v.r.Context(), v.session, m, identity.ManageClients)
}

func registerClient(v *visit) error {
	d := v.draft()
	if err := v.manages(d.Merchant, d.Live); err != nil {
		return err
	}
	c, secret, registration, err := v.site.OAuth.Register(v.r.Context(), d)
	if err != nil && status(err) < http.StatusInternalServerError {
		return v.clients(err)
	}
	if err != nil {
		return err
	}
	v.show(http.StatusOK, "secret", madeSecret{string(c.ID), secret, registration, ""})
	return nil
}

// inviteClient makes a token for one registration by API, of no more than what the form has.
func inviteClient(v *visit) error {
	merchant := id.Merchant(v.field("merchant"))
	if err := v.manages(merchant, v.field("live") != ""); err != nil {
		return err
	}
	token, err := v.site.OAuth.InitialToken(v.r.Context(), oauth.Invitation{
		Merchant: merchant, Owner: string(v.person.ID), Live: v.field("live") != "", Scopes: v.r.PostForm["scope"], Own: v.field("own") != "",
	}, time.Hour)
	if err != nil {
		return err
	}
	v.show(http.StatusOK, "secret", madeSecret{Initial: token})
	return nil
}

// turnClient suspends, activates or deletes a client of a merchant that the person manages.
func turnClient(v *visit) error {
	c, err := v.site.OAuth.Client(v.r.Context(), id.Client(v.r.PathValue("client")))
	if err != nil {
		return err
	}
	if err := v.manages(c.Merchant, c.Live); err != nil {
		return err
	}
	switch v.r.PathValue("turn") {
	case "suspend":
		_, err = v.site.OAuth.Suspend(v.r.Context(), c.ID)
	case "activate":
		_, err = v.site.OAuth.Activate(v.r.Context(), c.ID)
	case "delete":
		err = v.site.OAuth.Delete(v.r.Context(), c.ID)
	default:
		err = fault.ErrNotFound
	}
	if err != nil {
		return err
	}
	v.redirect("/me/clients")
	return nil
}

// Ticked reports whether a scope was ticked.
func (p clientsPage) Ticked(scope string) bool { return slices.Contains(p.Asked, scope) }
