package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/webhook"
)

const (
	deliveriesShown = 25
	attemptsShown   = 20 // each with what was sent and what came back
)

// deliveryList is a page of an endpoint's deliveries.
type deliveryList struct {
	Shown        []webhook.Delivery
	Status       webhook.State // only these; "": all
	Older, Newer string        // addresses; "": there are none
}

// States are those by which deliveries can be looked for.
func (deliveryList) States() []webhook.State {
	return []webhook.State{webhook.Pending, webhook.Delivered, webhook.Failed}
}

// deliveries reads the page of an endpoint's deliveries that the address says.
func (v *visit) deliveries(h hook) (l deliveryList, err error) {
	q := v.r.URL.Query()
	if s := webhook.State(q.Get("status")); slices.Contains(l.States(), s) {
		l.Status = s
	}
	p := webhook.Page{Limit: deliveriesShown, After: q.Get("after"), Before: q.Get("before")}
	if p.After != "" {
		p.Before = ""
	}
	list, next, err := v.site.Webhooks.Deliveries(v.r.Context(), webhook.Owner{Merchant: h.Merchant, Live: h.Live}, webhook.Filter{Page: p, Endpoint: h.ID, Status: l.Status})
	if err != nil {
		return l, err
	}
	l.Shown = list
	older, newer := next, p.After
	if len(list) > 0 && newer != "" {
		newer = string(list[0].ID)
	}
	if p.Before != "" {
		older, newer = p.Before, next
		if len(list) > 0 {
			older = string(list[len(list)-1].ID)
		}
	}
	to := func(name, cursor string) string {
		if cursor == "" {
			return ""
		}
		return h.To("") + "&" + url.Values{"status": {string(l.Status)}, name: {cursor}}.Encode() + "#deliveries"
	}
	l.Older, l.Newer = to("after", older), to("before", newer)
	return l, nil
}

// delivered is one delivery with what was tried.
type delivered struct {
	webhook.Delivery
	hook    hook
	Tried   []tried
	Repeats bool
}

// Enabled reports whether anything is delivered to its endpoint.
func (d delivered) Enabled() bool { return d.hook.Status == webhook.Enabled }

// Deleted reports whether its endpoint is gone: of that nothing can be read.
func (d delivered) Deleted() bool { return d.hook.Status == "" }

// To is the address of the delivery's endpoint's page, or of what is below it.
func (d delivered) To(below string) string { return d.hook.To(below) }

// tried is one attempt with the body that it sent.
type tried struct {
	webhook.Attempt
	Body string
}

// delivery reads the one that the address names.
func (v *visit) delivery(o webhook.Owner) (d delivered, err error) {
	var list []webhook.Attempt
	d.Delivery, list, err = v.site.Webhooks.GetDelivery(v.r.Context(), o, id.Delivery(v.r.PathValue("delivery")))
	if err == nil && string(d.Endpoint) != v.r.PathValue("endpoint") {
		err = fault.ErrNotFound
	}
	if err != nil {
		return d, err
	}
	e, err := v.site.Webhooks.Get(v.r.Context(), o, d.Endpoint)
	switch {
	case errors.Is(err, fault.ErrNotFound): // deliveries are there to be read for as long as they are kept
		e = webhook.Endpoint{ID: d.Endpoint, Merchant: o.Merchant, Live: o.Live}
	case err != nil:
		return d, err
	}
	d.hook = hook{e}
	for _, a := range list[:min(len(list), attemptsShown)] {
		body, err := v.site.Webhooks.Payload(v.r.Context(), d.Delivery, a)
		if err != nil {
			return d, err
		}
		d.Tried = append(d.Tried, tried{a, body})
	}
	return d, nil
}

func showDelivery(v *visit) error {
	o, err := v.owner(identity.SeeWebhooks)
	if err != nil {
		return err
	}
	return v.showDelivery(o, nil)
}

func (v *visit) showDelivery(o webhook.Owner, problem error) error {
	d, err := v.delivery(o)
	if err != nil {
		return err
	}
	if d.Repeats, err = v.has(o.Merchant, identity.RepeatWebhooks); err != nil {
		return err
	}
	return v.open("delivery", d, problem)
}

