package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/wallet"
)

// world is what a sandbox begins with: a merchant, its key, a payer, and a wallet
// with a million dollars and no limits. It is kept beside the data, so that a
// restart keeps all of it working.
type world struct {
	URL         string      `json:"url,omitempty"`
	Issuer      string      `json:"issuer,omitempty"`
	OpsURL      string      `json:"ops_url,omitempty"`
	SandboxRail string      `json:"sandbox_rail,omitempty"`
	CAFile      string      `json:"ca_file,omitempty"` // with --tls: what to trust
	SandboxKey  string      `json:"sandbox_key"`
	Merchant    id.Merchant `json:"merchant_id"`
	Payer       id.Payer    `json:"payer_id"`
	Wallet      id.Wallet   `json:"wallet_id"`

	trust string // how to trust it
}

const (
	worldFile      = "sandbox.json"
	worldFunds     = 1_000_000_00 // cents
	worldCurrency  = "USD"
	cardFeeBps     = 290
	cardFeeFixed   = 30
	worldPayerKey  = "florin-sandbox-payer"
	worldWalletKey = "florin-sandbox-wallet"
)

// worldMerchant is the same in every sandbox: tools find it in any database.
var worldMerchant = id.Derive[id.Merchant]("florin", "sandbox")

// settle makes the sandbox's world, or finds it again.
func settle(ctx context.Context, h *house, data string) (world, error) {
	w, err := readWorld(data)
	if err != nil {
		return w, err
	}
	was := w
	if w.SandboxKey == "" {
		w.SandboxKey = apikey.NewSecret(false)
	}
	w.Merchant = worldMerchant
	draft := merchant.Draft{Name: "Sandbox Café", Country: "NL", CardFeeBps: cardFeeBps, CardFeeFixedMinor: cardFeeFixed}
	if _, err := h.merchants.CreateWithID(ctx, w.Merchant, draft); err != nil {
		return w, fmt.Errorf("make the sandbox's merchant: %w", err)
	}
	// No rate limit: the sandbox's own key is also what measures it.
	key := apikey.Draft{Merchant: w.Merchant, Name: "Sandbox", Scopes: apikey.AllScopes()}
	k, err := h.keys.CreateWithSecret(ctx, key, w.SandboxKey)
	if err == nil && k.Scopes != key.Scopes { // of a release that knew fewer: it goes on as it is
		w.SandboxKey = apikey.NewSecret(false)
		_, err = h.keys.CreateWithSecret(ctx, key, w.SandboxKey)
	}
	if err != nil {
		return w, fmt.Errorf("make the sandbox's key: %w", err)
	}
	if err := w.settlePayer(ctx, h); err != nil {
		return w, err
	}
	if w == was {
		return w, nil // a restart writes nothing, so it works on a full disk
	}
	if err := os.MkdirAll(data, 0o700); err != nil { // beside PostgreSQL nobody else has made it
		return w, fmt.Errorf("make the data folder: %w", err)
	}
	return w, writeFile(filepath.Join(data, worldFile), w)
}

func readWorld(data string) (world, error) {
	var w world
	text, err := os.ReadFile(filepath.Join(data, worldFile)) //nolint:gosec // the operator names the folder
	if errors.Is(err, os.ErrNotExist) {
		return w, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	if err != nil {
		return w, fmt.Errorf("read %s in the data folder: %w. Remove the file to make a new sandbox key", worldFile, err)
	}
	return w, nil
}

// remember keeps the world for the sandbox's tools, if its issuer is another than before.
func (w world) remember(data string) error {
	was, err := readWorld(data)
	if err != nil || was.Issuer == w.Issuer {
		return err
	}
	was.Issuer = w.Issuer
	return writeFile(filepath.Join(data, worldFile), was)
}

// settlePayer makes the payer and the wallet. Both have idempotency keys, so that
// a sandbox that starts twice on one database, or is killed half-way, has one of each.
func (w *world) settlePayer(ctx context.Context, h *house) error {
	if _, err := h.wallets.Get(ctx, w.Merchant, false, w.Wallet); err == nil {
		return nil
	}
	once, err := idempotency.New(string(w.Merchant), false, worldPayerKey, []byte(worldPayerKey))
	if err != nil {
		return err
	}
	p, err := h.payers.Create(ctx, payer.Draft{Merchant: w.Merchant, Name: "Ada Payer", Email: "ada@example.com", Once: once})
	if w.Payer = p.ID; err != nil {
		if w.Payer, err = recalled[id.Payer](ctx, h, err); err != nil {
			return fmt.Errorf("make the sandbox's payer: %w", err)
		}
	}
	if once, err = idempotency.New(string(w.Merchant), false, worldWalletKey, []byte(worldWalletKey)); err != nil {
		return err
	}
	funded, err := h.wallets.Create(ctx, wallet.Draft{
		Merchant: w.Merchant, Payer: w.Payer, Currency: worldCurrency, Funds: worldFunds, Once: once,
	})
	if w.Wallet = funded.ID; err != nil {
		if w.Wallet, err = recalled[id.Wallet](ctx, h, err); err != nil {
			return fmt.Errorf("make the sandbox's wallet: %w", err)
		}
	}
	return nil
}

// recalled is the object that an earlier request with the same key made.
func recalled[T id.Noun](ctx context.Context, h *house, err error) (T, error) {
	replay, ok := errors.AsType[*idempotency.Replay](err)
	if !ok {
		return "", err
	}
	var e event.Event
	if e, err = h.events.At(ctx, replay.Sequence); err != nil {
		return "", err
	}
	return T(e.Fact.Object), nil
}

// invitation is what a newcomer needs to make a first payment.
func (w world) invitation(url string) string {
	trusted := ""
	if w.CAFile != "" {
		trusted = "--cacert " + w.CAFile + " "
	}
	return fmt.Sprintf(`
  URL          %s
  Sandbox key  %s
  Merchant     %s
  Wallet       %s
  Pages        %s/sign-up

Try it:

  curl %s%s/v1/payments \
    -H 'Authorization: Bearer %s' \
    -H 'Content-Type: application/json' \
    -d '{"amount": 1999, "currency": "USD", "source": "tok_visa"}'

`, url, w.SandboxKey, w.Merchant, w.Wallet, w.Issuer, trusted, url, w.SandboxKey)
}
