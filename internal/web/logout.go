package web

import (
	"net/http"

	"github.com/florinpay/florin/internal/oauth"
)

// leaving is what the page of a sign-out shows.
type leaving struct {
	Query  string // of the request, to come back with the answer
	Client string // who asks; "": nobody
	Back   string
}

// asked reads a client's request to sign out: from the address, or from the form that
// carried it on.
func (v *visit) asked() (l leaving, request oauth.Leaving, err error) {
	l.Query = v.r.URL.RawQuery
	if v.r.Method == http.MethodPost {
		l.Query = v.r.PostFormValue("query")
		if !v.r.PostForm.Has("query") { // a client may send it as a form, too
			l.Query = v.r.PostForm.Encode()
		}
	}
	if request, err = v.site.OAuth.Logout(v.r.Context(), l.Query); err != nil {
		return l, request, err
	}
	if request.Client != "" {
		c, err := v.site.OAuth.Client(v.r.Context(), request.Client)
		if err != nil {
			return l, request, err
		}
		l.Client = c.Name
	}
	l.Back = request.Redirect
	return l, request, nil
}

func showLogout(v *visit) error {
	l, _, err := v.asked()
	if err != nil {
		return err
	}
	if l.Back != "" {
		v.w.Header().Set("Content-Security-Policy", policy(origin(l.Back)))
	}
	v.show(http.StatusOK, "logout", l)
	return nil
}

// logout ends the session once the person has said so on our page.
func logout(v *visit) error {
	l, request, err := v.asked()
	if err != nil {
		return err
	}
	if v.field("decision") != "sign_out" {
		return showLogout(v)
	}
	if err := v.leave(); err != nil {
		return err
	}
	if request.Redirect == "" {
		v.show(http.StatusOK, "message", v.T("signed_out"))
		return nil
	}
	v.w.Header().Set("Content-Security-Policy", policy(origin(l.Back)))
	v.redirect(request.Redirect)
	return nil
}
