package oauth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-jose/go-jose/v4/json" // refuses a member that comes twice, minds the case
)

// algs are the signatures that we take. Source: FAPI 2.0 SP §5.4.1.
var (
	algs     = []jose.SignatureAlgorithm{jose.ES256, jose.PS256, jose.EdDSA}
	algNames = []string{"ES256", "PS256", "EdDSA"}
)

const (
	rsaBitsMin, rsaBitsMax = 2048, 4096 // above, one check costs too much for what anybody may send

	// aheadMax is how far another's clock may run ahead. Source: FAPI 2.0 SP §5.3.2.1: 10 s
	// must be accepted, more than 60 s refused.
	aheadMax = 30 * time.Second
)

// strong reports whether a key is a public one of a kind and size that we take, and good
// for alg. Source: FAPI 2.0 SP §5.4.
func strong(k *jose.JSONWebKey, alg string) bool {
	if k == nil || k.Use == "enc" || k.Algorithm != "" && k.Algorithm != alg {
		return false
	}
	switch key := k.Key.(type) {
	case *ecdsa.PublicKey:
		return alg == "ES256" && key.Curve == elliptic.P256() && k.Valid()
	case *rsa.PublicKey:
		return alg == "PS256" && key.N.BitLen() >= rsaBitsMin && key.N.BitLen() <= rsaBitsMax && k.Valid()
	case ed25519.PublicKey:
		return alg == "EdDSA" && k.Valid()
	}
	return false
}

var errJWS = errors.New("oauth: not a signature that we take")

// verify checks a compact JWS and reads its claims into each of into. pick chooses the
// key by the header; what a header says never makes a key trusted. kinds are the types
// that may stand in it, in lower case, "" for none. Source: RFC 8725 §3, RFC 7515 §4.1.11
// (we know no critical extension).
func verify(token string, pick func(jose.Header) *jose.JSONWebKey, kinds []string, into ...any) error {
	o, err := jose.ParseSignedCompact(token, algs)
	if err != nil || len(o.Signatures) != 1 {
		return errJWS
	}
	h := o.Signatures[0].Protected
	_, critical := h.ExtraHeaders["crit"]
	_, unpacked := h.ExtraHeaders["b64"] // never in a JWT: RFC 7797 §7
	if critical || unpacked || !oneOf(kinds, typeOf(h)) {
		return errJWS
	}
	key := pick(h)
	if !strong(key, h.Algorithm) {
		return errJWS
	}
	body, err := o.Verify(key.Key)
	if err != nil {
		return errJWS
	}
	for _, v := range into {
		if strict.Unmarshal(body, v) != nil {
			return errJWS
		}
	}
	return nil
}

// typeOf is the header's typ without the prefix that it may leave out. Source: RFC 7515 §4.1.9.
func typeOf(h jose.Header) string {
	raw, there := h.ExtraHeaders[jose.HeaderType]
	text, isText := raw.(string)
	if there && !isText {
		return "?"
	}
	return strings.TrimPrefix(strings.ToLower(text), "application/")
}

func oneOf(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// among picks a client's key: the one of the header's id, or the only one.
func among(set *jose.JSONWebKeySet) func(jose.Header) *jose.JSONWebKey {
	return func(h jose.Header) *jose.JSONWebKey {
		if set == nil {
			return nil
		}
		for i := range set.Keys {
			if h.KeyID != "" && set.Keys[i].KeyID == h.KeyID || h.KeyID == "" && len(set.Keys) == 1 {
				return &set.Keys[i]
			}
		}
		return nil
	}
}

// date is an instant in seconds since 1970; parts of a second are cut. Source: RFC 7519 §2.
type date int64

func (d *date) UnmarshalJSON(text []byte) error {
	var n int64
	digits := 0
	for ; digits < len(text) && text[digits] >= '0' && text[digits] <= '9'; digits++ {
		n = n*10 + int64(text[digits]-'0')
	}
	if digits == 0 || digits > 11 || digits < len(text) && !fraction(text[digits:]) {
		return errJWS
	}
	*d = date(n)
	return nil
}

func fraction(text []byte) bool {
	for _, c := range text[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return text[0] == '.' && len(text) > 1
}

func (d date) time() time.Time { return time.Unix(int64(d), 0).UTC() }

// early reports whether an instant that somebody wrote is too far ahead.
func (d date) early(now time.Time) bool { return d.time().After(now.Add(aheadMax)) }
