package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

const (
	nonceMinutes  = 5 // that a nonce is good for
	nonceMacBytes = 16
	nonceBytes    = 4 + 8 + nonceMacBytes // number of the key, minute, code
)

// Nonce is what a DPoP proof made now must carry: answer it as DPoP-Nonce. It names its
// key and its minute, so that no node needs to remember it. Source: RFC 9449 §8.
func (s *Server) Nonce(ctx context.Context) (string, error) {
	r, err := s.keyring.get(ctx)
	if err != nil {
		return "", err
	}
	b := r.nonceAt(r.nonce, s.clock.Now().Unix()/60)
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

func (r *ring) nonceAt(number, minute int64) (b [nonceBytes]byte) {
	binary.BigEndian.PutUint32(b[:], uint32(number))
	binary.BigEndian.PutUint64(b[4:], uint64(minute))
	m := hmac.New(sha256.New, r.nonces[number])
	m.Write(b[:12])
	copy(b[12:], m.Sum(nil))
	return b
}

// nonceFresh reports whether we made a nonce, not long ago.
func (r *ring) nonceFresh(text string, now time.Time) bool {
	if len(text) != base64.RawURLEncoding.EncodedLen(nonceBytes) {
		return false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return false
	}
	number, minute := int64(binary.BigEndian.Uint32(b)), int64(binary.BigEndian.Uint64(b[4:])) //nolint:gosec // compared below
	if at := now.Unix() / 60; r.nonces[number] == nil || minute > at+1 || minute <= at-nonceMinutes {
		return false
	}
	want := r.nonceAt(number, minute)
	return hmac.Equal(b, want[:])
}
