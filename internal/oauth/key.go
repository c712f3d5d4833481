package oauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-jose/go-jose/v4/json"

	"github.com/florinpay/florin/internal/clock"
)

// Sealer keeps private keys unreadable where they are stored. bound is what a sealed key
// belongs to: opening it for anything else must fail.
type Sealer interface {
	Seal(plain, bound []byte) (sealed []byte, err error)
	Open(sealed, bound []byte) (plain []byte, err error)
}

// What a key is for.
const (
	forTokens = "token" // signs tokens, ES256
	forNonces = "nonce" // makes DPoP nonces, HMAC-SHA-256
)

// The life of a key: next → signing → verifying → retired.
const (
	next      = "next"      // published, so that everybody knows it when it begins to sign
	signing   = "signing"   // the one that signs
	verifying = "verifying" // signs no more; what it signed is still good
	retired   = "retired"   // forgotten: its private part is erased
)

// keyRow is a stored key. Its id is its purpose and number, so that two nodes that make
// the next one meet on one row.
type keyRow struct {
	ID            string
	Purpose       string
	Number        int64
	KID           string // RFC 7638 thumbprint of a token key
	Public        string // JWK
	Sealed        []byte
	CreatedAt     time.Time
	State         string
	SignsFrom     time.Time
	VerifiesUntil time.Time
}

func keyID(purpose string, number int64) string {
	return purpose + "-" + strconv.FormatInt(number, 10)
}

// newKey draws the key of that number and seals it.
func newKey(seal Sealer, purpose string, number int64, now time.Time) (keyRow, error) {
	k := keyRow{ID: keyID(purpose, number), Purpose: purpose, Number: number, CreatedAt: now, State: next}
	var plain []byte
	if purpose == forNonces {
		plain, k.KID = []byte(newSecret()), k.ID
	} else {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return k, err
		}
		public := jose.JSONWebKey{Key: private.Public(), Algorithm: string(jose.ES256), Use: "sig"}
		print, err := public.Thumbprint(crypto.SHA256)
		if err != nil {
			return k, err
		}
		k.KID = base64.RawURLEncoding.EncodeToString(print)
		public.KeyID = k.KID
		text, err := public.MarshalJSON()
		if err != nil {
			return k, err
		}
		k.Public = string(text)
		if plain, err = x509.MarshalPKCS8PrivateKey(private); err != nil {
			return k, err
		}
	}
	var err error
	k.Sealed, err = seal.Seal(plain, k.bound())
	return k, err
}

// bound is what the sealed part belongs to: a row with another's key does not open.
func (k keyRow) bound() []byte { return []byte("oauth_key|" + k.ID + "|" + k.KID) }

// ring is the keys as one node knows them.
type ring struct {
	readAt  time.Time
	kid     string                 // of the key that signs
	signers map[string]jose.Signer // by type of token
	key     jose.SigningKey        // that signs
	public  map[string]verifyingKey
	order   []string         // of public, oldest first
	nonces  map[int64][]byte // by number
	nonce   int64            // the one to make new ones with
}

type verifyingKey struct {
	jwk   jose.JSONWebKey
	until time.Time // zero: no end yet
}

// The types of what we sign. Source: RFC 9068 §2.1, RFC 9701 §5, RFC 8725 §3.11.
const (
	typeAccess        = "at+jwt"
	typeJWT           = "JWT"
	typeIntrospection = "token-introspection+jwt"
	typeInitial       = "initial-access+jwt"
	typeStatement     = "florin-statement+jws" // no token: what it signs is not even JSON
)

// ringFor is how old a node's view of the keys may be. Long before a key signs it has been
// published, and long after it signs no more it is known, so this is about retirement only.
const ringFor = 5 * time.Second

// keyring gives the current ring: one caller renews an old one, others go on with it.
type keyring struct {
	load    func(context.Context) (*ring, error)
	clock   clock.Clock
	current atomic.Pointer[ring]
	renewal sync.Mutex
}

func (k *keyring) get(ctx context.Context) (*ring, error) {
	now := k.clock.Now()
	r := k.current.Load()
	switch {
	case r.within(ringFor, now):
		return r, nil
	case !r.within(2*ringFor, now):
		k.renewal.Lock()
	case !k.renewal.TryLock():
		return r, nil
	}
	defer k.renewal.Unlock()
	if r = k.current.Load(); r.within(ringFor, now) {
		return r, nil
	}
	fresh, err := k.load(ctx)
	if err == nil {
		k.current.Store(fresh)
	}
	return fresh, err
}

