package oauth

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// Access is what a good token lets its holder do.
type Access struct {
	Client    id.Client
	Subject   string
	Person    string
	Payer     id.Payer
	Merchant  id.Merchant
	Live      bool
	Scopes    []string
	Grant     id.Grant // "": the client acts for itself
	Token     string   // the token's own name
	AuthTime  time.Time
	ACR       string
	ExpiresAt time.Time
	Proof     *Proof // nil: the token is not bound to a key
}

// Has reports whether the token carries a scope.
func (a Access) Has(scope string) bool { return oneOf(a.Scopes, scope) }

// Proof is the DPoP proof of one call. This process has remembered it; a call that writes
// uses it up on all nodes by naming Locks and calling Spend in its own commit. A nil Proof
// has nothing to use up.
type Proof struct{ proof *proof }

// Locks are the rows that Spend decides on.
func (p *Proof) Locks() []db.Lock {
	if p == nil {
		return nil
	}
	return spends{p.proof.name()}.locks()
}

// Spend uses the proof up. Error: a *Fail with invalid_dpop_proof if it was used before.
func (p *Proof) Spend(tx *db.Tx, now time.Time) error {
	if p == nil {
		return nil
	}
	return spends{p.proof.name()}.spend(tx, now)
}

// Verifier tells the doors whether a token is good.
type Verifier struct {
	s      *Server
	proofs *recent

	mu       sync.RWMutex
	verified map[[sha256.Size]byte]*verified
}

// verified is a token whose signature was checked.
type verified struct {
	Access
	kid     string
	issued  date
	binding binding
	denial  string // the name under which it may be revoked
}

const (
	verifiedMax = 50_000
	proofsMax   = 2_000_000 // 90 s of 20,000 calls a second
)

// Verifier gives what the doors of this process check tokens with. It remembers the proofs
// that it saw, so there is one.
func (s *Server) Verifier() *Verifier { return s.verifier }

func newVerifier(s *Server) *Verifier {
	return &Verifier{s: s, proofs: newRecent(proofFor+aheadMax+time.Second, proofsMax), verified: map[[sha256.Size]byte]*verified{}}
}

// Nonce is what the next proof must carry: answer it as DPoP-Nonce wherever a proof came
// or is asked for.
func (v *Verifier) Nonce(ctx context.Context) (string, error) { return v.s.Nonce(ctx) }

var (
	errToken     = fail("invalid_token", "The access token is invalid, expired or revoked.")
	errTokenUse  = fail("invalid_token", "The access token is bound to a key: send it with the scheme DPoP and a proof.")
	errTokenFree = fail("invalid_token", "The access token is not bound to a key: send it as a bearer token.")
	errTooMany   = &Fail{Code: "temporarily_unavailable", Text: "Too many calls. Try again.", Status: http.StatusServiceUnavailable}
	errTokenKey  = fail("invalid_token", "The access token is bound to another key.")
	errTokenCert = fail("invalid_token", "The access token is bound to another certificate.")
)

// Check tells what token, which came with scheme in the Authorization header of r, lets its
// holder do. It reads no database as long as memory is at most five seconds old. Errors:
// *Fail with invalid_token, invalid_dpop_proof or use_dpop_nonce, of status 401; those of the
// database. Source: RFC 9068 §4, RFC 9449 §7, RFC 8705 §3.
func (v *Verifier) Check(ctx context.Context, r *http.Request, token, scheme string) (Access, error) {
	now := v.s.clock.Now()
	t, err := v.open(ctx, token, now)
	if err != nil {
		return Access{}, err
	}
	out := t.Access
	if out.Proof, err = v.held(ctx, r, t, token, scheme, now); err != nil {
		return Access{}, err
	}
	return out, v.alive(ctx, t)
}

// Alive tells whether a token that was checked before is still good: it has not expired,
// and nobody has ended what it stands for. Errors: *Fail with invalid_token; those of the database.
func (v *Verifier) Alive(ctx context.Context, token string) error {
	t, err := v.open(ctx, token, v.s.clock.Now())
	if err != nil {
		return err
	}
	return v.alive(ctx, t)
}

