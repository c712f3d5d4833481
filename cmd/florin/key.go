package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/vault"
)

type merchantCommand struct {
	Create  merchantCreateCommand  `cmd:"" help:"Add a merchant."`
	Suspend merchantSuspendCommand `cmd:"" help:"Take no more payments for a merchant. What it has stays its own."`
	Resume  merchantResumeCommand  `cmd:"" help:"Take payments for a merchant again."`
}

type merchantSuspendCommand struct {
	place
	Merchant string `arg:"" help:"The merchant's id."`
}

// Run suspends the merchant.
func (c *merchantSuspendCommand) Run(ctx context.Context, out io.Writer) error {
	return c.turn(ctx, out, c.Merchant, (*merchant.Room).Suspend)
}

type merchantResumeCommand struct {
	place
	Merchant string `arg:"" help:"The merchant's id."`
}

// Run resumes the merchant.
func (c *merchantResumeCommand) Run(ctx context.Context, out io.Writer) error {
	return c.turn(ctx, out, c.Merchant, (*merchant.Room).Resume)
}

// turn changes a merchant's state and says so.
func (p place) turn(ctx context.Context, out io.Writer, key string, change func(*merchant.Room, context.Context, id.Merchant) (merchant.Merchant, error)) error {
	d, err := p.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	m, err := change(merchant.New(d, clock.System{}), ctx, id.Merchant(key))
	if err != nil {
		return fmt.Errorf("merchant %s: %w", key, err)
	}
	_, err = fmt.Fprintf(out, "%s is %s. Every server follows within 5 seconds.\n", m.Name, m.State)
	return err
}

type merchantCreateCommand struct {
	place
	Name         string `arg:"" help:"The merchant's name."`
	Country      string `help:"ISO 3166-1 alpha-2 code." default:"NL"`
	CardFeeBps   int    `help:"Share of a card payment that the platform keeps, in basis points." default:"290"`
	CardFeeFixed int64  `help:"And a fixed part, in minor units." default:"30"`
	WalletFeeBps int    `help:"Share of a wallet payment, in basis points." default:"0"`
	AmountMax    int64  `help:"Largest payment, in minor units; 0: none." default:"0"`
}

// Run adds the merchant and prints its id.
func (c *merchantCreateCommand) Run(ctx context.Context, out io.Writer) error {
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	m, err := merchant.New(d, clock.System{}).Create(ctx, merchant.Draft{
		Name: c.Name, Country: c.Country, CardFeeBps: c.CardFeeBps, CardFeeFixedMinor: c.CardFeeFixed,
		WalletFeeBps: c.WalletFeeBps, AmountMaxMinor: c.AmountMax,
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, m.ID)
	return nil
}

type keyCommand struct {
	Create     keyCreateCommand     `cmd:"" help:"Make an API key and print it. It is shown this once."`
	Revoke     keyRevokeCommand     `cmd:"" help:"End an API key."`
	NewKek     keyNewKEKCommand     `cmd:"" help:"Make a key-encryption key for the vault." name:"new-kek"`
	RotateKek  keyRotateKEKCommand  `cmd:"" help:"Wrap the vault's keys with a new key-encryption key." name:"rotate-kek"`
	RotateData keyRotateDataCommand `cmd:"" help:"Draw new vault keys and encrypt every card again." name:"rotate-data"`
}

type keyCreateCommand struct {
	place
	Merchant string   `arg:"" help:"The merchant's id."`
	Name     string   `help:"What the key is for." default:"CLI"`
	Live     bool     `help:"A live key instead of a sandbox one."`
	Scopes   []string `help:"Scopes, with commas between; all if left out."`
	Rate     int      `help:"Calls a second that it may make for long; 0: no limit." default:"100"`
	Burst    int      `help:"Calls that it may make at once." default:"200"`
}

// Run makes the key and prints its secret.
func (c *keyCreateCommand) Run(ctx context.Context, out io.Writer) error {
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	owner := id.Merchant(c.Merchant)
	if _, err := merchant.New(d, clock.System{}).Get(ctx, owner); err != nil {
		return fmt.Errorf("there is no merchant %s: make one with 'florin merchant create': %w", c.Merchant, err)
	}
	scopes := apikey.AllScopes()
	if len(c.Scopes) > 0 {
		if scopes, err = apikey.ParseScopes(c.Scopes); err != nil {
			return fmt.Errorf("%w. The scopes are %s", err, strings.Join(apikey.AllScopes().List(), ", "))
		}
	}
	_, secret, err := apikey.New(d, clock.System{}).Create(ctx, apikey.Draft{
		Merchant: owner, Live: c.Live, Name: c.Name, Scopes: scopes, RatePerSecond: c.Rate, Burst: c.Burst,
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, secret)
	return nil
}

type keyRevokeCommand struct {
	place
	Merchant string `arg:"" help:"The merchant's id."`
	Key      string `arg:"" help:"The key's id."`
	Live     bool   `help:"A live key."`
}

// Run ends the key.
func (c *keyRevokeCommand) Run(ctx context.Context, out io.Writer) error {
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	keys := apikey.New(d, clock.System{})
	if _, err := keys.Revoke(ctx, id.Merchant(c.Merchant), c.Live, id.APIKey(c.Key), event.Origin{}); err != nil {
		return err
	}
	fmt.Fprintln(out, "Revoked. Every server stops taking it within 5 seconds.")
	return nil
}

type keyNewKEKCommand struct {
	File string `arg:"" help:"Where to write it. It must not exist yet." type:"path"`
}

// Run makes a key-encryption key.
func (c *keyNewKEKCommand) Run(out io.Writer) error {
	if err := vault.NewKEKFile(c.File); err != nil {
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s exists already, and the cards under it would be lost: choose another name", c.File)
		}
		return err
	}
	fmt.Fprintf(out, "Wrote %s. Keep a copy apart from the database's backups: without it no card can be read.\n", c.File)
	return nil
}

type keyRotateKEKCommand struct {
	place
	kekSource
	New string `help:"File with the new key-encryption key." required:"" type:"path"`
}

// Run wraps the vault's keys anew.
func (c *keyRotateKEKCommand) Run(ctx context.Context, out io.Writer) error {
	next, err := productionKEK(c.New, c.Data)
	if err != nil {
		return fmt.Errorf("the new key-encryption key %s cannot be used: %w", c.New, err)
	}
	return c.withVault(ctx, c.place, func(v *vault.Vault) error {
		if err := v.RotateKEK(ctx, next); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "The vault's keys are wrapped by %s now. Restart every server with it, before any 'florin key rotate-data'; then destroy the old file.\n", c.New)
		return err
	})
}

type keyRotateDataCommand struct {
	place
	kekSource
}

// Run draws new vault keys and encrypts every card again.
func (c *keyRotateDataCommand) Run(ctx context.Context, out io.Writer) error {
	return c.withVault(ctx, c.place, func(v *vault.Vault) error {
		if err := v.RotateData(ctx); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, "Every card is encrypted with the new keys; the old ones are gone.")
		return err
	})
}

// withVault opens the vault of a place for one command.
func (k kekSource) withVault(ctx context.Context, p place, fn func(*vault.Vault) error) error {
	kek, err := k.open(p.Data)
	if err != nil {
		return err
	}
	d, err := p.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	v, err := vault.Open(ctx, vault.Config{DB: d, Clock: clock.System{}, Wrapper: kek})
	if err != nil {
		return err
	}
	return fn(v)
}