// redeliver sends one event on its way again.
func redeliver(v *visit) error {
	o, err := v.owner(identity.RepeatWebhooks)
	if err != nil {
		return err
	}
	d, err := v.delivery(o)
	if err != nil {
		return err
	}
	_, err = v.site.Webhooks.Redeliver(v.r.Context(), o, d.ID)
	return v.done(err, d.To("/deliveries/"+string(d.ID)), func(problem error) error { return v.showDelivery(o, problem) })
}

// againForm is the form that delivers a span of time again, and what became of the last.
type againForm struct {
	From, To  string
	Delivered bool  // those too that were delivered already
	Sent      int   // -1: nothing was asked for
	After     int64 // the number of the event to go on after; 0: all are on their way
}

// More reports whether there is more to send.
func (f againForm) More() bool { return f.Sent >= 0 && f.After > 0 }

func (v *visit) againForm() againForm {
	f := againForm{From: v.r.FormValue("from"), To: v.r.FormValue("to"), Delivered: v.r.FormValue("delivered_too") != "", Sent: -1}
	if after, err := strconv.ParseInt(v.r.FormValue("after"), 10, 64); err == nil && after > 0 {
		f.After = after
	}
	if sent, err := strconv.Atoi(v.r.URL.Query().Get("sent")); err == nil && sent >= 0 && v.r.Method != http.MethodPost {
		f.Sent = sent
	}
	return f
}

const (
	minuteLayout = "2006-01-02T15:04" // as browsers write a moment. Source: HTML, "Local date and time strings"
	secondLayout = "2006-01-02T15:04:05"
)

// moment reads a moment in UTC. One without seconds is a whole minute: past is its end.
func moment(text string) (at, past time.Time, ok bool) {
	if at, err := time.Parse(minuteLayout, text); err == nil {
		return at, at.Add(time.Minute - time.Nanosecond), true
	}
	at, err := time.Parse(secondLayout, text)
	return at, at, err == nil
}

// span is what the form asks for.
func (f againForm) span() (from, to time.Time, err error) {
	bad, sentence := fault.ErrInvalid, "Send a day and a time, such as 2026-01-31T13:45."
	from, _, ok := moment(f.From)
	if !ok {
		bad = bad.WithField("/from", "moment_bad", sentence)
	}
	if f.To != "" {
		if _, to, ok = moment(f.To); !ok {
			bad = bad.WithField("/to", "moment_bad", sentence)
		}
	}
	if len(bad.Fields) == 0 && !to.IsZero() && to.Before(from) {
		bad = bad.WithField("/to", "span_backwards", "Send an end that is after the beginning.")
	}
	if len(bad.Fields) > 0 {
		return from, to, bad
	}
	return from, to, nil
}

// redeliverSpan sends the events of a span of time on their way again.
func redeliverSpan(v *visit) error {
	o, err := v.owner(identity.RepeatWebhooks)
	if err != nil {
		return err
	}
	key, form := id.Endpoint(v.r.PathValue("endpoint")), v.againForm()
	if _, err := v.site.Webhooks.Get(v.r.Context(), o, key); err != nil {
		return err
	}
	from, to, err := form.span()
	if err != nil {
		return v.webhook(o, nil, err)
	}
	count, next, err := v.site.Webhooks.RedeliverSpan(v.r.Context(), webhook.Span{Owner: o, Endpoint: key, From: from, To: to, After: form.After, DeliveredToo: form.Delivered})
	said := url.Values{"sent": {strconv.Itoa(count)}}
	if next != 0 {
		said.Set("from", form.From)
		said.Set("to", form.To)
		said.Set("after", strconv.FormatInt(next, 10))
		if form.Delivered {
			said.Set("delivered_too", "1")
		}
	}
	return v.done(err, hookPath(o, key, "")+"&"+said.Encode(), func(problem error) error { return v.webhook(o, nil, problem) })
}
