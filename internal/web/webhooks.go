package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/webhook"
)

const (
	hooksPath  = "/me/webhooks"
	hooksShown = 100
)

// hook is an endpoint on its page, or in a list.
type hook struct{ webhook.Endpoint }

// To is the address of the endpoint's page, or of what is below it.
func (h hook) To(below string) string {
	return hookPath(webhook.Owner{Merchant: h.Merchant, Live: h.Live}, h.ID, below)
}

// hookPath says in an address whose an endpoint is, so that rights are known before it is read.
func hookPath(o webhook.Owner, key id.Endpoint, below string) string {
	q := url.Values{"merchant": {string(o.Merchant)}}
	if o.Live {
		q.Set("live", "1")
	}
	return hooksPath + "/" + url.PathEscape(string(key)) + below + "?" + q.Encode()
}

// State is the word for what an endpoint does, and if it does nothing, why.
func (h hook) State() string {
	if h.Status == webhook.Disabled {
		return "state_" + h.DisabledReason
	}
	return "state_" + string(h.Status)
}

// hookForm is an endpoint's settings as they are typed.
type hookForm struct {
	URL, Description, Types, Version string
	Thin, Ordered                    bool
	Unknown                          []string // of the types
}

// Versions are those that payloads can have.
func (hookForm) Versions() []string { return event.Versions() }

func (v *visit) hookForm() hookForm {
	return hookForm{
		URL: v.field("url"), Description: v.field("description"), Types: v.field("types"), Version: v.field("api_version"),
		Thin: v.field("thin") != "", Ordered: v.field("ordered") != "",
	}
}

func (f hookForm) settings() webhook.Settings {
	return webhook.Settings{URL: f.URL, Description: f.Description, Types: strings.Fields(f.Types), Version: f.Version, Thin: f.Thin, Ordered: f.Ordered}
}

// mend makes of the room's refusal one that the form can show: all types are one field of
// it, beside which stand those that are unknown.
func (f *hookForm) mend(err error) error {
	bad, ok := errors.AsType[*fault.Fault](err)
	if !ok || len(bad.Fields) == 0 {
		return err
	}
	types, mended := strings.Fields(f.Types), fault.ErrInvalid
	for _, field := range bad.Fields {
		text, one := strings.CutPrefix(field.Pointer, "/types/")
		if i, err := strconv.Atoi(text); one && err == nil && i < len(types) {
			f.Unknown = append(f.Unknown, types[i])
			if field.Pointer = "/types"; len(f.Unknown) > 1 {
				continue
			}
		}
		mended = mended.WithField(field.Pointer, field.Code, field.Detail)
	}
	return mended
}

// owner is whose webhooks the address or the form is about, if the visitor may act on them.
func (v *visit) owner(act identity.Act) (o webhook.Owner, err error) {
	o = webhook.Owner{Merchant: id.Merchant(v.r.FormValue("merchant")), Live: v.r.FormValue("live") != ""}
	if o.Merchant == "" {
		return o, fault.ErrNotFound
	}
	return o, v.site.Identity.May(v.r.Context(), v.session, o.Merchant, act)
}

// has reports whether the visitor's role at a merchant allows an act, proved or not.
func (v *visit) has(m id.Merchant, act identity.Act) (bool, error) {
	roles, err := v.site.Identity.RolesOf(v.r.Context(), v.person.ID)
	return slices.ContainsFunc(roles, func(g identity.Given) bool {
		return (g.Merchant == m || g.Merchant == "") && identity.Can(g.Role, act)
	}), err
}

func (v *visit) fresh() bool { return v.session.Fresh(v.site.Clock.Now()) }

// hooked is a merchant with its endpoints.
type hooked struct {
	ID        id.Merchant
	Name      string
	Manages   bool // the visitor may change them
	Endpoints []hook
}

// webhooksPage is the merchants whose webhooks the visitor may see, and the form of a new
// endpoint.
type webhooksPage struct {
	Merchants []hooked
	Manages   bool // at any of them
	Form      hookForm
	Merchant  string // as it was chosen
	Live      bool
	Fresh     bool   // proved just now, as any change wants
	Here      string // where to come back to after a proof
}

func showWebhooks(v *visit) error { return v.webhooks(v.hookForm(), nil) }

func (v *visit) webhooks(form hookForm, problem error) error {
	page := webhooksPage{Form: form, Merchant: v.r.FormValue("merchant"), Live: v.field("live") != "", Fresh: v.fresh(), Here: v.back()}
	list, err := v.hookedMerchants()
	if err != nil {
		return err
	}
	for _, m := range list {
		h, err := v.hooked(m)
		if err != nil {
			return err
		}
		page.Merchants, page.Manages = append(page.Merchants, h), page.Manages || h.Manages
	}
	return v.open("webhooks", page, problem)
}

// hookedMerchants are those of the visitor's whose webhooks they may see, or the one that
// the address names: operators have all.
func (v *visit) hookedMerchants() (list []id.Merchant, err error) {
	if one := id.Merchant(v.r.URL.Query().Get("merchant")); one != "" {
		return []id.Merchant{one}, nil
	}
	roles, err := v.site.Identity.RolesOf(v.r.Context(), v.person.ID)
	for _, g := range roles {
		if g.Merchant != "" && identity.Can(g.Role, identity.SeeWebhooks) {
			list = append(list, g.Merchant)
		}
	}
	return list, err
}

// hooked reads a merchant's endpoints in both modes.
func (v *visit) hooked(m id.Merchant) (h hooked, err error) {
	if err := v.site.Identity.May(v.r.Context(), v.session, m, identity.SeeWebhooks); err != nil {
		return h, err
	}
	found, err := v.site.Merchants.Get(v.r.Context(), m)
	if err != nil {
		return h, err
	}
	h = hooked{ID: m, Name: found.Name}
	for _, live := range []bool{false, true} {
		list, _, err := v.site.Webhooks.List(v.r.Context(), webhook.Owner{Merchant: m, Live: live}, webhook.Page{Limit: hooksShown})
		if err != nil {
			return h, err
		}
		for _, e := range list {
			h.Endpoints = append(h.Endpoints, hook{e})
		}
	}
	h.Manages, err = v.has(m, identity.ManageWebhooks)
	return h, err
}

// signing is what deliveries are signed with, as it is shown once.
type signing struct {
	hook
	Secret string
}

// createWebhook makes an endpoint and shows its secret, which nothing shows again.
func createWebhook(v *visit) error {
	o, err := v.owner(identity.ManageWebhooks)
	if err != nil {
		return err
	}
	form := v.hookForm()
	e, secret, err := v.hooks(o).Create(v.r.Context(), webhook.Draft{Owner: o, Settings: form.settings(), Origin: v.cause()})
	if err != nil && status(err) < http.StatusInternalServerError {
		err = form.mend(err)
		return v.webhooks(form, err)
	}
	if err != nil {
		return err
	}
	v.show(http.StatusOK, "signing", signing{hook{e}, secret.Text()})
	return nil
}

// cause is the request behind an event.
// hooks are the endpoints of a merchant, with the visitor as the one who changes them.
func (v *visit) hooks(o webhook.Owner) *webhook.Room {
	return v.site.Webhooks.Noted(identity.Noting(v.session, o.Merchant, v.browser()))
}

func (v *visit) cause() event.Origin { return event.Origin{Request: v.browser().Request} }
