package identity

import (
	"context"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// Attempt is what somebody sends to sign in without a passkey. All of it comes at
// once, so that nobody learns whether the password alone was right.
type Attempt struct {
	Login    string
	Password string
	Code     string // TOTP or recovery code of those who enrolled; else ignored
}

// nobody is the key of the row that an unknown login locks: the commit is then the
// same as that of a known one.
const nobody = "nobody"

// SignIn begins a session by password, and by a TOTP or recovery code if the person
// has enrolled. Error: ErrSignInFailed, whatever is wrong.
func (r *Room) SignIn(ctx context.Context, a Attempt, b Browser) (SignedIn, error) {
	var p personRow
	login, formed := normalLogin(a.Login)
	if formed {
		var err error
		if p, _, err = r.byLogin(ctx, login); err != nil {
			return SignedIn{}, err
		}
	}
	f, err := r.prove(ctx, p, a.Password, a.Code)
	if err != nil {
		return SignedIn{}, err
	}
	old, err := r.former(ctx, b)
	if err != nil {
		return SignedIn{}, err
	}
	in, why, err := r.admit(ctx, p.ID, f, b, old)
	if err == nil && why != "" {
		err = ErrSignInFailed
	}
	return in, err
}

// prove computes the one hash that any attempt costs.
func (r *Room) prove(ctx context.Context, p personRow, password, typed string) (f proof, err error) {
	f = proof{stored: p.password, code: readCode(typed)}
	f.matched, err = r.hasher.check(ctx, p.password, password)
	return f, err
}

// locks are the rows that weighing f decides on. A code that is none, or a person who
// is nobody, locks a row that is not there.
func (f proof) locks(person id.Person) []db.Lock {
	key := string(person)
	if key == "" {
		key = nobody
	}
	return []db.Lock{people.Lock(key), recoveries.Lock(recoveryHash(person, f.code.recovery))}
}

// admit weighs the proof and begins the session, or counts the failure, in one commit.
// why is "" for a session.
func (r *Room) admit(ctx context.Context, person id.Person, f proof, b Browser, old sessionRow) (in SignedIn, why string, err error) {
	now := r.clock.Now()
	locks := append(f.locks(person), sessions.Lock(string(old.ID)))
	err = r.db.Write(ctx, locks, func(tx *db.Tx) error {
		in, why = SignedIn{}, whyUnknown
		p, found := personRow{}, false
		if person != "" {
			p, found = people.Get(tx, string(person))
		}
		if found {
			was := p.lockedUntil
			var acr ACR
			if acr, why = r.weigh(tx, &p, f, true, now); why == "" {
				in = r.begin(tx, p, acr, b, old, now)
				if acr == ByTwo && f.code.recovery != "" {
					note(tx, now, b, Record{Kind: "recovery.used", Result: fine, Person: p.ID, Actor: p.ID, Session: in.Session.ID})
				}
			}
			people.Update(tx, p)
			noteLock(tx, p, b, was, now)
		}
		if why != "" {
			note(tx, now, b, Record{Kind: "session.refused", Result: why, Person: p.ID})
		}
		return nil
	})
	r.cache.forget(old.Person)
	if err != nil {
		return SignedIn{}, "", err
	}
	return in, why, nil
}
