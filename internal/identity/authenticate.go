package identity

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Authenticate gives the session of a cookie and notes that it was seen. What the
// database said is remembered for up to 5 seconds. Error: ErrSignedOut.
func (r *Room) Authenticate(ctx context.Context, cookie string) (Session, error) {
	if !isToken(cookie) {
		return Session{}, ErrSignedOut
	}
	now, hash := r.clock.Now(), cookieHash(cookie)
	e := r.cache.get(hash, now)
	if e == nil {
		var err error
		if e, err = r.look(ctx, hash, now); err != nil {
			return Session{}, err
		}
	}
	if !live(e.session, e.person, now) {
		return Session{}, ErrSignedOut
	}
	if now.Sub(e.session.LastSeenAt) >= seenGrain && e.touched.CompareAndSwap(false, true) {
		_ = r.touch(ctx, e.session, now) // db has logged why; at worst the session ends early
	}
	s := e.session.Session
	s.Strict, s.cookieHash = e.person.strictRoles > 0, hash
	return s, nil
}

// look asks the database for the session of a cookie's hash.
func (r *Room) look(ctx context.Context, hash string, now time.Time) (*entry, error) {
	mark := r.cache.mark()
	s, found, err := r.sessionByHash(ctx, hash)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, ErrSignedOut
	}
	p, found, err := r.byID(ctx, s.Person)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, ErrSignedOut
	}
	e := &entry{session: s, person: p, readAt: now}
	r.cache.put(hash, e, mark)
	return e, nil
}

// touch stores that a session was seen.
func (r *Room) touch(ctx context.Context, s sessionRow, now time.Time) error {
	return r.db.Write(ctx, []db.Lock{sessions.Lock(string(s.ID))}, func(tx *db.Tx) error {
		row, found := sessions.Get(tx, string(s.ID))
		if found && row.endedAt.IsZero() && row.LastSeenAt.Before(now) { // another node may have seen it later
			row.LastSeenAt = now
			sessions.Update(tx, row)
		}
		return nil
	})
}

// Sessions lists a person's sessions that live, newest first, at most 200.
func (r *Room) Sessions(ctx context.Context, person id.Person) ([]Session, error) {
	p, err := r.read(ctx, person)
	if err != nil {
		return nil, err
	}
	now := r.clock.Now()
	rows, err := r.sessionsOf(ctx, p, now.Add(-Absolute))
	if err != nil {
		return nil, err
	}
	list := make([]Session, 0, len(rows))
	for _, s := range rows {
		if s.Strict = p.strictRoles > 0; live(s, p, now) {
			list = append(list, s.Session)
		}
	}
	return list, nil
}

// EndSession ends one of the acting person's sessions, which may be the acting one.
// Ending it again changes nothing. Errors: ErrSignedOut; fault.ErrNotFound, also for
// another person's.
func (r *Room) EndSession(ctx context.Context, s Session, which id.Session, b Browser) error {
	if !id.Valid(which) {
		return fault.ErrNotFound
	}
	return r.act(ctx, s, []db.Lock{sessions.Lock(string(which))}, func(tx *db.Tx, a *actor) error {
		row, found := sessions.Get(tx, string(which))
		if !found || row.Person != a.person.ID {
			return fault.ErrNotFound
		}
		if row.endedAt.IsZero() {
			row.endedAt = a.now
			sessions.Update(tx, row)
			a.note(tx, b, "session.ended", fine, string(which))
		}
		return nil
	})
}

// EndOthers ends every session of the acting person but the acting one. Error:
// ErrSignedOut.
func (r *Room) EndOthers(ctx context.Context, s Session, b Browser) error {
	return r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		a.endOthers(tx)
		people.Update(tx, a.person)
		a.note(tx, b, "session.ended", fine, "others")
		return nil
	})
}

// EndAll ends every session of the acting person. Error: ErrSignedOut.
func (r *Room) EndAll(ctx context.Context, s Session, b Browser) error {
	return r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		a.person.epoch++
		people.Update(tx, a.person)
		a.note(tx, b, "session.ended", fine, "all")
		return nil
	})
}
