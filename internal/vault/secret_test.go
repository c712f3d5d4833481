package vault

import (
	"errors"
	"testing"

	"github.com/florinpay/florin/internal/db"
)

func TestSecretsOpenWhereTheyWereSealedFor(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		s := v.Secrets()
		sealed, err := s.Seal([]byte("key"), []byte("a"))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := s.Open(sealed, []byte("a")); err != nil || string(plain) != "key" {
			t.Errorf("%q %v", plain, err)
		}
		for what, open := range map[string]func() ([]byte, error){
			"another place": func() ([]byte, error) { return s.Open(sealed, []byte("b")) },
			"cut short":     func() ([]byte, error) { return s.Open(sealed[:len(sealed)-1], []byte("a")) },
			"nothing":       func() ([]byte, error) { return s.Open(nil, []byte("a")) },
		} {
			if plain, err := open(); !errors.Is(err, ErrSealed) || plain != nil {
				t.Errorf("%s: %q %v", what, plain, err)
			}
		}
	})
}

// What was sealed before a rotation opens after it, on a node that has not heard of it,
// and so does what another node has sealed since.
func TestSecretsSurviveRotations(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, v *Vault) {
		other := openVault(t, d, v.wrapper)
		old, err := v.Secrets().Seal([]byte("old"), []byte("a"))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := v.RotateData(ctx); err != nil {
				t.Fatal(err)
			}
		}
		fresh, err := v.Secrets().Seal([]byte("new"), []byte("a"))
		if err != nil {
			t.Fatal(err)
		}
		for _, node := range []*Vault{v, other, openVault(t, d, v.wrapper)} {
			for want, sealed := range map[string][]byte{"old": old, "new": fresh} {
				if plain, err := node.Secrets().Open(sealed, []byte("a")); err != nil || string(plain) != want {
					t.Errorf("%q, want %q: %v", plain, want, err)
				}
			}
		}
		if n := v.slot(platform).Load().numbers.Len(); n != 3 {
			t.Errorf("%d keys are kept, want 3", n)
		}
	})
}
