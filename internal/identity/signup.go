package identity

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
)

// SignUp makes a person whose way in is a password, and their first session. Errors:
// fault.ErrInvalid with fields; ErrLoginTaken.
func (r *Room) SignUp(ctx context.Context, d Draft, b Browser) (Person, SignedIn, error) {
	now := r.clock.Now()
	p, err := newPerson(d, now)
	if err != nil {
		return Person{}, SignedIn{}, err
	}
	password, err := checkPassword(p.Login, d.Password)
	if err != nil {
		return Person{}, SignedIn{}, err
	}
	if p.password, err = r.hasher.hash(ctx, password); err != nil {
		return Person{}, SignedIn{}, err
	}
	old, err := r.former(ctx, b)
	if err != nil {
		return Person{}, SignedIn{}, err
	}
	var in SignedIn
	err = r.db.Write(ctx, []db.Lock{logins.Lock(p.Login), sessions.Lock(string(old.ID))}, func(tx *db.Tx) error {
		if err := enter(tx, p, b, now); err != nil {
			return err
		}
		in = r.begin(tx, p, ByPassword, b, old, now)
		return nil
	})
	r.cache.forget(old.Person)
	if err != nil {
		return Person{}, SignedIn{}, err
	}
	return p.Person, in, nil
}

// enter takes the login and adds the person. Error: ErrLoginTaken.
func enter(tx *db.Tx, p personRow, b Browser, now time.Time) error {
	if _, taken := logins.Get(tx, p.Login); taken {
		return ErrLoginTaken
	}
	logins.Insert(tx, loginRow{p.Login, p.ID})
	people.Insert(tx, p)
	note(tx, now, b, Record{Kind: "person.signed_up", Result: fine, Person: p.ID, Actor: p.ID})
	return nil
}
