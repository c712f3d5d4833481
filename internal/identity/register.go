package identity

import (
	"context"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// firstPasskey is the name of the passkey that a person signs up with.
const firstPasskey = "Passkey"

// BeginSignUp asks for the first passkey of a person to be, who has no password. It
// gives the options for the browser as JSON. Errors: fault.ErrInvalid with fields;
// ErrLoginTaken.
func (r *Room) BeginSignUp(ctx context.Context, d Draft) ([]byte, error) {
	now := r.clock.Now()
	p, err := newPerson(d, now)
	if err != nil {
		return nil, err
	}
	if _, taken, err := r.byLogin(ctx, p.Login); taken || err != nil {
		if err == nil {
			err = ErrLoginTaken
		}
		return nil, err
	}
	o, session, err := r.keys.BeginRegistration(holder{Person: p.Person})
	if err != nil {
		return options(nil, err)
	}
	row := asked(forSignUp, ceremony{*session, p.Login, p.Name, p.Locale}, now)
	row.person = p.ID
	if err := r.db.Write(ctx, nil, func(tx *db.Tx) error { challenges.Insert(tx, row); return nil }); err != nil {
		return nil, err
	}
	return options(o.Response, nil)
}

// FinishSignUp makes the person, with the passkey that response proves, and their first
// session. Errors: ErrPasskeyRefused, ErrLoginTaken.
func (r *Room) FinishSignUp(ctx context.Context, response []byte, b Browser) (Person, SignedIn, error) {
	parsed, err := parseCreation(response)
	if err != nil {
		return Person{}, SignedIn{}, err
	}
	row, c, found, err := r.answered(ctx, forSignUp, parsed.Response.CollectedClientData)
	if err != nil || !found {
		return Person{}, SignedIn{}, orRefused(err)
	}
	now := r.clock.Now()
	p, err := newPerson(Draft{Login: c.Login, Name: c.Name, Locale: c.Locale}, now)
	if err != nil {
		return Person{}, SignedIn{}, err
	}
	p.ID, p.passkeys = row.person, 1
	made, refusal := r.keys.CreateCredential(holder{Person: p.Person}, c.Session, parsed)
	old, err := r.former(ctx, b)
	if err != nil {
		return Person{}, SignedIn{}, err
	}
	var in SignedIn
	locks := []db.Lock{challenges.Lock(row.hash), logins.Lock(p.Login), passkeys.Lock(string(passkeyID(parsed.RawID))), sessions.Lock(string(old.ID))}
	err = r.db.Write(ctx, locks, func(tx *db.Tx) error {
		in = SignedIn{}
		if !row.take(tx, now) {
			return ErrPasskeyRefused
		}
		if _, taken := passkeys.Get(tx, string(passkeyID(parsed.RawID))); refusal != nil || taken {
			return nil // the challenge is used up all the same
		}
		if err := enter(tx, p, b, now); err != nil {
			return err
		}
		k := newPasskey(p.ID, firstPasskey, made, now)
		k.LastUsedAt = now
		passkeys.Insert(tx, k)
		in = r.begin(tx, p, ByPasskey, b, old, now)
		return nil
	})
	r.cache.forget(old.Person)
	if err == nil && in.Cookie == "" {
		err = ErrPasskeyRefused.WithCause(refusal)
	}
	if err != nil {
		return Person{}, SignedIn{}, err
	}
	return p.Person, in, nil
}

func orRefused(err error) error {
	if err == nil {
		err = ErrPasskeyRefused
	}
	return err
}

// BeginPasskey asks for one more passkey of the acting person. It gives the options for
// the browser as JSON; they name the passkeys there are, so that none is made twice on
// one device. Errors: ErrSignedOut, ErrStepUpNeeded, ErrTooManyPasskeys.
func (r *Room) BeginPasskey(ctx context.Context, s Session) ([]byte, error) {
	h, err := r.holder(ctx, s.Person)
	if err != nil {
		return nil, err
	}
	o, session, err := r.keys.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.WebAuthnCredentials()).CredentialDescriptors()))
	if err != nil {
		return options(nil, err)
	}
	err = r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		if err := a.recent(); err != nil {
			return err
		}
		if a.person.passkeys >= PasskeysMax {
			return ErrTooManyPasskeys
		}
		row := asked(forRegister, ceremony{Session: *session}, a.now)
		row.person, row.session = s.Person, s.ID
		challenges.Insert(tx, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return options(o.Response, nil)
}

// FinishPasskey adds the passkey that response proves. The session that asked for it
// must be the one that adds it. Errors: ErrSignedOut, ErrPasskeyRefused,
// ErrTooManyPasskeys; fault.ErrInvalid with the field.
func (r *Room) FinishPasskey(ctx context.Context, s Session, response []byte, name string, b Browser) (Passkey, error) {
	if err := checkPasskeyName(name); err != nil {
		return Passkey{}, err
	}
	parsed, err := parseCreation(response)
	if err != nil {
		return Passkey{}, err
	}
	row, c, found, err := r.answered(ctx, forRegister, parsed.Response.CollectedClientData)
	if err != nil || !found || row.session != s.ID {
		return Passkey{}, orRefused(err)
	}
	h, err := r.holder(ctx, s.Person)
	if err != nil {
		return Passkey{}, err
	}
	made, refusal := r.keys.CreateCredential(h, c.Session, parsed)
	key := passkeyID(parsed.RawID)
	var k passkeyRow
	err = r.act(ctx, s, []db.Lock{challenges.Lock(row.hash), passkeys.Lock(string(key))}, func(tx *db.Tx, a *actor) error {
		k = passkeyRow{}
		if !row.take(tx, a.now) {
			return ErrPasskeyRefused
		}
		if _, taken := passkeys.Get(tx, string(key)); refusal != nil || taken {
			a.note(tx, b, "passkey.refused", whyPasskey, "")
			return nil // the challenge is used up all the same
		}
		if a.person.passkeys >= PasskeysMax {
			return ErrTooManyPasskeys
		}
		k = newPasskey(a.person.ID, name, made, a.now)
		passkeys.Insert(tx, k)
		a.person.passkeys++
		people.Update(tx, a.person)
		a.note(tx, b, "passkey.added", fine, string(k.ID))
		return nil
	})
	if err == nil && k.ID == "" {
		err = ErrPasskeyRefused.WithCause(refusal)
	}
	if err != nil {
		return Passkey{}, err
	}
	return k.Passkey, nil
}

func (r *Room) holder(ctx context.Context, person id.Person) (holder, error) {
	p, err := r.read(ctx, person)
	if err != nil {
		return holder{}, err
	}
	keys, err := r.passkeysOf(ctx, person)
	return holder{p.Person, keys}, err
}
