package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/webhook"
)

// webhookPage is one endpoint with its deliveries.
type webhookPage struct {
	hook
	Shop    string // the merchant's name
	Manages bool   // the visitor may change it
	Repeats bool   // the visitor may deliver again
	Fresh   bool
	Here    string
	Form    hookForm
	Rotated bool // both secrets sign now
	List    deliveryList
	Again   againForm
}

func showWebhook(v *visit) error {
	o, err := v.owner(identity.SeeWebhooks)
	if err != nil {
		return err
	}
	return v.webhook(o, nil, nil)
}

// webhook shows the endpoint that the address names; form is what was typed to change it,
// nil for what it is.
func (v *visit) webhook(o webhook.Owner, form *hookForm, problem error) error {
	e, err := v.site.Webhooks.Get(v.r.Context(), o, id.Endpoint(v.r.PathValue("endpoint")))
	if err != nil {
		return err
	}
	page := webhookPage{hook: hook{e}, Fresh: v.fresh(), Here: v.back(), Rotated: v.site.Clock.Now().Before(e.RotatedUntil), Again: v.againForm()}
	if page.Shop, err = v.merchantName(v.r.Context(), o.Merchant); err != nil {
		return err
	}
	if page.Manages, err = v.has(o.Merchant, identity.ManageWebhooks); err != nil {
		return err
	}
	if page.Repeats, err = v.has(o.Merchant, identity.RepeatWebhooks); err != nil {
		return err
	}
	if form == nil {
		form = &hookForm{e.URL, e.Description, strings.Join(e.Types, " "), e.Version, e.Thin, e.Ordered, nil}
	}
	page.Form = *form
	if page.List, err = v.deliveries(page.hook); err != nil {
		return err
	}
	return v.open("webhook", page, problem)
}

// managed is the endpoint that a form is about, if the visitor may change it now.
func (v *visit) managed() (webhook.Owner, id.Endpoint, error) {
	o, err := v.owner(identity.ManageWebhooks)
	return o, id.Endpoint(v.r.PathValue("endpoint")), err
}

// webhookDone leads back to an endpoint's page after a change, or shows on it what refused
// the change.
func (v *visit) webhookDone(o webhook.Owner, key id.Endpoint, form *hookForm, err error) error {
	return v.done(err, hookPath(o, key, ""), func(problem error) error { return v.webhook(o, form, problem) })
}

func changeWebhook(v *visit) error {
	o, key, err := v.managed()
	if err != nil {
		return err
	}
	form := v.hookForm()
	s := form.settings()
	_, err = v.hooks(o).Change(v.r.Context(), o, key, webhook.Change{
		URL: &s.URL, Description: &s.Description, Version: &s.Version, Types: &s.Types, Thin: &s.Thin, Ordered: &s.Ordered,
	}, v.cause())
	err = form.mend(err)
	return v.webhookDone(o, key, &form, err)
}

// turnWebhook enables or disables an endpoint.
func turnWebhook(v *visit) error {
	o, key, err := v.managed()
	if err != nil {
		return err
	}
	on := v.field("status") == string(webhook.Enabled)
	_, err = v.hooks(o).Change(v.r.Context(), o, key, webhook.Change{Enabled: &on}, v.cause())
	return v.webhookDone(o, key, nil, err)
}

// rotateWebhook gives an endpoint another secret and shows it, once.
func rotateWebhook(v *visit) error {
	o, key, err := v.managed()
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(v.field("overlap_seconds"), 10, 32)
	if err != nil {
		seconds = -1 // the room says what can be
	}
	e, secret, err := v.hooks(o).Rotate(v.r.Context(), webhook.Rotation{
		Owner: o, Endpoint: key, Overlap: time.Duration(seconds) * time.Second, Origin: v.cause(),
	})
	if err != nil {
		return v.webhookDone(o, key, nil, err)
	}
	v.show(http.StatusOK, "signing", signing{hook{e}, secret.Text()})
	return nil
}

// deleteWebhook ends an endpoint for good.
func deleteWebhook(v *visit) error {
	o, key, err := v.managed()
	if err != nil {
		return err
	}
	if v.field("sure") == "" {
		return v.webhook(o, nil, errNotSure)
	}
	_, err = v.hooks(o).Delete(v.r.Context(), o, key, v.cause())
	return v.done(err, hooksPath, func(problem error) error { return v.webhook(o, nil, problem) })
}
