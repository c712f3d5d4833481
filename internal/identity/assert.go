package identity

import (
	"context"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// BeginSignIn asks for any passkey of anybody. It gives the options for the browser as
// JSON.
func (r *Room) BeginSignIn(ctx context.Context) ([]byte, error) {
	o, session, err := r.keys.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return options(nil, err)
	}
	row := asked(forSignIn, ceremony{Session: *session}, r.clock.Now())
	if err := r.db.Write(ctx, nil, func(tx *db.Tx) error { challenges.Insert(tx, row); return nil }); err != nil {
		return nil, err
	}
	return options(o.Response, nil)
}

// assertion is an answer whose signature and user verification hold.
type assertion struct {
	person id.Person
	key    id.Passkey
	data   protocol.AuthenticatorData
}

// row reads the passkey inside a commit that locked it. It reports whether it is still
// the person's.
func (a assertion) row(tx *db.Tx) (passkeyRow, bool) {
	k, found := passkeys.Get(tx, string(a.key))
	return k, found && k.Person == a.person && k.revokedAt.IsZero()
}

// FinishSignIn begins a session by the passkey that response proves. It opens a person
// who is locked, too. A passkey that may have been copied signs in, but proves no more
// than a password, and does not unlock. Error: ErrSignInFailed.
func (r *Room) FinishSignIn(ctx context.Context, response []byte, b Browser) (SignedIn, error) {
	parsed, err := parseAssertion(response)
	if err != nil {
		return SignedIn{}, err
	}
	row, c, found, err := r.answered(ctx, forSignIn, parsed.Response.CollectedClientData)
	if err != nil || !found {
		return SignedIn{}, orFailed(err)
	}
	as := assertion{key: passkeyID(parsed.RawID), data: parsed.Response.AuthenticatorData}
	var broken error // of the database, not of the proof
	_, _, refusal := r.keys.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		as.person = id.Person(handle)
		h, err := r.holder(ctx, as.person)
		if err != nil && id.Valid(as.person) {
			broken = err
		}
		return h, err
	}, c.Session, parsed)
	if broken != nil && !isMissing(broken) {
		return SignedIn{}, broken
	}
	old, err := r.former(ctx, b)
	if err != nil {
		return SignedIn{}, err
	}
	in, err := r.admitPasskey(ctx, row, as, refusal, b, old)
	if err == nil && in.Cookie == "" {
		err = ErrSignInFailed.WithCause(refusal)
	}
	return in, err
}

// admitPasskey uses the challenge up and begins the session, if nothing refuses it, in
// one commit.
func (r *Room) admitPasskey(ctx context.Context, row challengeRow, as assertion, refusal error, b Browser, old sessionRow) (in SignedIn, err error) {
	now := r.clock.Now()
	if !id.Valid(as.person) {
		as.person = nobody
	}
	locks := []db.Lock{challenges.Lock(row.hash), people.Lock(string(as.person)), passkeys.Lock(string(as.key)), sessions.Lock(string(old.ID))}
	err = r.db.Write(ctx, locks, func(tx *db.Tx) error {
		in = SignedIn{}
		if !row.take(tx, now) {
			return ErrSignInFailed
		}
		p, known := people.Get(tx, string(as.person))
		k, has := as.row(tx)
		if refusal != nil || !known || !has || p.State != Active {
			note(tx, now, b, Record{Kind: "session.refused", Result: whyPasskey, Person: p.ID})
			return nil
		}
		acr := r.usePasskey(tx, &p, &k, as, b, now)
		if acr == ByPasskey {
			p.clear()
		}
		people.Update(tx, p)
		in = r.begin(tx, p, acr, b, old, now)
		return nil
	})
	r.cache.forget(old.Person)
	if err != nil {
		return SignedIn{}, err
	}
	return in, nil
}

// usePasskey notes p's use of k, and says what it proves. A key that may have been copied
// is not counted among the person's from then on: nothing waits for a proof by it.
func (r *Room) usePasskey(tx *db.Tx, p *personRow, k *passkeyRow, as assertion, b Browser, now time.Time) ACR {
	warned := k.CloneWarned
	k.use(tx, as.data, now)
	if k.CloneWarned && !warned {
		p.passkeys--
		note(tx, now, b, Record{Kind: "passkey.regressed", Result: whyCloned, Person: k.Person, Object: string(k.ID)})
	}
	if k.CloneWarned {
		return ByPassword
	}
	return ByPasskey
}

// BeginStepUp asks for a passkey of the acting person. It gives the options for the
// browser as JSON. Errors: ErrSignedOut; ErrSignInFailed without a passkey.
func (r *Room) BeginStepUp(ctx context.Context, s Session) ([]byte, error) {
	h, err := r.holder(ctx, s.Person)
	if err != nil {
		return nil, err
	}
	if len(h.keys) == 0 {
		return nil, ErrSignInFailed
	}
	o, session, err := r.keys.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return options(nil, err)
	}
	err = r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		row := asked(forStepUp, ceremony{Session: *session}, a.now)
		row.person, row.session = s.Person, s.ID
		challenges.Insert(tx, row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return options(o.Response, nil)
}

// FinishStepUp makes the acting session fresh by the passkey that response proves, and
// rotates its cookie: use the new one. A passkey that may have been copied is
// refused, unless the person has nothing better: as with [Room.StepUp], it then lets them
// add another and revoke it, and leaves the session neither fresh nor stronger.
// Errors: ErrSignedOut, ErrSignInFailed.
func (r *Room) FinishStepUp(ctx context.Context, s Session, response []byte, b Browser) (SignedIn, error) {
	parsed, err := parseAssertion(response)
	if err != nil {
		return SignedIn{}, err
	}
	row, c, found, err := r.answered(ctx, forStepUp, parsed.Response.CollectedClientData)
	if err != nil || !found || row.session != s.ID {
		return SignedIn{}, orFailed(err)
	}
	h, err := r.holder(ctx, s.Person)
	if err != nil {
		return SignedIn{}, err
	}
	_, refusal := r.keys.ValidateLogin(h, c.Session, parsed)
	as := assertion{s.Person, passkeyID(parsed.RawID), parsed.Response.AuthenticatorData}
	var in SignedIn
	err = r.act(ctx, s, []db.Lock{challenges.Lock(row.hash), passkeys.Lock(string(as.key))}, func(tx *db.Tx, a *actor) error {
		in = SignedIn{}
		if !row.take(tx, a.now) {
			return ErrSignInFailed
		}
		k, has := as.row(tx)
		if refusal != nil || !has {
			a.note(tx, b, "session.refused", whyPasskey, string(s.ID))
			return nil
		}
		acr := r.usePasskey(tx, &a.person, &k, as, b, a.now)
		if acr == ByPasskey {
			a.person.clear()
		}
		people.Update(tx, a.person)
		if acr != ByPasskey && (a.person.passkeys > 0 || len(a.person.totp) > 0) {
			a.note(tx, b, "session.refused", whyCloned, string(s.ID))
			return nil
		}
		in = a.stepUp(tx, acr, b)
		return nil
	})
	if err == nil && in.Cookie == "" {
		err = ErrSignInFailed.WithCause(refusal)
	}
	return in, err
}

func orFailed(err error) error {
	if err == nil {
		err = ErrSignInFailed
	}
	return err
}
