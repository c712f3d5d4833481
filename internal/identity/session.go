package identity

import (
	"context"
	"slices"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// ACR says how strongly a person was proved. Source: OpenID Connect Core 1.0 §2, acr.
type ACR string

// The strengths, weakest first. A passkey that may have been copied proves no more
// than a password.
const (
	ByPassword ACR = "urn:florin:acr:password" //nolint:gosec // a name
	ByTwo      ACR = "urn:florin:acr:mfa"
	ByPasskey  ACR = "urn:florin:acr:passkey" //nolint:gosec // a name
)

// Reaches reports whether a is at least as strong as least.
func (a ACR) Reaches(least ACR) bool { return a.rank() >= least.rank() }

func (a ACR) rank() int { return slices.Index([]ACR{ByPassword, ByTwo, ByPasskey}, a) }

// Limits of a session. The strict ones are for persons whose roles see cards or money.
// Source: PCI DSS 4.0.1 8.2.8; NIST SP 800-63B-4 §2.2.3.
const (
	IdleStrict     = 15 * time.Minute
	Idle           = 24 * time.Hour
	AbsoluteStrict = 12 * time.Hour
	Absolute       = 30 * 24 * time.Hour

	// FreshFor is how long a step-up counts.
	FreshFor = 5 * time.Minute

	seenGrain   = time.Minute // last seen is stored no more exactly, so idle ends up to this early
	sessionsMax = 200         // in one list
)

var (
	// ErrSignedOut: there is no such session, or it has ended.
	ErrSignedOut = fault.New(fault.Unauthenticated, "signed_out", "You are signed out. Sign in again.")
	// ErrStepUpNeeded: what is dangerous needs a proof of the last five minutes.
	ErrStepUpNeeded = fault.New(fault.Forbidden, "step_up_needed", "This needs a fresh proof. Step up with a passkey, or with your password and a code, and try again within five minutes.")
)

// Session is a person in one browser.
type Session struct {
	ID              id.Session
	Person          id.Person
	Address, Agent  string // at sign-in
	CreatedAt       time.Time
	ACR             ACR
	AuthenticatedAt time.Time // the last proof of any kind
	SteppedUpAt     time.Time // the last proof of ByTwo or ByPasskey; zero: none
	LastSeenAt      time.Time // within a minute
	Strict          bool      // the person has a role that sees cards or money
	endedAt         time.Time
	cookieHash      string // of the cookie that this was read by
}

// Fresh reports whether the session was stepped up within the last five minutes.
func (s Session) Fresh(now time.Time) bool { return within(s.SteppedUpAt, now) }

func within(proof, now time.Time) bool { return !proof.IsZero() && now.Before(proof.Add(FreshFor)) }

// EndsAt is when the session ends if it is not seen again.
func (s Session) EndsAt() time.Time {
	idle, absolute := Idle, Absolute
	if s.Strict {
		idle, absolute = IdleStrict, AbsoluteStrict
	}
	at, end := s.LastSeenAt.Add(idle), s.CreatedAt.Add(absolute)
	if end.Before(at) {
		at = end
	}
	return at
}

// SignedIn is a session and its cookie, which is shown once and kept nowhere.
type SignedIn struct {
	Session Session
	Cookie  string // 43 characters
}

// live reports whether the session of row s is one of person p's at now.
func live(s sessionRow, p personRow, now time.Time) bool {
	s.Strict = p.strictRoles > 0
	return s.Person == p.ID && p.State == Active && s.endedAt.IsZero() && s.epoch == p.epoch && now.Before(s.EndsAt())
}

// begin adds a session of p to tx and ends the one that the browser had.
func (r *Room) begin(tx *db.Tx, p personRow, acr ACR, b Browser, old sessionRow, now time.Time) SignedIn {
	cookie := newToken()
	s := sessionRow{Session: Session{
		ID: id.New[id.Session](now), Person: p.ID, Address: kept(b.Address), Agent: kept(b.Agent), CreatedAt: now,
		ACR: acr, AuthenticatedAt: now, LastSeenAt: now, Strict: p.strictRoles > 0,
	}, hash: cookieHash(cookie), epoch: p.epoch}
	if acr != ByPassword {
		s.SteppedUpAt = now
	}
	sessions.Insert(tx, s)
	note(tx, now, b, Record{Kind: "session.begun", Result: fine, Person: p.ID, Actor: p.ID, Session: s.ID, Object: string(acr)})
	if was, there := sessions.Get(tx, string(old.ID)); there && was.hash == old.hash && was.endedAt.IsZero() {
		was.endedAt = now
		sessions.Update(tx, was)
	}
	s.cookieHash = s.hash
	return SignedIn{s.Session, cookie}
}

// former reads the session that a browser had so far; none is the zero row.
func (r *Room) former(ctx context.Context, b Browser) (sessionRow, error) {
	if !isToken(b.Cookie) {
		return sessionRow{}, nil
	}
	s, _, err := r.sessionByHash(ctx, cookieHash(b.Cookie))
	return s, err
}

// actor is who acts and by which session, inside a write.
type actor struct {
	person  personRow
	session sessionRow
	now     time.Time
}

// act runs fn in a commit that looks at the person and the session again: a session
// that has just ended, or was rotated, acts no more. Errors: ErrSignedOut, fn's.
func (r *Room) act(ctx context.Context, s Session, locks []db.Lock, fn func(*db.Tx, *actor) error) error {
	now := r.clock.Now()
	locks = append(locks, people.Lock(string(s.Person)), sessions.Lock(string(s.ID)))
	err := r.db.Write(ctx, locks, func(tx *db.Tx) error {
		a := &actor{now: now}
		var known, there bool
		a.person, known = people.Get(tx, string(s.Person))
		a.session, there = sessions.Get(tx, string(s.ID))
		if !known || !there || a.session.hash != s.cookieHash || !live(a.session, a.person, now) {
			return ErrSignedOut
		}
		return fn(tx, a)
	})
	r.cache.forget(s.Person) // also when the write failed: it may have been stored after all
	return err
}

// recent reports whether the actor has proved themself within five minutes as strongly
// as they can: what changes the ways in asks for it.
func (a *actor) recent() error {
	proof := a.session.AuthenticatedAt
	if a.person.passkeys > 0 || len(a.person.totp) > 0 {
		proof = a.session.SteppedUpAt
	}
	if !within(proof, a.now) {
		return ErrStepUpNeeded
	}
	return nil
}

// note records what the actor did to themself.
func (a *actor) note(tx *db.Tx, b Browser, kind, result, object string) {
	note(tx, a.now, b, Record{Kind: kind, Result: result, Person: a.person.ID, Actor: a.person.ID, Session: a.session.ID, Object: object})
}

// rotate gives the actor's session a new cookie; the old one ends with the commit.
func (a *actor) rotate(tx *db.Tx) SignedIn {
	cookie := newToken()
	a.session.hash = cookieHash(cookie)
	a.session.LastSeenAt = a.now
	sessions.Update(tx, a.session)
	s := a.session.Session
	s.Strict, s.cookieHash = a.person.strictRoles > 0, a.session.hash
	return SignedIn{s, cookie}
}

// endOthers ends every session of the actor's but the one that acts.
func (a *actor) endOthers(tx *db.Tx) {
	a.person.epoch++
	a.session.epoch = a.person.epoch
	sessions.Update(tx, a.session)
}
