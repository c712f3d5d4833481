package identity

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// enrollFor is how long a new TOTP secret waits for its first code.
const enrollFor = 10 * time.Minute

var (
	// ErrCodeWrong: the code that confirms an enrollment is not the app's.
	ErrCodeWrong = fault.New(fault.Invalid, "code_wrong", "The code is wrong. Check that the device's clock is right and send the code that it shows now.")
	// ErrEnrollmentEnded: a new TOTP secret waits ten minutes for its first code.
	ErrEnrollmentEnded = fault.New(fault.Conflict, "enrollment_ended", "The enrollment has ended. Begin it again.")
	// ErrNotEnrolled: what belongs to TOTP needs TOTP, which needs a password.
	ErrNotEnrolled = fault.New(fault.Conflict, "not_enrolled", "This is for persons with a password and an authenticator app. Set a password and enroll the app first.")
)

// Secret is a new TOTP secret, shown once.
type Secret struct {
	Text string // base32, to type
	URI  string // otpauth, for a QR code
}

// totpPlace binds a sealed secret to its person.
func totpPlace(person id.Person) []byte { return []byte("totp|" + string(person)) }

// BeginTOTP makes a secret for the acting person's authenticator app. It counts once
// [Room.ConfirmTOTP] has seen a code of it; until then the one before does. Errors:
// ErrSignedOut, ErrStepUpNeeded, ErrNotEnrolled without a password.
func (r *Room) BeginTOTP(ctx context.Context, s Session) (Secret, error) {
	secret := random(totpSecretBytes)
	sealed, err := r.sealer.Seal(secret, totpPlace(s.Person))
	if err != nil {
		return Secret{}, err
	}
	var login string
	err = r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		if err := a.recent(); err != nil {
			return err
		}
		if a.person.password == "" {
			return ErrNotEnrolled
		}
		a.person.totpNext, a.person.totpNextEnd = sealed, a.now.Add(enrollFor)
		people.Update(tx, a.person)
		login = a.person.Login
		return nil
	})
	if err != nil {
		return Secret{}, err
	}
	return Secret{base32(secret), totpURI(r.name, login, secret)}, nil
}

// ConfirmTOTP enrolls the acting person's app by a first code, and gives ten recovery
// codes to show once; those before end. The session is stronger by it, so its cookie is
// rotated: use the new one. Errors: ErrSignedOut, ErrStepUpNeeded,
// ErrEnrollmentEnded, ErrCodeWrong.
func (r *Room) ConfirmTOTP(ctx context.Context, s Session, typed string, b Browser) (codes []string, in SignedIn, err error) {
	codes, c := newRecoverySet(), readCode(typed)
	err = r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		if err := a.recent(); err != nil {
			return err
		}
		if len(a.person.totpNext) == 0 || !a.now.Before(a.person.totpNextEnd) || a.person.password == "" {
			return ErrEnrollmentEnded
		}
		secret, err := r.sealer.Open(a.person.totpNext, totpPlace(a.person.ID))
		if err != nil {
			return fault.ErrInternal.WithCause(err)
		}
		step, right := totpStep(secret, c.totp, 0, a.now)
		if !right {
			return ErrCodeWrong
		}
		a.person.totp, a.person.totpStep = a.person.totpNext, step
		a.person.totpNext, a.person.totpNextEnd = nil, time.Time{}
		a.replaceRecovery(tx, codes)
		people.Update(tx, a.person)
		// The code proves both factors at once: the password was proved to get here.
		if a.session.SteppedUpAt = a.now; !a.session.ACR.Reaches(ByTwo) {
			a.session.ACR = ByTwo
		}
		in = a.rotate(tx)
		a.note(tx, b, "totp.enrolled", fine, "")
		return nil
	})
	if err != nil {
		return nil, SignedIn{}, err
	}
	return codes, in, nil
}

// RemoveTOTP leaves the acting person's password without a second factor, and ends the
// recovery codes. Errors: ErrSignedOut, ErrStepUpNeeded, ErrNotEnrolled.
func (r *Room) RemoveTOTP(ctx context.Context, s Session, b Browser) error {
	return r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		if err := a.recent(); err != nil {
			return err
		}
		if len(a.person.totp) == 0 {
			return ErrNotEnrolled
		}
		a.person.dropTOTP()
		people.Update(tx, a.person)
		a.note(tx, b, "totp.removed", fine, "")
		return nil
	})
}

// dropTOTP ends the app and the recovery codes.
func (p *personRow) dropTOTP() {
	p.totp, p.totpNext, p.totpNextEnd = nil, nil, time.Time{}
	p.recoverySet++
}

// RenewRecovery gives the acting person ten new recovery codes to show once; those
// before end. Errors: ErrSignedOut, ErrStepUpNeeded, ErrNotEnrolled.
func (r *Room) RenewRecovery(ctx context.Context, s Session, b Browser) (codes []string, err error) {
	codes = newRecoverySet()
	err = r.act(ctx, s, nil, func(tx *db.Tx, a *actor) error {
		if err := a.recent(); err != nil {
			return err
		}
		if len(a.person.totp) == 0 {
			return ErrNotEnrolled
		}
		a.replaceRecovery(tx, codes)
		people.Update(tx, a.person)
		a.note(tx, b, "recovery.renewed", fine, "")
		return nil
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

func newRecoverySet() []string {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newRecoveryCode()
	}
	return codes
}

// replaceRecovery makes codes the set that works. The rows of sets before stay, and
// work no more: a number tells them apart, so no row has to be found to be ended.
func (a *actor) replaceRecovery(tx *db.Tx, codes []string) {
	a.person.recoverySet++
	for _, c := range codes {
		recoveries.Insert(tx, recoveryRow{hash: recoveryHash(a.person.ID, readCode(c).recovery), person: a.person.ID, set: a.person.recoverySet})
	}
}

// Ways is how a person can sign in.
type Ways struct {
	Password     bool
	TOTP         bool
	RecoveryLeft int // codes
	Passkeys     int
	LockedUntil  time.Time // for all but passkeys; zero or past: not locked
}

// WaysOf tells how a person can sign in. Error: fault.ErrNotFound.
func (r *Room) WaysOf(ctx context.Context, person id.Person) (Ways, error) {
	p, err := r.read(ctx, person)
	if err != nil {
		return Ways{}, err
	}
	left, err := r.recoveriesLeft(ctx, p)
	return Ways{p.password != "", len(p.totp) > 0, left, int(p.passkeys), p.lockedUntil}, err
}
