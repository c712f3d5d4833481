package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/oauth"
)

// question is what a client asks, as the page shows it.
type question struct {
	Action   string // where the form goes
	UserCode string // of a device
	Request  string // names the request that is shown, so that two tabs cannot mix theirs
	Client   oauth.Client
	Owner    string // the merchant that the client belongs to
	Profiles []profile
	Scopes   []askedScope
	Details  []askedDetail
	Until    string // YYYY-MM-DD, as it was typed
	Latest   string
	Back     string // the host where one goes on afterwards; "": a device
	Ends     time.Time
}

// profile is for whom somebody may decide: a payer, or a merchant.
type profile struct {
	ID       string
	Merchant id.Merchant
	Payer    id.Payer // "": for the merchant itself
	Said     string
	Chosen   bool
}

type askedScope struct {
	Name           string
	Always, Chosen bool
}

type askedDetail struct {
	oauth.Detail
	Index           int
	Payee           string
	Interval        string
	Amount, Payment string // as typed, in major units
	Chosen          bool
}

// grantDays is how long a grant may live, at most.
const grantDays = 90

// ask gathers the question of scopes and details, with everything chosen.
func (v *visit) ask(c oauth.Client, scopes []string, details []oauth.Detail, ends time.Time) (q question, err error) {
	q = question{Client: c, Ends: ends, Latest: v.site.Clock.Now().AddDate(0, 0, grantDays).Format(time.DateOnly)}
	if q.Owner, err = v.merchantName(v.r.Context(), c.Merchant); err != nil {
		return q, err
	}
	for _, s := range scopes {
		q.Scopes = append(q.Scopes, askedScope{s, s == "openid", true})
	}
	for i, d := range details {
		payee, err := v.merchantName(v.r.Context(), d.Payee)
		if err != nil {
			return q, err
		}
		x := askedDetail{Detail: d, Index: i, Payee: payee, Interval: v.every(d.Interval), Amount: money.New(d.Amount, d.Currency).Decimal(), Chosen: true}
		if d.Payment > 0 {
			x.Payment = money.New(d.Payment, d.Currency).Decimal()
		}
		q.Details = append(q.Details, x)
	}
	q.Profiles, err = v.profiles(c, scopes, details)
	return q, err
}

// merchantName is a merchant's, or its id if it is unknown here.
func (v *visit) merchantName(ctx context.Context, m id.Merchant) (string, error) {
	found, err := v.site.Merchants.Get(ctx, m)
	if errors.Is(err, fault.ErrNotFound) {
		return string(m), nil
	}
	return found.Name, err
}

// profiles are those for whom the person may decide what is asked: payers in the client's
// mode, whose merchant is the payee of what is asked; merchants that they lead, if nothing
// is asked about money; and themself, if the client only wants to know who they are.
func (v *visit) profiles(c oauth.Client, scopes []string, details []oauth.Detail) (list []profile, err error) {
	links, err := v.site.Identity.PayersOf(v.r.Context(), v.person.ID)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		foreign := slices.ContainsFunc(details, func(d oauth.Detail) bool { return d.Payee != l.Merchant })
		if l.Live != c.Live || foreign {
			continue
		}
		name, err := v.merchantName(v.r.Context(), l.Merchant)
		if err != nil {
			return nil, err
		}
		list = append(list, profile{ID: string(l.Payer), Merchant: l.Merchant, Payer: l.Payer, Said: v.T("payer_of", name)})
	}
	if len(details) == 0 {
		led, err := v.led()
		if err != nil {
			return nil, err
		}
		for _, g := range led {
			name, err := v.merchantName(v.r.Context(), g.Merchant)
			if err != nil {
				return nil, err
			}
			list = append(list, profile{ID: string(g.Merchant), Merchant: g.Merchant, Said: v.T("staff_of", name, v.Role(g.Role))})
		}
	}
	if oauth.AboutPerson(scopes) && len(details) == 0 {
		list = append(list, profile{ID: "me", Said: v.T("yourself")})
	}
	if len(list) == 1 {
		list[0].Chosen = true
	}
	for i := range list { // the same name twice says nothing
		if slices.ContainsFunc(list, func(p profile) bool { return p.ID != list[i].ID && p.Merchant == list[i].Merchant && p.Payer != "" }) && list[i].Payer != "" {
			list[i].Said += " (" + list[i].ID + ")"
		}
	}
	return list, nil
}

