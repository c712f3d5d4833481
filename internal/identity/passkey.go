package identity

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/label"
)

// PasskeysMax is how many passkeys one person has at most.
const PasskeysMax = 20

var (
	// ErrPasskeyRefused: the answer does not fit the challenge, came late or twice, or
	// the authenticator did not verify its user.
	ErrPasskeyRefused = fault.New(fault.Invalid, "passkey_refused", "The passkey was refused. Begin again, within five minutes, with one that is not registered yet and that checks its user by PIN, finger or face.")
	// ErrTooManyPasskeys: see PasskeysMax.
	ErrTooManyPasskeys = fault.New(fault.Conflict, "too_many_passkeys", "There are 20 passkeys already. Revoke one first.")
)

// Passkey is one way in: a key pair that an authenticator keeps and uses for its
// verified user only.
type Passkey struct {
	ID          id.Passkey
	Person      id.Person
	CreatedAt   time.Time
	Name        string    // the person's own
	BackedUp    bool      // it is on more than one device, by its provider's doing
	CloneWarned bool      // its counter ran backwards: it may have been copied, and steps up no more
	LastUsedAt  time.Time // zero: never
}

// passkeyID names the passkey of a credential, the same for everybody: that a
// credential is registered once in all is then a matter of one row.
func passkeyID(credential []byte) id.Passkey {
	return id.Derive[id.Passkey](base64.RawURLEncoding.EncodeToString(credential))
}

// holder shows a person to the library. The user handle is the person's id, which says
// nothing about them. Source: WebAuthn Level 3 §14.6.1.
type holder struct {
	Person
	keys []passkeyRow
}

func (h holder) WebAuthnID() []byte          { return []byte(h.ID) }
func (h holder) WebAuthnName() string        { return h.Login }
func (h holder) WebAuthnDisplayName() string { return h.Name }
func (h holder) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(h.keys))
	for i, k := range h.keys {
		list[i] = k.stored()
	}
	return list
}

func (k passkeyRow) stored() webauthn.Credential {
	c := webauthn.Credential{ID: k.credential, PublicKey: k.publicKey}
	c.Flags.BackupEligible, c.Flags.BackupState, c.Flags.UserVerified = k.backupEligible, k.BackedUp, true
	c.Authenticator.AAGUID = k.aaguid
	c.Authenticator.SignCount = uint32(k.signCount) //nolint:gosec // it came as one
	for t := range strings.FieldsSeq(k.transports) {
		c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
	}
	return c
}

// newPasskey is the passkey that a verified registration made.
func newPasskey(person id.Person, name string, c *webauthn.Credential, now time.Time) passkeyRow {
	var transports []string
	for _, t := range c.Transport {
		if s := kept(string(t)); len(transports) < 8 && !strings.Contains(s, " ") {
			transports = append(transports, s)
		}
	}
	return passkeyRow{
		Passkey:    Passkey{ID: passkeyID(c.ID), Person: person, CreatedAt: now, Name: name, BackedUp: c.Flags.BackupState},
		credential: c.ID, publicKey: c.PublicKey, aaguid: c.Authenticator.AAGUID, transports: strings.Join(transports, " "),
		backupEligible: c.Flags.BackupEligible, signCount: int64(c.Authenticator.SignCount),
	}
}

func checkPasskeyName(name string) error {
	if !label.Shown(name) || utf8.RuneCountInString(name) > NameMax {
		return fault.ErrInvalid.WithField("/name", "invalid_text", fmt.Sprintf("Send 1 to %d characters without control characters.", NameMax))
	}
	return nil
}

// use notes an assertion that was verified, inside a commit that locked k's row. A
// counter that does not grow tells of a copy, and the warning stays. Source: WebAuthn
// Level 3 §7.2 step 22.
func (k *passkeyRow) use(tx *db.Tx, a protocol.AuthenticatorData, now time.Time) {
	if count := int64(a.Counter); count <= k.signCount && (count != 0 || k.signCount != 0) {
		k.CloneWarned = true
	} else {
		k.signCount = count
	}
	k.BackedUp, k.LastUsedAt = a.Flags.HasBackupState(), now
	passkeys.Update(tx, *k)
}

// Passkeys lists a person's passkeys, oldest first.
func (r *Room) Passkeys(ctx context.Context, person id.Person) ([]Passkey, error) {
	rows, err := r.passkeysOf(ctx, person)
	if err != nil {
		return nil, err
	}
	list := make([]Passkey, len(rows))
	for i, k := range rows {
		list[i] = k.Passkey
	}
	return list, nil
}

// RenamePasskey gives one of the acting person's passkeys another name. Errors:
// ErrSignedOut, fault.ErrNotFound; fault.ErrInvalid with the field.
func (r *Room) RenamePasskey(ctx context.Context, s Session, which id.Passkey, name string, b Browser) error {
	if err := checkPasskeyName(name); err != nil {
		return err
	}
	return r.changePasskey(ctx, s, which, func(tx *db.Tx, a *actor, k passkeyRow) error {
		k.Name = name
		passkeys.Update(tx, k)
		a.note(tx, b, "passkey.renamed", fine, string(which))
		return nil
	})
}

// RevokePasskey ends one of the acting person's passkeys, and their other sessions: one
// of them may be whoever has the lost device. Errors: ErrSignedOut, ErrStepUpNeeded,
// ErrLastWayIn, fault.ErrNotFound.
func (r *Room) RevokePasskey(ctx context.Context, s Session, which id.Passkey, b Browser) error {
	return r.changePasskey(ctx, s, which, func(tx *db.Tx, a *actor, k passkeyRow) error {
		if err := a.recent(); err != nil {
			return err
		}
		left := a.person.passkeys
		if !k.CloneWarned {
			left--
		}
		if left == 0 && a.person.password == "" {
			return ErrLastWayIn
		}
		k.revokedAt = a.now
		passkeys.Update(tx, k)
		a.person.passkeys = left
		a.endOthers(tx)
		people.Update(tx, a.person)
		a.note(tx, b, "passkey.revoked", fine, string(which))
		return nil
	})
}

func (r *Room) changePasskey(ctx context.Context, s Session, which id.Passkey, fn func(*db.Tx, *actor, passkeyRow) error) error {
	if !id.Valid(which) {
		return fault.ErrNotFound
	}
	return r.act(ctx, s, []db.Lock{passkeys.Lock(string(which))}, func(tx *db.Tx, a *actor) error {
		k, found := passkeys.Get(tx, string(which))
		if !found || k.Person != a.person.ID || !k.revokedAt.IsZero() {
			return fault.ErrNotFound
		}
		return fn(tx, a, k)
	})
}