// open gives the token as its signature vouches for it, from memory if it was here before.
func (v *Verifier) open(ctx context.Context, token string, now time.Time) (*verified, error) {
	if len(token) > tokenMax {
		return nil, errToken
	}
	ring, err := v.s.keyring.get(ctx)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(token))
	v.mu.RLock()
	t := v.verified[sum]
	v.mu.RUnlock()
	if t == nil {
		if t, err = v.s.readAccess(ring, token, now); err != nil {
			return nil, err
		}
		v.remember(sum, t, now)
	}
	if _, known := ring.public[t.kid]; !known || !t.ExpiresAt.After(now) {
		return nil, errToken
	}
	return t, nil
}

// remember keeps a token that was checked; a full memory loses the expired, or else any.
func (v *Verifier) remember(sum [sha256.Size]byte, t *verified, now time.Time) {
	const looked = 16
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for key, old := range v.verified {
		if n++; !old.ExpiresAt.After(now) || n == looked && len(v.verified) >= verifiedMax {
			delete(v.verified, key)
		}
		if n == looked {
			break
		}
	}
	v.verified[sum] = t
}

// readAccess checks an access token of ours. Source: RFC 9068 §4, RFC 8725 §3.
func (s *Server) readAccess(ring *ring, token string, now time.Time) (*verified, error) {
	var c claims
	var kid string
	pick := ring.own(now)
	err := verify(token, func(h jose.Header) *jose.JSONWebKey { kid = h.KeyID; return pick(h) }, []string{typeAccess}, &c)
	switch {
	case err != nil, c.Issuer != s.config.Issuer, c.Audience != s.audience(), !c.Expires.time().After(now),
		c.Issued.early(now), c.From.early(now), c.ID == "", c.Client == "", c.Subject == "":
		return nil, errToken
	}
	t := &verified{kid: kid, issued: c.Issued, denial: newName(kindRevoked, c.Client, c.ID, time.Time{}, nil).ID, Access: Access{
		Client: id.Client(c.Client), Subject: c.Subject, Person: c.Person, Payer: id.Payer(c.Payer), Merchant: id.Merchant(c.Merchant), Live: c.Live,
		Scopes: strings.Fields(c.Scope), Grant: id.Grant(c.Grant), Token: c.ID, AuthTime: timeOf(c.AuthTime), ACR: c.ACR, ExpiresAt: c.Expires.time(),
	}}
	if c.Binding != nil {
		t.binding = *c.Binding
	}
	return t, nil
}

func timeOf(d date) time.Time {
	if d == 0 {
		return time.Time{}
	}
	return d.time()
}

// held checks that the caller holds what the token is bound to.
func (v *Verifier) held(ctx context.Context, r *http.Request, t *verified, token, scheme string, now time.Time) (*Proof, error) {
	dpop := strings.EqualFold(scheme, "DPoP")
	if dpop && t.binding.Key == "" {
		return nil, errTokenFree
	}
	if !dpop && t.binding.Key != "" || !dpop && !strings.EqualFold(scheme, "Bearer") {
		return nil, errTokenUse
	}
	if t.binding.Cert != "" && !equal(certThumbprint(presented(r)), t.binding.Cert) {
		return nil, errTokenCert
	}
	if !dpop {
		return nil, nil
	}
	p, err := v.s.checkProof(ctx, r, token, now)
	if err != nil {
		return nil, unauthorized(err)
	}
	if p == nil {
		return nil, unauthorized(errProof)
	}
	if !equal(p.thumbprint, t.binding.Key) {
		return nil, errTokenKey
	}
	fresh, room := v.proofs.use(p.sum(), now)
	if !room {
		return nil, errTooMany
	}
	if !fresh {
		return nil, unauthorized(p.name().again)
	}
	return &Proof{p}, nil
}

// unauthorized gives a refusal the status that it has at a door.
func unauthorized(err error) error {
	f, ok := err.(*Fail) //nolint:errorlint // a refusal is never wrapped
	if !ok {
		return err
	}
	f = f.to("")
	f.Status = http.StatusUnauthorized
	return f
}

// alive checks that nobody has ended what the token stands for.
func (v *Verifier) alive(ctx context.Context, t *verified) error {
	_, active, err := v.s.active(ctx, t.Client)
	if err != nil {
		return err
	}
	denied, err := v.s.denied.get(ctx, everywhere)
	if err != nil {
		return err
	}
	live := true
	if t.Grant != "" {
		if live, err = v.s.living.get(ctx, t.Grant); err != nil {
			return err
		}
	}
	if !active || !live || denied[t.denial] {
		return errToken
	}
	return nil
}
