package oauth

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-jose/go-jose/v4/json"
)

const (
	proofFor = 60 * time.Second // how long after its making a proof is taken
	proofMax = 4 << 10          // bytes
)

// errNonce asks for a proof with our nonce. Source: RFC 9449 §8.
var errNonce = fail("use_dpop_nonce", "Send a proof with the nonce of the DPoP-Nonce header.")

func proofFail(text string) *Fail { return fail("invalid_dpop_proof", text) }

// proof is a DPoP proof that was checked, but for its being the first of its name.
type proof struct {
	thumbprint string // of its key. Source: RFC 7638
	id         string
	until      time.Time // after which it is too old
}

// name is what may be used once.
func (p *proof) name() name {
	return newName(kindProof, p.thumbprint, p.id, p.until, proofFail("The proof was used before."))
}

// sum is name's digest, for memory.
func (p *proof) sum() [32]byte { return sha256.Sum256([]byte(p.thumbprint + "\x00" + p.id)) }

type proofClaims struct {
	ID     string `json:"jti"`
	Method string `json:"htm"`
	Target string `json:"htu"`
	Issued date   `json:"iat"`
	Token  string `json:"ath"`
	Nonce  string `json:"nonce"`
}

// readProof checks the proof that came with a call; its name is used up by the call's commit.
func (c *call) readProof() (err error) {
	if c.proof, err = c.s.checkProof(c.ctx, c.r, "", c.now); err != nil || c.proof == nil {
		return err
	}
	c.spends = append(c.spends, c.proof.name())
	return nil
}

// checkProof checks the request's DPoP header; nil if there is none. access is the token
// that it must be for, "" at our own endpoints. Source: RFC 9449 §4.3.
func (s *Server) checkProof(ctx context.Context, r *http.Request, access string, now time.Time) (*proof, error) {
	list := r.Header.Values("DPoP")
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > 1 || len(list[0]) > proofMax {
		return nil, proofFail("Send one DPoP header.")
	}
	ring, err := s.keyring.get(ctx)
	if err != nil {
		return nil, err
	}
	var claims proofClaims
	print, ok := s.provers.open(list[0], &claims)
	if !ok {
		return nil, proofFail("The proof cannot be verified.")
	}
	switch {
	case claims.Method != r.Method:
		return nil, proofFail("htm is another method.")
	case !s.addressed(claims.Target, r.URL):
		return nil, proofFail("htu is another address.")
	case claims.ID == "" || len(claims.ID) > 256:
		return nil, proofFail("jti is missing or too long.")
	case access != "" && !equal(claims.Token, digest(access)):
		return nil, proofFail("ath is of another token.")
	case claims.Issued.early(now) || now.Sub(claims.Issued.time()) > proofFor:
		return nil, proofFail("iat is not now.")
	case !ring.nonceFresh(claims.Nonce, now):
		return nil, errNonce
	}
	return &proof{print, claims.ID, claims.Issued.time().Add(proofFor + time.Second)}, nil
}

// addressed reports whether htu, which has no query, is the address of the request. Who
// we are is said by the configuration, not by the request. Source: RFC 9449 §4.3 (9), RFC
// 3986 §6.2.2, §6.2.3.
func (s *Server) addressed(htu string, target *url.URL) bool {
	path := target.EscapedPath()
	for _, base := range s.bases {
		if len(htu) == len(base)+len(path) && htu[:len(base)] == base && htu[len(base):] == path {
			return true
		}
	}
	u, err := url.Parse(htu)
	if err != nil || strings.ContainsAny(htu, "?#") || u.User != nil || u.Opaque != "" {
		return false
	}
	host := strings.ToLower(u.Host)
	if port := u.Port(); u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		host = strings.TrimSuffix(host, ":"+port)
	}
	return oneOf(s.bases, u.Scheme+"://"+host) && (u.EscapedPath() == path || u.EscapedPath() == "" && path == "/")
}

// provers remembers the keys of proofs by the header that they stand in: a client sends
// the same header with every call, and reading it costs as much as half a signature.
type provers struct {
	sizeMax int
	mu      sync.RWMutex
	known   map[string]*prover
}

type prover struct {
	alg        jose.SignatureAlgorithm
	key        any
	thumbprint string
}

// open verifies a proof by the key that it carries and reads its claims.
func (p *provers) open(text string, claims *proofClaims) (thumbprint string, ok bool) {
	head, rest, _ := strings.Cut(text, ".")
	p.mu.RLock()
	known := p.known[head]
	p.mu.RUnlock()
	if known != nil {
		return known.thumbprint, known.open(head, rest, claims)
	}
	var carried *jose.JSONWebKey
	var alg string
	err := verify(text, func(h jose.Header) *jose.JSONWebKey {
		carried, alg = h.JSONWebKey, h.Algorithm
		return carried
	}, []string{"dpop+jwt"}, claims)
	if err != nil {
		return "", false
	}
	print, err := carried.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", false
	}
	known = &prover{jose.SignatureAlgorithm(alg), carried.Key, base64.RawURLEncoding.EncodeToString(print)}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= p.sizeMax {
		for any := range p.known { // one at random
			delete(p.known, any)
			break
		}
	}
	p.known[strings.Clone(head)] = known
	return known.thumbprint, true
}

// open verifies a proof whose header was read before.
func (p *prover) open(head, rest string, claims *proofClaims) bool {
	payload, signature, two := strings.Cut(rest, ".")
	body, errBody := base64.RawURLEncoding.DecodeString(payload)
	sig, errSig := base64.RawURLEncoding.DecodeString(signature)
	if !two || errBody != nil || errSig != nil {
		return false
	}
	return signed(p.alg, p.key, head+"."+payload, sig) && strict.Unmarshal(body, claims) == nil
}
