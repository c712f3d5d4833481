package web

import "net/http"

// proving is what the page of a step-up offers.
type proving struct {
	To                      string
	Passkey, Password, TOTP bool
}

func (v *visit) proving() (p proving, err error) {
	ways, err := v.site.Identity.WaysOf(v.r.Context(), v.person.ID)
	if err != nil {
		return p, err
	}
	keys, err := v.site.Identity.Passkeys(v.r.Context(), v.person.ID)
	usable := ways.Passkeys > 0 || !ways.TOTP && len(keys) > 0 // one that may be a copy, if there is nothing better
	return proving{To: v.to(), Passkey: usable, Password: ways.Password && ways.Passkeys == 0 || ways.TOTP, TOTP: ways.TOTP}, err
}

func showStepUp(v *visit) error {
	p, err := v.proving()
	if err != nil {
		return err
	}
	v.show(http.StatusOK, "stepup", p)
	return nil
}

func stepUp(v *visit) error {
	in, err := v.site.Identity.StepUp(v.r.Context(), v.session, v.r.PostFormValue("password"), v.field("code"), v.browser())
	if err != nil && status(err) == http.StatusUnauthorized {
		p, failed := v.proving()
		if failed != nil {
			return failed
		}
		v.show(http.StatusUnauthorized, "stepup", p, err)
		return nil
	}
	if err != nil {
		return err
	}
	v.begin(in)
	v.redirect(v.to())
	return nil
}

func beginStepUp(v *visit) error {
	options, err := v.site.Identity.BeginStepUp(v.r.Context(), v.session)
	if err != nil {
		return err
	}
	v.send(http.StatusOK, options)
	return nil
}

func finishStepUp(v *visit) error {
	text, err := v.body()
	if err != nil {
		return err
	}
	in, err := v.site.Identity.FinishStepUp(v.r.Context(), v.session, text, v.browser())
	if err != nil {
		return err
	}
	v.begin(in)
	return v.sendTo(v.to())
}
