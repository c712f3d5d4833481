package web

import (
	"errors"
	"net/url"
	"slices"

	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/oauth"
)

// asQuery takes a request that came by a client's form to the same address by GET: cookies
// come along only then. Source: OpenID Connect Core 1.0 §3.1.2.1.
func asQuery(v *visit) error {
	v.redirect(v.r.URL.Path + "?" + v.r.PostForm.Encode())
	return nil
}

// authorize opens what a client asks for, and leads to the question.
func authorize(v *visit) error {
	asked, err := v.site.OAuth.Open(v.r.Context(), v.r.URL.RawQuery)
	if refusal, ok := errors.AsType[*oauth.Fail](err); ok && refusal.Redirect != "" {
		v.redirect(refusal.Redirect)
		return nil
	}
	if err != nil {
		return err
	}
	if slices.Contains(asked.Prompt, "none") {
		return v.silent(asked)
	}
	v.setCookie(requestCookie, asked.Handle, 0)
	v.wish(asked)
	if v.person.ID == "" || !v.signInAgain(asked) {
		to := "/consent"
		if asked.LoginHint != "" { // for the sign-in that may come before it
			to += "?" + url.Values{"login": {asked.LoginHint}}.Encode()
		}
		v.redirect(to)
	}
	return nil
}

// wish takes the client's word for the language, if the person has not chosen one.
func (v *visit) wish(a oauth.Asked) {
	if len(a.Locales) == 0 || v.cookie(langCookie) != "" || v.person.ID != "" {
		return
	}
	v.setCookie(langCookie, string(v.matched(a.Locales...)), 0)
}

// signInAgain leads to the sign-in, if the client wants a fresher one than there is, and
// reports whether it did.
func (v *visit) signInAgain(a oauth.Asked) bool {
	wants := slices.Contains(a.Prompt, "login") || slices.Contains(a.Prompt, "select_account")
	if !a.Stale(v.session.AuthenticatedAt, v.site.Clock.Now()) && (!wants || !v.session.AuthenticatedAt.Before(a.OpenedAt())) {
		return false
	}
	v.redirect("/sign-in?" + url.Values{"to": {"/consent"}, "login": {a.LoginHint}}.Encode())
	return true
}

// silent answers a client that wants nobody to be asked: nothing is ever granted without
// a question here.
func (v *visit) silent(a oauth.Asked) error {
	why := oauth.ConsentRequired
	if v.person.ID == "" || a.Stale(v.session.AuthenticatedAt, v.site.Clock.Now()) {
		why = oauth.LoginRequired
	}
	to, err := v.site.OAuth.Decide(v.r.Context(), a, oauth.Decision{Denied: why})
	if err != nil {
		return err
	}
	v.redirect(to)
	return nil
}

// unmet reports whether a sign-in by acr does not reach any of the strengths that the
// client accepts.
func unmet(a oauth.Asked, acr identity.ACR) bool {
	return len(a.ACRs) > 0 && !slices.ContainsFunc(a.ACRs, func(least string) bool {
		return slices.Contains([]identity.ACR{identity.ByPassword, identity.ByTwo, identity.ByPasskey}, identity.ACR(least)) && acr.Reaches(identity.ACR(least))
	})
}

// needStrength asks for a step-up where the client wants a stronger sign-in than this one,
// and the person can give it. Who cannot is told to the client once they have answered.
func (v *visit) needStrength(a oauth.Asked) error {
	if !unmet(a, v.session.ACR) {
		return nil
	}
	ways, err := v.site.Identity.WaysOf(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	if ways.Passkeys > 0 && !unmet(a, identity.ByPasskey) || ways.TOTP && !unmet(a, identity.ByTwo) {
		return identity.ErrStepUpNeeded
	}
	return nil
}
