package identity

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// Sealer encrypts what must be read again, under a key that is kept outside the
// database. What was sealed opens only with the same aad.
type Sealer interface {
	// Seal encrypts plain and binds it to aad.
	Seal(plain, aad []byte) ([]byte, error)
	// Open gives back what Seal made. Error: it was not made by this key with this aad.
	Open(sealed, aad []byte) ([]byte, error)
}

// Config is what the room needs from outside.
type Config struct {
	DB      *db.DB
	Clock   clock.Clock
	Sealer  Sealer   // of TOTP secrets
	RPID    string   // the domain that passkeys belong to, such as pay.example
	Origins []string // of the pages that may use them, such as https://pay.example; at least one
	Name    string   // of the platform, as authenticators show it
}

// Room keeps the persons of one database.
type Room struct {
	db     *db.DB
	clock  clock.Clock
	sealer Sealer
	name   string
	keys   *webauthn.WebAuthn
	hasher *hasher
	cache  *cache
}

// New opens the room. Let its [Room.Run] run beside it. Error: the configuration
// cannot be used for passkeys.
func New(c Config) (*Room, error) {
	if c.Sealer == nil || c.Name == "" {
		return nil, errors.New("identity: a sealer and a name are needed")
	}
	keys, err := webauthn.New(&webauthn.Config{
		RPID: c.RPID, RPDisplayName: c.Name, RPOrigins: c.Origins,
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:        protocol.ResidentKeyRequirementRequired,
			RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification:   protocol.VerificationRequired,
		},
		// Single use and age are kept by the challenge's row, by our clock; this is for the browser.
		Timeouts: webauthn.TimeoutsConfig{
			Login:        webauthn.TimeoutConfig{Timeout: challengeTTL, TimeoutUVD: challengeTTL},
			Registration: webauthn.TimeoutConfig{Timeout: challengeTTL, TimeoutUVD: challengeTTL},
		},
		// Password managers send extension outputs that nobody asked for; none is used here.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	return &Room{
		db: c.DB, clock: c.Clock, sealer: c.Sealer, name: c.Name, keys: keys,
		hasher: newHasher(passwordCost), cache: newCache(cacheMax, cacheFor),
	}, nil
}

// Person reads a person. Error: fault.ErrNotFound.
func (r *Room) Person(ctx context.Context, person id.Person) (Person, error) {
	p, err := r.read(ctx, person)
	return p.Person, err
}

// Named reads the active person of a login. Whether there is one is not for everybody
// to know: ask for those who may give roles. Error: fault.ErrNotFound.
func (r *Room) Named(ctx context.Context, login string) (Person, error) {
	login, ok := normalLogin(login)
	if !ok {
		return Person{}, fault.ErrNotFound
	}
	p, found, err := r.byLogin(ctx, login)
	if err == nil && (!found || p.State != Active) {
		return Person{}, fault.ErrNotFound
	}
	return p.Person, err
}

func (r *Room) read(ctx context.Context, person id.Person) (personRow, error) {
	if !id.Valid(person) { // nor may odd bytes reach the database
		return personRow{}, fault.ErrNotFound
	}
	p, found, err := r.byID(ctx, person)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return p, err
}

// Page is the part of a list that is asked for.
type Page = db.Page
