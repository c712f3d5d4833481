package vault

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/fault"
)

const reloadFor = 5 * time.Second // to read the keys anew

// Secrets seals the platform's own secrets, such as the private keys of tokens, under
// keys of their own. What was sealed before a rotation still opens after it: those
// keys are kept.
type Secrets struct{ vault *Vault }

// Secrets gives what seals the platform's secrets.
func (v *Vault) Secrets() Secrets { return Secrets{v} }

// Seal encrypts plain and binds it to a place. Error: ErrSealed.
func (s Secrets) Seal(plain, place []byte) ([]byte, error) {
	sealed, err := s.vault.slot(platform).Load().cipher.Encrypt(plain, secretPlace(place))
	if err != nil {
		return nil, ErrSealed.WithCause(err)
	}
	return sealed, nil
}

// Open gives back what Seal made for the place; one that another node sealed with a key
// newer than ours makes us read the keys again. Error: ErrSealed.
func (s Secrets) Open(sealed, place []byte) ([]byte, error) {
	held := s.vault.slot(platform).Load()
	plain, err := held.cipher.Decrypt(sealed, secretPlace(place))
	if err == nil {
		return plain, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), reloadFor)
	defer cancel()
	if failed := s.vault.reload(ctx, platform, held.version); failed != nil {
		return nil, fault.Of(failed)
	}
	if plain, err = s.vault.slot(platform).Load().cipher.Decrypt(sealed, secretPlace(place)); err != nil {
		return nil, ErrSealed.WithCause(err)
	}
	return plain, nil
}

// secretPlace keeps a secret of one kind from opening as another of the same name, and
// from opening as a card.
func secretPlace(place []byte) []byte { return append([]byte("platform|secret|"), place...) }