// within reports whether the ring was read less than a span ago; a clock that was set
// back makes it old.
func (r *ring) within(span time.Duration, now time.Time) bool {
	return r != nil && !now.Before(r.readAt) && now.Sub(r.readAt) < span
}

func (k *keyring) forget() { k.current.Store(nil) }

// loadRing reads and opens the keys.
func (s *Server) loadRing(ctx context.Context) (*ring, error) {
	r := &ring{readAt: s.clock.Now(), signers: map[string]jose.Signer{}, public: map[string]verifyingKey{}, nonces: map[int64][]byte{}}
	for _, purpose := range []string{forTokens, forNonces} {
		rows, err := s.keyRows(ctx, purpose)
		if err != nil {
			return nil, err
		}
		for _, k := range rows {
			if err := r.add(s.sealer, k); err != nil {
				return nil, fmt.Errorf("oauth: key %s: %w", k.ID, err)
			}
		}
	}
	if r.kid == "" || r.nonces[r.nonce] == nil {
		return nil, errors.New("oauth: there is no signing key")
	}
	return r, nil
}

func (r *ring) add(seal Sealer, k keyRow) error {
	if k.Purpose == forNonces {
		plain, err := seal.Open(k.Sealed, k.bound())
		if err != nil {
			return err
		}
		if r.nonces[k.Number] = plain; k.State == signing {
			r.nonce = k.Number
		}
		return nil
	}
	var public jose.JSONWebKey
	if err := public.UnmarshalJSON([]byte(k.Public)); err != nil {
		return err
	}
	r.public[k.KID], r.order = verifyingKey{public, k.VerifiesUntil}, append(r.order, k.KID)
	if k.State != signing {
		return nil
	}
	plain, err := seal.Open(k.Sealed, k.bound())
	if err != nil {
		return err
	}
	private, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return err
	}
	r.kid, r.key = k.KID, jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: k.KID}}
	for _, kind := range []string{typeAccess, typeJWT, typeIntrospection, typeInitial} {
		if r.signers[kind], err = jose.NewSigner(r.key, (&jose.SignerOptions{}).WithType(jose.ContentType(kind))); err != nil {
			return err
		}
	}
	return nil
}

// sign makes a JWT of that type.
func (r *ring) sign(kind string, claims any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	o, err := r.signers[kind].Sign(body)
	if err != nil {
		return "", err
	}
	return o.CompactSerialize()
}

// own picks our key by its id, as long as it verifies.
func (r *ring) own(now time.Time) func(jose.Header) *jose.JSONWebKey {
	return func(h jose.Header) *jose.JSONWebKey {
		k, there := r.public[h.KeyID]
		if !there || !k.until.IsZero() && now.After(k.until) {
			return nil
		}
		return &k.jwk
	}
}

// parseKeys reads a client's JWK Set: public keys only, of kinds that we take, no two of
// one id. Source: RFC 7517 §5.
func parseKeys(text string) (*jose.JSONWebKeySet, error) {
	const keysMax = 16
	set := &jose.JSONWebKeySet{}
	if !utf8.ValidString(text) { // it is kept as it is, and databases keep texts
		return nil, errors.New("the key set is not UTF-8")
	}
	if err := strict.Unmarshal([]byte(text), set); err != nil {
		return nil, errors.New("the key set cannot be read")
	}
	if len(set.Keys) == 0 || len(set.Keys) > keysMax {
		return nil, fmt.Errorf("the key set must hold 1 to %d keys", keysMax)
	}
	ids := map[string]bool{}
	for i := range set.Keys {
		k := &set.Keys[i]
		if !strong(k, "ES256") && !strong(k, "PS256") && !strong(k, "EdDSA") && k.Use != "enc" {
			return nil, errors.New("a key is private, weak, or not for ES256, PS256 or EdDSA")
		}
		if len(set.Keys) > 1 && (k.KeyID == "" || ids[k.KeyID]) {
			return nil, errors.New("keys of one set need different ids")
		}
		ids[k.KeyID] = true
	}
	return set, nil
}
