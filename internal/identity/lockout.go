package identity

import (
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
)

// A person whose password, code or recovery code was wrong so often is locked for so
// long. A passkey opens at any time. Source: PCI DSS 4.0.1 8.3.4; NIST SP 800-63B-4 §3.2.2.
const (
	FailsMax = 10
	LockFor  = 30 * time.Minute
)

// ErrSignInFailed is the answer to every sign-in and step-up that is refused, whatever
// was wrong and whoever it was about.
var ErrSignInFailed = fault.New(fault.Unauthenticated, "sign_in_failed", "Signing in failed. Check the login, the password and the code. After ten failures wait 30 minutes, or use a passkey.")

// The results of a refused proof, for records only.
const (
	whyUnknown  = "unknown"
	whyClosed   = "closed"
	whyLocked   = "locked"
	whyPassword = "password_wrong"
	whyCode     = "code_wrong"
	whyPasskey  = "passkey_refused"
	whyCloned   = "passkey_cloned"
	whyExpired  = "challenge_expired"
)

// proof is a password and a code as they were given, weighed as far as it can be done
// outside the commit.
type proof struct {
	stored  string // the hash that the password was compared with
	matched bool
	code    code
}

// weigh decides on a proof of p inside a commit that locked p's row and that of the
// recovery code. It changes p: its counters, its TOTP step and, with a code used, tx.
// why is "" for a proof that holds.
func (r *Room) weigh(tx *db.Tx, p *personRow, f proof, recoveryToo bool, now time.Time) (acr ACR, why string) {
	switch {
	case p.State != Active:
		return "", whyClosed
	case now.Before(p.lockedUntil):
		return "", whyLocked
	case !f.matched || f.stored != p.password: // or it was changed meanwhile
		return "", p.fail(whyPassword, now)
	case len(p.totp) == 0:
		p.fails = 0
		return ByPassword, ""
	case f.code.totp != "" && r.useTOTP(p, f.code.totp, now), recoveryToo && f.code.recovery != "" && useRecovery(tx, p, f.code.recovery, now):
		p.fails = 0
		return ByTwo, ""
	}
	return "", p.fail(whyCode, now)
}

// fail counts a wrong proof.
func (p *personRow) fail(why string, now time.Time) string {
	if p.fails++; p.fails >= FailsMax {
		p.fails, p.lockedUntil = 0, now.Add(LockFor)
	}
	return why
}

// clear forgets failures: the person was here.
func (p *personRow) clear() { p.fails, p.lockedUntil = 0, time.Time{} }

// useTOTP uses a code up.
func (r *Room) useTOTP(p *personRow, totp string, now time.Time) bool {
	secret, err := r.sealer.Open(p.totp, totpPlace(p.ID))
	if err != nil {
		return false // the key is not the one that sealed it: recovery codes and passkeys work
	}
	step, ok := totpStep(secret, totp, p.totpStep, now)
	if ok {
		p.totpStep = step
	}
	return ok
}

// useRecovery uses a recovery code up.
func useRecovery(tx *db.Tx, p *personRow, recovery string, now time.Time) bool {
	c, found := recoveries.Get(tx, recoveryHash(p.ID, recovery))
	if !found || c.person != p.ID || c.set != p.recoverySet || !c.usedAt.IsZero() {
		return false
	}
	c.usedAt = now
	recoveries.Update(tx, c)
	return true
}

// noteLock records that the last failure locked p, if it did.
func noteLock(tx *db.Tx, p personRow, b Browser, was, now time.Time) {
	if p.lockedUntil.After(was) {
		note(tx, now, b, Record{Kind: "person.locked", Result: fine, Person: p.ID})
	}
}
