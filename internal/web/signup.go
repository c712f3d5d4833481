package web

import (
	"encoding/json"
	"net/http"

	"github.com/florinpay/florin/internal/identity"
)

// entering is what the forms of sign-up and sign-in show again.
type entering struct{ Login, Name, To string }

func (v *visit) entering() entering {
	return entering{Login: v.r.FormValue("login"), Name: v.r.PostFormValue("name"), To: v.to()}
}

func showSignUp(v *visit) error {
	v.show(http.StatusOK, "signup", v.entering())
	return nil
}

func signUp(v *visit) error {
	draft := identity.Draft{Login: v.field("login"), Name: v.field("name"), Locale: v.lang, Password: v.r.PostFormValue("password")}
	_, in, err := v.site.Identity.SignUp(v.r.Context(), draft, v.browser())
	if err != nil && status(err) < http.StatusInternalServerError {
		v.show(status(err), "signup", v.entering(), err)
		return nil
	}
	if err != nil {
		return err
	}
	v.begin(in)
	v.redirect(v.to())
	return nil
}

// beginSignUp asks the browser for the first passkey of somebody new.
func beginSignUp(v *visit) error {
	text, err := v.body()
	if err != nil {
		return err
	}
	var asked struct {
		Login string `json:"login"`
		Name  string `json:"name"`
	}
	if json.Unmarshal(text, &asked) != nil {
		return errForm
	}
	options, err := v.site.Identity.BeginSignUp(v.r.Context(), identity.Draft{Login: asked.Login, Name: asked.Name, Locale: v.lang})
	if err != nil {
		return err
	}
	v.send(http.StatusOK, options)
	return nil
}

func finishSignUp(v *visit) error {
	text, err := v.body()
	if err != nil {
		return err
	}
	_, in, err := v.site.Identity.FinishSignUp(v.r.Context(), text, v.browser())
	if err != nil {
		return err
	}
	v.begin(in)
	return v.sendTo(v.to())
}
