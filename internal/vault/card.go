package vault

import (
	"time"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// ErrSealed: the key-encryption key does not open the vault's keys, or they
// could not be read.
var ErrSealed = fault.New(fault.Unavailable, "vault_sealed",
	"The card vault is sealed, so cards cannot be used now. Retry with the same idempotency key; the operator must give the right key-encryption key.")

// CVV lets a flow carry a security code to [Vault.Send] without entering the
// card zone.
type CVV = card.CVV

// Owner is whose cards a call may touch.
type Owner struct {
	Merchant id.Merchant
	Live     bool
}

// Card is what may be known of a card in the vault. Its ID is its token.
type Card struct {
	ID id.Card
	Owner
	Fingerprint string // the same for every card with this number of this owner; not for callers of the API
	Brand       card.Brand
	Last4       string
	Expiry      card.Expiry
	CreatedAt   time.Time

	sealed   []byte // the number; empty once the card is deleted
	version  int64  // of the keyset that sealed it
	sequence int64  // of the last event about it
}

func (c Card) deleted() bool { return len(c.sealed) == 0 }

// of is a card that was found if it is its owner's and not deleted, else none.
func (c Card) of(o Owner, found bool) (Card, bool) {
	if !found || c.Owner != o || c.deleted() {
		return Card{}, false
	}
	return c, true
}
