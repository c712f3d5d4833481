package oauth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"

	"github.com/go-jose/go-jose/v4"
)

// signed checks a signature by a key that strong has let through. It does what the JOSE
// library does, without reading the header again: a test compares the two. Source: RFC
// 7518 §3.4, §3.5; RFC 8037 §3.1.
func signed(alg jose.SignatureAlgorithm, key any, text string, signature []byte) bool {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if alg != jose.ES256 || len(signature) != 64 {
			return false
		}
		sum := sha256.Sum256([]byte(text))
		return ecdsa.Verify(k, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	case *rsa.PublicKey:
		sum := sha256.Sum256([]byte(text))
		return alg == jose.PS256 && rsa.VerifyPSS(k, crypto.SHA256, sum[:], signature, nil) == nil
	case ed25519.PublicKey:
		return alg == jose.EdDSA && ed25519.Verify(k, []byte(text), signature)
	}
	return false
}
