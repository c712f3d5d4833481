package vault

import (
	"context"
	"errors"

	"github.com/florinpay/florin/internal/card"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/id"
)

// Send carries the card behind token to a connector: it fills r.Card and r.Live,
// calls, and wipes the number and cvv, which may be nil. It answers as
// [connector.Connector] does. A card that cannot be opened, because it is
// missing, deleted or another owner's, is not sent and answered Unknown: an
// earlier request with the same reference may have been sent, so the rail must be
// asked before anybody claims that nothing happened. Use [Vault.Get] first to
// refuse such a token.
func (v *Vault) Send(ctx context.Context, o Owner, token id.Card, cvv *CVV, to connector.Connector, r connector.Request) connector.Answer {
	if cvv != nil {
		defer cvv.Wipe()
	}
	c, number, err := v.open(ctx, o, token)
	if err != nil {
		v.log.Error("a card could not be opened", "card", string(token), "reference", r.Reference, "error", err)
		return connector.Answer{}
	}
	return carry(ctx, c, number, cvv, to, r)
}

// SendRead is [Vault.Send] for a card that was read a moment ago: it is not read
// again unless the keys have been rotated since.
func (v *Vault) SendRead(ctx context.Context, c Card, cvv *CVV, to connector.Connector, r connector.Request) connector.Answer {
	number, err := v.keys(c.Live).open(c)
	if err != nil {
		return v.Send(ctx, c.Owner, c.ID, cvv, to, r)
	}
	if cvv != nil {
		defer cvv.Wipe()
	}
	return carry(ctx, c, number, cvv, to, r)
}

// carry sends the card and wipes the number.
func carry(ctx context.Context, c Card, number card.Number, cvv *CVV, to connector.Connector, r connector.Request) connector.Answer {
	defer number.Wipe()
	r.Live = c.Live
	r.Card = connector.Card{Number: number, Expiry: c.Expiry}
	if cvv != nil {
		r.Card.CVV = *cvv
	}
	return to.Send(ctx, r)
}

// open reads a card and decrypts its number, which the caller wipes. If the keys
// in memory do not fit the row, a rotation came between: it follows it.
func (v *Vault) open(ctx context.Context, o Owner, token id.Card) (Card, card.Number, error) {
	var failed error
	for range staleTriesMax {
		k := v.keys(o.Live)
		c, err := v.Get(ctx, o, token)
		if err != nil {
			return Card{}, card.Number{}, err
		}
		number, err := k.open(c)
		if err == nil {
			return c, number, nil
		}
		failed = err
		if err := v.reload(ctx, k.mode, k.version); err != nil {
			return Card{}, card.Number{}, err
		}
		if v.keys(o.Live).version == k.version && c.version <= k.version {
			break // the keys are right, the row is not
		}
	}
	return Card{}, card.Number{}, errors.Join(errors.New("vault: a sealed number does not open in its row"), failed)
}
