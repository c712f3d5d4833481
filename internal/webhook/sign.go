package webhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Secret is what an endpoint's deliveries are signed with: a key that the merchant shares,
// and one of which it has the public half.
type Secret struct {
	shared  []byte // 32 bytes
	private ed25519.PrivateKey
}

const (
	secretPrefix = "whsec_"
	publicPrefix = "whpk_"
	sharedBytes  = 32
)

// NewSecret draws a secret.
func NewSecret() Secret {
	b := make([]byte, sharedBytes+ed25519.SeedSize)
	_, _ = rand.Read(b) // never fails
	return secretOf(b)
}

func secretOf(b []byte) Secret {
	return Secret{b[:sharedBytes], ed25519.NewKeyFromSeed(b[sharedBytes:])}
}

// bytes are what [secretOf] makes the secret of.
func (s Secret) bytes() []byte {
	return append(append([]byte{}, s.shared...), s.private.Seed()...)
}

// ErrSecretText: a text is no secret of deliveries.
var ErrSecretText = errors.New("a webhook secret is whsec_ and 24 to 64 bytes in Base64")

// ParseSecret reads a shared secret, of which only "v1" signatures can be made.
func ParseSecret(text string) (Secret, error) {
	b, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, secretPrefix))
	if err != nil || !strings.HasPrefix(text, secretPrefix) || len(b) < 24 || len(b) > 64 {
		return Secret{}, ErrSecretText
	}
	return Secret{shared: b}, nil
}

// Text is the shared secret as the merchant keeps it.
func (s Secret) Text() string { return secretPrefix + base64.StdEncoding.EncodeToString(s.shared) }

// Public is the public key as the merchant keeps it.
func (s Secret) Public() string {
	return publicPrefix + base64.StdEncoding.EncodeToString(s.private.Public().(ed25519.PublicKey))
}

// Sign gives the webhook-signature header of a delivery: for each secret its signatures.
// Source: Standard Webhooks 1.0, "Signature scheme".
func Sign(event string, at time.Time, body []byte, secrets ...Secret) string {
	content := append([]byte(event+"."+strconv.FormatInt(at.Unix(), 10)+"."), body...)
	var list []string
	for _, s := range secrets {
		mac := hmac.New(sha256.New, s.shared)
		mac.Write(content)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		if s.private != nil {
			list = append(list, "v1a,"+base64.StdEncoding.EncodeToString(ed25519.Sign(s.private, content)))
		}
	}
	return strings.Join(list, " ")
}
