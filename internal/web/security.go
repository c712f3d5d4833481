package web

import (
	"encoding/json"
	"html/template"
	"net/http"

	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

// security is how somebody signs in.
type security struct {
	Ways     identity.Ways
	Locked   bool
	Passkeys []identity.Passkey
}

func showSecurity(v *visit) error { return v.security(nil) }

func (v *visit) security(problem error) error {
	ways, err := v.site.Identity.WaysOf(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	keys, err := v.site.Identity.Passkeys(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	s := security{ways, v.site.Clock.Now().Before(ways.LockedUntil), keys}
	if problem != nil {
		v.show(status(problem), "security", s, problem)
		return nil
	}
	v.show(http.StatusOK, "security", s)
	return nil
}

// changed leads back to the page after a change, or shows on it what refused the change.
func (v *visit) changed(err error) error {
	if err == nil {
		v.redirect("/me/security")
		return nil
	}
	if code := status(err); code == http.StatusBadRequest || code == http.StatusConflict {
		return v.security(err)
	}
	return err
}

func setPassword(v *visit) error {
	return v.changed(v.site.Identity.SetPassword(v.r.Context(), v.session, v.r.PostFormValue("password"), v.browser()))
}

func removePassword(v *visit) error {
	return v.changed(v.site.Identity.RemovePassword(v.r.Context(), v.session, v.browser()))
}

// connecting is a new key of an authenticator app.
type connecting struct {
	Text string
	Link template.URL // otpauth: is a scheme that templates do not know
}

func beginTOTP(v *visit) error {
	secret, err := v.site.Identity.BeginTOTP(v.r.Context(), v.session)
	if err != nil {
		return v.changed(err)
	}
	v.show(http.StatusOK, "totp", connecting{secret.Text, template.URL(secret.URI)}) //nolint:gosec // made by our own room
	return nil
}

func confirmTOTP(v *visit) error {
	codes, err := v.site.Identity.ConfirmTOTP(v.r.Context(), v.session, v.field("code"), v.browser())
	if err != nil {
		return v.changed(err)
	}
	v.show(http.StatusOK, "codes", codes)
	return nil
}

func removeTOTP(v *visit) error {
	return v.changed(v.site.Identity.RemoveTOTP(v.r.Context(), v.session, v.browser()))
}

func renewRecovery(v *visit) error {
	codes, err := v.site.Identity.RenewRecovery(v.r.Context(), v.session, v.browser())
	if err != nil {
		return v.changed(err)
	}
	v.show(http.StatusOK, "codes", codes)
	return nil
}

func beginPasskey(v *visit) error {
	options, err := v.site.Identity.BeginPasskey(v.r.Context(), v.session)
	if err != nil {
		return err
	}
	v.send(http.StatusOK, options)
	return nil
}

func finishPasskey(v *visit) error {
	text, err := v.body()
	if err != nil {
		return err
	}
	var answer struct {
		Name       string          `json:"name"`
		Credential json.RawMessage `json:"credential"`
	}
	if json.Unmarshal(text, &answer) != nil {
		return errForm
	}
	if _, err := v.site.Identity.FinishPasskey(v.r.Context(), v.session, answer.Credential, answer.Name, v.browser()); err != nil {
		return err
	}
	return v.sendTo("/me/security")
}

func renamePasskey(v *visit) error {
	return v.changed(v.site.Identity.RenamePasskey(v.r.Context(), v.session, id.Passkey(v.r.PathValue("passkey")), v.field("name"), v.browser()))
}

func revokePasskey(v *visit) error {
	return v.changed(v.site.Identity.RevokePasskey(v.r.Context(), v.session, id.Passkey(v.r.PathValue("passkey")), v.browser()))
}
