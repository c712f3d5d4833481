package web

import (
	"encoding/base64"
	"encoding/json"
	"html/template"
	"net/http"

	"rsc.io/qr"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

// errNotSure: what cannot be undone is said twice.
var errNotSure = fault.ErrInvalid.WithField("/sure", "not_sure", "Tick that you are sure.")

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
	return v.open("security", s, problem)
}

// changed leads back to the page after a change, or shows on it what refused the change.
func (v *visit) changed(err error) error { return v.done(err, "/me/security", v.security) }

// closeMe ends the person for good. What it allowed as itself ends after it: by then it
// tells a client nothing any more.
func closeMe(v *visit) error {
	if v.field("sure") == "" {
		return v.security(errNotSure)
	}
	if err := v.site.Identity.Close(v.r.Context(), v.session, v.browser()); err != nil {
		return v.changed(err)
	}
	if err := v.endGrants(""); err != nil {
		return err
	}
	v.setCookie(sessionCookie, "", 0)
	v.person = identity.Person{}
	v.show(http.StatusOK, "message", v.T("closed"))
	return nil
}

func setPassword(v *visit) error {
	return v.changed(v.site.Identity.SetPassword(v.r.Context(), v.session, v.r.PostFormValue("password"), v.browser()))
}

func removePassword(v *visit) error {
	return v.changed(v.site.Identity.RemovePassword(v.r.Context(), v.session, v.browser()))
}

// connecting is a new key of an authenticator app.
type connecting struct {
	Text    string
	Link    template.URL // otpauth: is a scheme that templates do not know
	Picture template.URL // the same as a QR code, for the camera of another device
}

func beginTOTP(v *visit) error {
	secret, err := v.site.Identity.BeginTOTP(v.r.Context(), v.session)
	if err != nil {
		return v.changed(err)
	}
	code, err := qr.Encode(secret.URI, qr.M)
	if err != nil {
		return err
	}
	picture := "data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())
	v.show(http.StatusOK, "totp", connecting{secret.Text, template.URL(secret.URI), template.URL(picture)}) //nolint:gosec // made by our own room
	return nil
}

func confirmTOTP(v *visit) error {
	codes, in, err := v.site.Identity.ConfirmTOTP(v.r.Context(), v.session, v.field("code"), v.browser())
	if err != nil {
		return v.changed(err)
	}
	v.begin(in)
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
