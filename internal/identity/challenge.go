package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/florinpay/florin/internal/db"
)

// challengeTTL is how long an authenticator may take to answer.
const challengeTTL = 5 * time.Minute

// responseMax is the size of an authenticator's answer, in bytes: attestations carry
// certificates.
const responseMax = 64 << 10

// What a challenge was made for.
const (
	forSignUp   = "sign_up"
	forSignIn   = "sign_in"
	forRegister = "register"
	forStepUp   = "step_up"
)

// ceremony is what must be known when the answer to a challenge comes.
type ceremony struct {
	Session webauthn.SessionData
	Login   string `json:",omitempty"` // of whom signs up, as the next two
	Name    string `json:",omitempty"`
	Locale  Locale `json:",omitempty"`
}

// asked makes the row of a challenge.
func asked(kind string, c ceremony, now time.Time) challengeRow {
	data, err := json.Marshal(c)
	if err != nil {
		panic("identity: a ceremony does not marshal: " + err.Error()) // cannot happen: texts and bytes
	}
	return challengeRow{hash: digest("challenge", c.Session.Challenge), kind: kind, data: string(data), expiresAt: now.Add(challengeTTL)}
}

// options is what the page gives to the browser, as JSON: the argument of
// PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON.
func options(o any, err error) ([]byte, error) {
	if err != nil {
		return nil, fmt.Errorf("identity: begin a ceremony: %w", err)
	}
	return json.Marshal(o)
}

// answered finds the ceremony that an answer belongs to. found is false when there is
// none of that kind, or its time is over; what is used up says the commit.
func (r *Room) answered(ctx context.Context, kind string, client protocol.CollectedClientData) (row challengeRow, c ceremony, found bool, err error) {
	row, found, err = r.challenge(ctx, digest("challenge", client.Challenge))
	if err != nil || !found || row.kind != kind || !r.clock.Now().Before(row.expiresAt) {
		return challengeRow{}, ceremony{}, false, err
	}
	if err := json.Unmarshal([]byte(row.data), &c); err != nil {
		return challengeRow{}, ceremony{}, false, fmt.Errorf("identity: stored challenge: %w", err)
	}
	return row, c, true, nil
}

// take uses a challenge up. It reports whether it was there to be used.
func (c challengeRow) take(tx *db.Tx, now time.Time) bool {
	row, found := challenges.Get(tx, c.hash)
	if !found {
		return false
	}
	challenges.Delete(tx, c.hash)
	return now.Before(row.expiresAt)
}

// parseCreation reads the answer to a registration. Error: ErrPasskeyRefused.
func parseCreation(response []byte) (*protocol.ParsedCredentialCreationData, error) {
	if len(response) > responseMax {
		return nil, ErrPasskeyRefused
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return nil, ErrPasskeyRefused.WithCause(err)
	}
	return parsed, nil
}

// parseAssertion reads the answer to a sign-in or a step-up. Error: ErrSignInFailed.
func parseAssertion(response []byte) (*protocol.ParsedCredentialAssertionData, error) {
	if len(response) > responseMax {
		return nil, ErrSignInFailed
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return nil, ErrSignInFailed.WithCause(err)
	}
	return parsed, nil
}
