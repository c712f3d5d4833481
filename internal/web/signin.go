package web

import (
	"net/http"

	"github.com/florinpay/florin/internal/identity"
)

func showSignIn(v *visit) error {
	v.show(http.StatusOK, "signin", v.entering())
	return nil
}

func signIn(v *visit) error {
	in, err := v.site.Identity.SignIn(v.r.Context(), identity.Attempt{Login: v.field("login"), Password: v.r.PostFormValue("password"), Code: v.field("code")}, v.browser())
	if err != nil && status(err) < http.StatusInternalServerError {
		v.show(status(err), "signin", v.entering(), err)
		return nil
	}
	if err != nil {
		return err
	}
	v.begin(in)
	v.redirect(v.to())
	return nil
}

func beginSignIn(v *visit) error {
	options, err := v.site.Identity.BeginSignIn(v.r.Context())
	if err != nil {
		return err
	}
	v.send(http.StatusOK, options)
	return nil
}

func finishSignIn(v *visit) error {
	text, err := v.body()
	if err != nil {
		return err
	}
	in, err := v.site.Identity.FinishSignIn(v.r.Context(), text, v.browser())
	if err != nil {
		return err
	}
	v.begin(in)
	return v.sendTo(v.to())
}

// leave ends the browser's session.
func (v *visit) leave() error {
	if v.person.ID != "" {
		if err := v.site.Identity.EndSession(v.r.Context(), v.session, v.session.ID, v.browser()); err != nil {
			return err
		}
	}
	v.setCookie(sessionCookie, "", 0)
	v.setCookie(requestCookie, "", 0)
	return nil
}
