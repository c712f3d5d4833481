package web

import (
	"net/http"

	"github.com/florinpay/florin/internal/oauth"
)

func showDevice(v *visit) error {
	v.show(http.StatusOK, "code", v.r.URL.Query().Get("user_code"))
	return nil
}

// device finds the device that shows the code that was typed. Who guesses is the person.
func (v *visit) device() (a oauth.AskedDevice, q question, err error) {
	if a, err = v.site.OAuth.Device(v.r.Context(), v.field("user_code"), string(v.person.ID)); err != nil {
		return a, q, err
	}
	q, err = v.ask(a.Client, a.Scopes, a.Details, a.ExpiresAt)
	q.Action, q.UserCode = "/device/decide", a.UserCode
	return a, q, err
}

func askDevice(v *visit) error {
	a, q, err := v.device()
	if err != nil && status(err) < http.StatusInternalServerError {
		v.show(status(err), "code", v.field("user_code"), err)
		return nil
	}
	if err == nil { // before anything is typed
		err = v.needStepUp(a.Client.Live || len(a.Details) > 0)
	}
	if err != nil {
		return err
	}
	v.showQuestion(http.StatusOK, q)
	return nil
}

func decideDevice(v *visit) error {
	a, q, err := v.device()
	if err != nil {
		return err
	}
	d, said := oauth.Decision{Denied: oauth.AccessDenied}, "device_denied"
	if v.field("decision") == "allow" {
		said = "device_allowed"
		if d, err = v.answer(&q, a.Scopes, a.Details); err != nil {
			v.showQuestion(http.StatusBadRequest, q, err)
			return nil
		}
		if err := v.needProof(a.Client, d); err != nil {
			return err
		}
	}
	if err := v.site.OAuth.DecideDevice(v.r.Context(), a, d); err != nil {
		return err
	}
	v.show(http.StatusOK, "message", v.T(said))
	return nil
}
