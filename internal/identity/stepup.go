package identity

import (
	"context"

	"github.com/florinpay/florin/internal/db"
)

// StepUp proves the acting person again by password and TOTP code, and rotates the
// session's cookie: use the new one. A recovery code does not do. A person without TOTP
// or passkey proves what they can: that allows them to add one and to change the
// password, and leaves the session neither fresh nor stronger. Failures count as with
// [Room.SignIn]. Errors: ErrSignedOut, ErrSignInFailed.
func (r *Room) StepUp(ctx context.Context, s Session, password, typed string, b Browser) (SignedIn, error) {
	p, err := r.read(ctx, s.Person)
	if err != nil {
		return SignedIn{}, err
	}
	f, err := r.prove(ctx, p, password, typed)
	if err != nil {
		return SignedIn{}, err
	}
	var in SignedIn
	var why string
	err = r.act(ctx, s, f.locks(s.Person), func(tx *db.Tx, a *actor) error {
		was := a.person.lockedUntil
		var acr ACR
		acr, why = r.weigh(tx, &a.person, f, false, a.now)
		if why == "" && acr == ByPassword && a.person.passkeys > 0 {
			why = whyPasskey // it is the passkey that is asked for
		}
		people.Update(tx, a.person)
		noteLock(tx, a.person, b, was, a.now)
		if why != "" {
			a.note(tx, b, "session.refused", why, string(s.ID))
			in = SignedIn{}
			return nil
		}
		in = a.stepUp(tx, acr, b)
		return nil
	})
	if err == nil && why != "" {
		err = ErrSignInFailed
	}
	return in, err
}

// stepUp marks the session proved by acr just now, and rotates it.
func (a *actor) stepUp(tx *db.Tx, acr ACR, b Browser) SignedIn {
	a.session.AuthenticatedAt = a.now
	if acr != ByPassword {
		a.session.SteppedUpAt = a.now
	}
	if !a.session.ACR.Reaches(acr) {
		a.session.ACR = acr
	}
	a.note(tx, b, "session.stepped_up", fine, string(acr))
	return a.rotate(tx)
}
