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

// asked reads a client's request to sign out.
func (v *visit) asked(query string) (l leaving, request oauth.Leaving, err error) {
	l.Query = query
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
	l, _, err := v.asked(v.r.URL.RawQuery)
	if err != nil {
		return err
	}
	if l.Back != "" {
		v.w.Header().Set("Content-Security-Policy", policy(origin(l.Back)))
	}
	v.show(http.StatusOK, "logout", l)
	return nil
}

// signOut ends the session, if there is one, and goes where the client that asked for it
// wants.
func signOut(v *visit) error {
	l, request, err := v.asked(v.r.PostFormValue("query"))
	if err != nil {
		return err
	}
	if err := v.leave(); err != nil {
		return err
	}
	v.w.Header().Set("Clear-Site-Data", `"storage"`) // a claim code that waits in the tab
	if request.Redirect == "" {
		v.redirect("/sign-in")
		return nil
	}
	v.w.Header().Set("Content-Security-Policy", policy(origin(l.Back)))
	v.redirect(request.Redirect)
	return nil
}