// led are the roles in which the person may let clients act for a merchant.
func (v *visit) led() ([]identity.Given, error) {
	roles, err := v.site.Identity.RolesOf(v.r.Context(), v.person.ID)
	return slices.DeleteFunc(roles, func(g identity.Given) bool {
		return g.Merchant == "" || !g.Role.Leads()
	}), err
}

// every says an interval in words; "" for none.
func (v *visit) every(text string) string {
	i, err := grant.ParseInterval(text)
	if err != nil || text == "" {
		return ""
	}
	unit := spoken[v.lang].units[i.Step.Unit]
	said := v.T("every_n", i.Step.Count, unit[1])
	if i.Step.Count == 1 {
		said = v.T("every_1", unit[0])
	}
	if i.Times > 0 {
		return said + ", " + v.T("times", i.Times, v.Date(i.Begin))
	}
	return said + ", " + v.T("from", v.Date(i.Begin))
}

// answer reads what the form says of a question. Errors: fault.ErrInvalid with fields.
func (v *visit) answer(q *question, scopes []string, details []oauth.Detail) (d oauth.Decision, err error) {
	bad := fault.ErrInvalid
	d = oauth.Decision{Person: string(v.person.ID), AuthTime: v.session.AuthenticatedAt, ACR: string(v.session.ACR)}
	chosen, as, fits := v.r.PostForm["scope"], v.field("as"), false
	for i := range q.Scopes {
		s := &q.Scopes[i]
		if s.Chosen = s.Always || slices.Contains(chosen, s.Name); s.Chosen {
			d.Scopes = append(d.Scopes, s.Name)
		}
	}
	for i := range q.Profiles {
		p := &q.Profiles[i]
		if p.Chosen = p.ID == as || as == "" && len(q.Profiles) == 1; p.Chosen {
			d.Merchant, d.Payer, fits = p.Merchant, p.Payer, true
		}
	}
	switch {
	case !fits && as == "" && len(q.Profiles) > 1:
		bad = bad.WithField("as", "choose_profile", v.T("choose_profile"))
	case !fits:
		bad = bad.WithField("as", "no_profile", v.T("no_profile"))
	}
	bad = v.answerDetails(q, details, &d, bad)
	if q.Until = v.field("until"); q.Until != "" {
		until, err := time.Parse(time.DateOnly, q.Until)
		now := v.site.Clock.Now()
		d.Until = until.AddDate(0, 0, 1) // to the end of the day, but for the last
		if latest := now.AddDate(0, 0, grantDays); d.Until.After(latest) {
			d.Until = latest
		}
		if err != nil || until.Before(now) || until.After(now.AddDate(0, 0, grantDays)) {
			bad = bad.WithField("until", "date_bad", v.T("date_bad"))
		}
	}
	if len(d.Scopes) == 0 && len(d.Details) == 0 {
		bad = bad.WithField("scope", "choose", v.T("choose"))
	}
	if len(bad.Fields) > 0 {
		return d, bad
	}
	return d, nil
}

// answerDetails reads the lines of money: those that are ticked, with what was typed.
func (v *visit) answerDetails(q *question, asked []oauth.Detail, d *oauth.Decision, bad *fault.Fault) *fault.Fault {
	ticked := v.r.PostForm["detail"]
	for i := range q.Details {
		x, want := &q.Details[i], asked[i]
		if x.Chosen = slices.Contains(ticked, strconv.Itoa(i)); !x.Chosen {
			continue
		}
		read := func(name string, most int64, typed *string) int64 {
			field := fmt.Sprintf("%s_%d", name, i)
			if _, sent := v.r.PostForm[field]; sent && (v.field(field) != "" || name == "amount") {
				*typed = v.field(field) // an amount that was emptied is none
			}
			if *typed == "" && name != "amount" {
				return 0
			}
			a, err := money.ParseDecimal(padded(*typed, want.Currency), want.Currency)
			if err != nil || a.Minor < 1 || most > 0 && a.Minor > most {
				bad = bad.WithField(field, "too_much", v.T("too_much", v.Money(cmp.Or(most, want.Amount), want.Currency)))
			}
			return a.Minor
		}
		got := want
		got.Amount = read("amount", want.Amount, &x.Amount)
		got.Payment = read("payment_amount", want.Payment, &x.Payment)
		if got.Payment > got.Amount {
			got.Payment = got.Amount
		}
		d.Details = append(d.Details, got)
	}
	return bad
}

