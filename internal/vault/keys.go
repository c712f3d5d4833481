package vault

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/id"
)

// mode is "live" or "sandbox", or the platform itself, which has secrets but no cards.
type mode string

const platform mode = "platform"

func modeOf(live bool) mode {
	if live {
		return "live"
	}
	return "sandbox"
}

// modes are all of them: no key is shared by two.
var modes = []mode{modeOf(true), modeOf(false), platform}

// keys are one mode's keysets, open. They do not change; a rotation makes others.
type keys struct {
	mode    mode
	version int64 // raised whenever the numbers keyset changes
	numbers *keyset.Handle
	digests *keyset.Handle
	cipher  tink.AEAD
	digest  *prf.Set
	wrapped []byte // the row they came from; nil before they are stored
}

// newKeys draws a mode's first keysets.
func newKeys(m mode) (*keys, error) {
	numbers, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	digests, err := keyset.NewHandle(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, err
	}
	return open(m, 1, numbers, digests)
}

func open(m mode, version int64, numbers, digests *keyset.Handle) (*keys, error) {
	cipher, err1 := aead.New(numbers)
	digest, err2 := prf.NewPRFSet(digests)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &keys{mode: m, version: version, numbers: numbers, digests: digests, cipher: cipher, digest: digest}, nil
}

// change gives the next version, with the numbers keyset as fn leaves it.
func (k *keys) change(fn func(*keyset.Manager) error) (*keys, error) {
	m := keyset.NewManagerFromHandle(k.numbers)
	if err := fn(m); err != nil {
		return nil, err
	}
	numbers, err := m.Handle()
	if err != nil {
		return nil, err
	}
	return open(k.mode, k.version+1, numbers, k.digests)
}

// wrapped is how a mode's keysets are stored: each as Tink writes it, encrypted.
type wrapped struct {
	Numbers []byte `json:"numbers"`
	Digests []byte `json:"digests"`
}

// wrapping binds a wrapped keyset to its place.
func wrapping(m mode, part string, version int64) []byte {
	return fmt.Appendf(nil, "florin vault|%s|%s|%d", m, part, version)
}

func (k *keys) wrap(ctx context.Context, w Wrapper) ([]byte, error) {
	seal := func(part string, h *keyset.Handle) ([]byte, error) {
		var b bytes.Buffer
		err := h.WriteWithContext(ctx, keyset.NewBinaryWriter(&b), wrapperAEAD{w}, wrapping(k.mode, part, k.version))
		return b.Bytes(), err
	}
	numbers, err1 := seal("numbers", k.numbers)
	digests, err2 := seal("digests", k.digests)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("wrap the vault's %s keys with %s: %w", k.mode, w.Name(), err)
	}
	return json.Marshal(wrapped{numbers, digests})
}

func unwrap(ctx context.Context, w Wrapper, r storedKeys) (*keys, error) {
	var parts wrapped
	if err := json.Unmarshal(r.wrapped, &parts); err != nil {
		return nil, err
	}
	unseal := func(part string, b []byte) (*keyset.Handle, error) {
		return keyset.ReadWithContext(ctx, keyset.NewBinaryReader(bytes.NewReader(b)), wrapperAEAD{w}, wrapping(r.mode, part, r.version))
	}
	numbers, err1 := unseal("numbers", parts.Numbers)
	digests, err2 := unseal("digests", parts.Digests)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("unwrap the vault's %s keys, which %s wrapped, with %s: %w", r.mode, r.keyName, w.Name(), err)
	}
	k, err := open(r.mode, r.version, numbers, digests)
	if err != nil {
		return nil, err
	}
	k.wrapped = r.wrapped
	return k, nil
}

// wrapperAEAD shows a Wrapper to Tink.
type wrapperAEAD struct{ Wrapper }

func (w wrapperAEAD) EncryptWithContext(ctx context.Context, plaintext, associated []byte) ([]byte, error) {
	return w.Wrap(ctx, plaintext, associated)
}

func (w wrapperAEAD) DecryptWithContext(ctx context.Context, ciphertext, associated []byte) ([]byte, error) {
	return w.Unwrap(ctx, ciphertext, associated)
}

// place binds a sealed number to its row. Versions of this text can never
// change: it is part of every sealed number.
func (k *keys) place(merchant id.Merchant, token id.Card, version int64) []byte {
	return fmt.Appendf(nil, "%s|%s|card|number|%s|%d", k.mode, merchant, token, version)
}

// seal encrypts n for the row of c with the newest key and notes the version.
func (k *keys) seal(c Card, n card.Number) (Card, error) {
	digits := []byte(n.Reveal())
	defer clear(digits)
	var err error
	c.version = k.version
	c.sealed, err = k.cipher.Encrypt(digits, k.place(c.Merchant, c.ID, c.version))
	return c, err
}

// open decrypts the number of the row c. The caller wipes it.
func (k *keys) open(c Card) (card.Number, error) {
	digits, err := k.cipher.Decrypt(c.sealed, k.place(c.Merchant, c.ID, c.version))
	if err != nil {
		return card.Number{}, err
	}
	defer clear(digits)
	return card.ParseNumber(string(digits))
}

// fingerprint is the same for the same number of one merchant in one mode.
func (k *keys) fingerprint(merchant id.Merchant, n card.Number) string {
	return hex.EncodeToString(k.keyed("fingerprint", string(merchant), n.Reveal()))
}

// token is the id of a card. It comes from the vault's key, not from the number
// alone, and is its own lock: two requests that keep one card meet on one row.
func (k *keys) token(merchant id.Merchant, n card.Number, e card.Expiry) id.Card {
	return id.Derive[id.Card](hex.EncodeToString(k.keyed("token", string(merchant), n.Reveal(), e.String())))
}

const digestLen = 16 // bytes; collisions are out of reach and equality is all that is asked

func (k *keys) keyed(purpose string, parts ...string) []byte {
	input := append(make([]byte, 0, 256), purpose+"|"+string(k.mode)...) // never grows, so clear finds all of it
	for _, p := range parts {
		input = append(append(input, '|'), p...)
	}
	defer clear(input)
	d, err := k.digest.ComputePrimaryPRF(input, digestLen)
	if err != nil {
		panic("vault: the digest keyset does not work: " + err.Error()) // it was checked when it was opened
	}
	return d
}
