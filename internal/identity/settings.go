package identity

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
)

// ErrLastWayIn: without it the person could never sign in again.
var ErrLastWayIn = fault.New(fault.Conflict, "last_way_in", "This is the last way in. Add another passkey or a password first.")

// Change sets the acting person's name and language. Errors: ErrSignedOut;
// fault.ErrInvalid with fields.
func (r *Room) Change(ctx context.Context, s Session, name string, locale Locale, b Browser) (Person, error) {
	if bad := checkProfile(fault.ErrInvalid, name, locale); len(bad.Fields) > 0 {
		return Person{}, bad
	}
	var p Person
	err := r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		a.person.Name, a.person.Locale = name, locale
		people.Update(tx, a.person)
		a.note(tx, b, "person.changed", fine, "")
		p = a.person.Person
		return nil
	})
	return p, err
}

// SetPassword gives the acting person a password, or another one, and ends their other
// sessions. Errors: ErrSignedOut, ErrStepUpNeeded; fault.ErrInvalid with the field.
func (r *Room) SetPassword(ctx context.Context, s Session, password string, b Browser) error {
	p, err := r.read(ctx, s.Person)
	if err != nil {
		return err
	}
	if password, err = checkPassword(p.Login, password); err != nil {
		return err
	}
	hash, err := r.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		if err := a.recent(); err != nil {
			return err
		}
		a.person.password = hash
		a.endOthers(tx)
		people.Update(tx, a.person)
		a.note(tx, b, "password.changed", fine, "")
		return nil
	})
}

// RemovePassword leaves the acting person with their passkeys alone, which cannot be
// guessed or locked, and ends TOTP and recovery codes with it. Errors: ErrSignedOut,
// ErrStepUpNeeded, ErrLastWayIn.
func (r *Room) RemovePassword(ctx context.Context, s Session, b Browser) error {
	return r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		if err := a.recent(); err != nil {
			return err
		}
		if a.person.passkeys == 0 {
			return ErrLastWayIn
		}
		a.person.password = ""
		a.person.dropTOTP()
		people.Update(tx, a.person)
		a.note(tx, b, "password.removed", fine, "")
		return nil
	})
}

// Close ends the acting person for good: sessions, proofs, all. The login stays taken,
// and so nobody else can become them. Errors: ErrSignedOut, ErrStepUpNeeded, ErrInUse.
func (r *Room) Close(ctx context.Context, s Session, b Browser) error {
	return r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		if err := a.recent(); err != nil {
			return err
		}
		if a.person.roles > 0 || a.person.payers > 0 {
			return ErrInUse
		}
		a.person.State, a.person.password = Closed, ""
		a.person.dropTOTP()
		a.person.epoch++
		people.Update(tx, a.person)
		a.note(tx, b, "person.closed", fine, "")
		return nil
	})
}