// padded writes an amount that a person typed with all decimals of its currency: 5 is
// 5.00, and 5,5 is 5.50.
func padded(typed string, c money.Currency) string {
	whole, part, _ := strings.Cut(strings.Replace(typed, ",", ".", 1), ".")
	if missing := c.Exponent() - len(part); missing > 0 {
		part += strings.Repeat("0", missing)
	}
	if part == "" {
		return whole
	}
	return whole + "." + part
}

// needProof asks for a step-up before money or live data is given away, from whoever can
// step up; and for the rights of a merchant always.
func (v *visit) needProof(c oauth.Client, d oauth.Decision) error {
	if d.Payer == "" && d.Merchant != "" {
		return v.site.Identity.May(v.r.Context(), v.session, d.Merchant, identity.ManageClients)
	}
	return v.needStepUp(c.Live || len(d.Details) > 0)
}

// needStepUp asks for a step-up if what is at stake is worth one, and the person can.
func (v *visit) needStepUp(worth bool) error {
	if !worth || v.session.Fresh(v.site.Clock.Now()) {
		return nil
	}
	ways, err := v.site.Identity.WaysOf(v.r.Context(), v.person.ID)
	if err != nil || ways.Passkeys == 0 && !ways.TOTP {
		return err
	}
	return identity.ErrStepUpNeeded
}

func showConsent(v *visit) error {
	asked, err := v.site.OAuth.Reopen(v.r.Context(), v.cookie(requestCookie))
	if err != nil {
		return err
	}
	if v.signInAgain(asked) {
		return nil
	}
	// Before anything is typed: what was would be lost on the way to a proof.
	if err := errors.Join(v.needStepUp(asked.Client.Live || len(asked.Details) > 0), v.needStrength(asked)); err != nil {
		return err
	}
	q, err := v.consentQuestion(asked)
	if err != nil {
		return err
	}
	v.showQuestion(http.StatusOK, q)
	return nil
}

func (v *visit) consentQuestion(asked oauth.Asked) (question, error) {
	q, err := v.ask(asked.Client, asked.Scopes, asked.Details, asked.ExpiresAt)
	q.Action, q.Back, q.Request = "/consent", origin(asked.Redirect()), requestName(asked)
	return q, err
}

// requestName names a request on the page. What opens it stays in the cookie.
func requestName(a oauth.Asked) string {
	sum := sha256.Sum256([]byte("page|" + a.Handle))
	return hex.EncodeToString(sum[:8])
}

// showQuestion shows it; its form may lead to where the client is.
func (v *visit) showQuestion(code int, q question, problem ...error) {
	if q.Back != "" {
		v.w.Header().Set("Content-Security-Policy", policy(q.Back))
	}
	v.show(code, "consent", q, problem...)
}

func consent(v *visit) error {
	asked, err := v.site.OAuth.Reopen(v.r.Context(), v.cookie(requestCookie))
	if err != nil {
		return err
	}
	if v.field("decision") == "allow" && v.signInAgain(asked) {
		return nil
	}
	if shown := v.field("request"); shown != "" && shown != requestName(asked) {
		return oauth.ErrFinished // another tab has opened another request since
	}
	q, err := v.consentQuestion(asked)
	if err != nil {
		return err
	}
	d := oauth.Decision{Denied: oauth.AccessDenied}
	if v.field("decision") == "allow" && unmet(asked, v.session.ACR) {
		d.Denied = oauth.UnmetAuthentication
	} else if v.field("decision") == "allow" {
		if d, err = v.answer(&q, asked.Scopes, asked.Details); err != nil {
			v.showQuestion(http.StatusBadRequest, q, err)
			return nil
		}
		if err := v.needProof(asked.Client, d); err != nil {
			return err
		}
	}
	to, err := v.site.OAuth.Decide(v.r.Context(), asked, d)
	if err != nil {
		return err
	}
	v.setCookie(requestCookie, "", 0)
	v.w.Header().Set("Content-Security-Policy", policy(q.Back))
	v.redirect(to)
	return nil
}
