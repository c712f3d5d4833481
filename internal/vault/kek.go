package vault

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
)

// Wrapper encrypts the vault's keysets under a key-encryption key. A key
// management service can be one.
type Wrapper interface {
	// Wrap encrypts plaintext and binds it to associated.
	Wrap(ctx context.Context, plaintext, associated []byte) ([]byte, error)
	// Unwrap gives what Wrap was given, with the same associated.
	Unwrap(ctx context.Context, wrapped, associated []byte) ([]byte, error)
	// Name tells which key it is, without telling the key.
	Name() string
}

// kekLen is the length of a key-encryption key, in bytes: AES-256, as strong as
// the keys under it (PCI DSS 3.6.1.2).
const kekLen = 32

// kek is a key-encryption key that this process holds itself.
type kek struct {
	cipher *subtle.AESGCM
	name   string
}

func newKEK(key []byte) (*kek, error) {
	if len(key) != kekLen {
		return nil, fmt.Errorf("the key must be %d bytes in base64", kekLen)
	}
	if weak(key) {
		return nil, errors.New("the key is not random; make one with a random generator")
	}
	cipher, err := subtle.NewAESGCM(key)
	if err != nil {
		return nil, err
	}
	h := sha256.Sum256(append([]byte("florin kek name|"), key...))
	return &kek{cipher, fmt.Sprintf("kek-%x", h[:4])}, nil
}

// weak reports a key that nobody drew at random: one with few different bytes.
func weak(key []byte) bool {
	seen := map[byte]bool{}
	for _, b := range key {
		seen[b] = true
	}
	return len(seen) < kekLen/2
}

func (k *kek) Wrap(_ context.Context, plaintext, associated []byte) ([]byte, error) {
	return k.cipher.Encrypt(plaintext, associated)
}

func (k *kek) Unwrap(_ context.Context, wrapped, associated []byte) ([]byte, error) {
	return k.cipher.Decrypt(wrapped, associated)
}

func (k *kek) Name() string { return k.name }

func parseKEK(text string) (*kek, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, fmt.Errorf("the key must be %d bytes in base64", kekLen) // err would quote it
	}
	defer clear(key)
	return newKEK(key)
}

// EnvKEK reads a key-encryption key, 32 bytes in base64, from the environment
// variable name, and removes the variable, so that no child process inherits it.
func EnvKEK(name string) (Wrapper, error) {
	text := os.Getenv(name)
	if text == "" {
		return nil, fmt.Errorf("the environment variable %s holds no key-encryption key", name)
	}
	if err := os.Unsetenv(name); err != nil {
		return nil, err
	}
	k, err := parseKEK(text)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key in %s: %w", name, err)
	}
	return k, nil
}

// newKEKText draws a key and writes it as the file and the environment hold it.
func newKEKText() string {
	var key [kekLen]byte
	if _, err := rand.Read(key[:]); err != nil {
		panic("vault: no randomness: " + err.Error()) // crypto/rand never fails on Linux
	}
	defer clear(key[:])
	return base64.StdEncoding.EncodeToString(key[:]) + "\n"
}
