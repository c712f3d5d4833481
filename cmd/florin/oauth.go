package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/vault"
	"github.com/florinpay/florin/internal/webhook"
)

type clientCommand struct {
	Create   clientCreateCommand   `cmd:"" help:"Register an OAuth client and print what it needs, as JSON. Its secrets are shown this once."`
	Invite   clientInviteCommand   `cmd:"" help:"Print a token by which somebody registers one client through the API (RFC 7591), within an hour."`
	List     clientListCommand     `cmd:"" help:"Print a merchant's clients."`
	Suspend  clientSuspendCommand  `cmd:"" help:"Stop a client: within 5 seconds no server takes anything of it."`
	Activate clientActivateCommand `cmd:"" help:"Let a suspended client go on."`
	Delete   clientDeleteCommand   `cmd:"" help:"End a client for ever."`
}

// authority is the authorization server of a place, for one command.
type authority struct {
	place
	kekSource
	Issuer string `help:"Public address of the server; a sandbox's is known." placeholder:"URL" env:"FLORIN_ISSUER"`
}

// open opens it beside a running server or without one. Call done at the end.
func (a authority) open(ctx context.Context) (s *oauth.Server, done func(), err error) {
	d, err := a.existing(ctx)
	if err != nil {
		return nil, nil, err
	}
	done = func() { _ = d.Close() } // everything is durable
	if s, err = a.over(ctx, d); err != nil {
		done()
	}
	return s, done, err
}

func (a authority) over(ctx context.Context, d *db.DB) (*oauth.Server, error) {
	issuer, err := a.issuer()
	if err != nil {
		return nil, err
	}
	kek, err := a.kek()
	if err != nil {
		return nil, err
	}
	v, err := vault.Open(ctx, vault.Config{DB: d, Clock: clock.System{}, Wrapper: kek})
	if err != nil {
		return nil, err
	}
	h := house{db: d, clock: clock.System{}, vault: v, merchants: merchant.New(d, clock.System{}), grants: grant.NewRoom(d, clock.System{}), log: slog.New(slog.DiscardHandler)}
	h.events = event.NewLog(d)
	h.openWebhooks(webhook.Targets{})
	err = h.welcome(ctx, issuerSource{Issuer: issuer})
	return h.oauth, err
}

func (a authority) issuer() (string, error) {
	if a.Issuer != "" {
		return a.Issuer, nil
	}
	if w, err := readWorld(a.Data); err == nil && w.Issuer != "" {
		return w.Issuer, nil
	}
	return "", errors.New("give the server's public address with --issuer, as 'florin serve' has it")
}

// kek is a sandbox's own key-encryption key, or the one that is given.
func (a authority) kek() (vault.Wrapper, error) {
	if a.KEKFile == "" && os.Getenv(kekVariable) == "" && isSandbox(a.Data) {
		return vault.FileKEK(filepath.Join(a.Data, devKEKFile), "")
	}
	return a.kekSource.open(a.Data)
}

type clientCreateCommand struct {
	authority
	Merchant       string   `help:"The merchant that the client belongs to, and for which it acts by itself." required:""`
	Name           string   `help:"What people are shown." required:""`
	Auth           string   `help:"How it proves itself: private_key_jwt, client_secret_basic, tls_client_auth, self_signed_tls_client_auth or none." default:"client_secret_basic"`
	JWKS           string   `help:"File with its public keys, a JWK Set." name:"jwks" type:"path"`
	Subject        string   `help:"Subject of its certificate, as RFC 4514 writes it, for tls_client_auth."`
	Redirect       []string `help:"Address to which people come back; may be repeated." placeholder:"URL"`
	LogoutRedirect []string `help:"And after signing out." placeholder:"URL"`
	Origin         []string `help:"Web origin from which a browser may call." placeholder:"URL"`
	Grant          []string `help:"authorization_code, refresh_token, client_credentials or device_code; may be repeated." default:"client_credentials"`
	Scope          []string `help:"What it may ask for; may be repeated." default:"payments:read"`
	Details        bool     `help:"It may ask payers for limits of money (authorization_details)."`
	FAPI           bool     `help:"FAPI 2.0: pushed requests, keys or certificates, bound tokens. In live mode whatever moves money needs it." name:"fapi"`
	SignedRequests bool     `help:"FAPI message signing: it signs its requests."`
	JARM           bool     `help:"FAPI message signing: it gets signed answers." name:"jarm"`
	Bound          bool     `help:"Its tokens are always bound to a key or a certificate."`
	Native         bool     `help:"An app on a person's device."`
	Live           bool     `help:"In live mode instead of the sandbox's."`
}

// Run registers the client.
func (c *clientCreateCommand) Run(ctx context.Context, out io.Writer) error {
	draft := oauth.Draft{
		Merchant: id.Merchant(c.Merchant), Live: c.Live, Name: c.Name, Auth: oauth.Auth(c.Auth), Subject: c.Subject, Redirects: c.Redirect,
		LogoutRedirects: c.LogoutRedirect, Origins: c.Origin, Scopes: c.Scope, Native: c.Native, FAPI: c.FAPI,
		SignedRequests: c.SignedRequests, JARM: c.JARM, Bound: c.Bound,
	}
	for _, g := range c.Grant {
		if g == "device_code" {
			g = oauth.DeviceGrant
		}
		draft.Grants = append(draft.Grants, g)
	}
	if c.Details {
		draft.DetailTypes = []string{"payment"}
	}
	if c.JWKS != "" {
		text, err := os.ReadFile(c.JWKS)
		if err != nil {
			return fmt.Errorf("read --jwks: %w", err)
		}
		draft.Keys = string(text)
	}
	d, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	if _, err := merchant.New(d, clock.System{}).Get(ctx, draft.Merchant); err != nil {
		return fmt.Errorf("there is no merchant %s: make one with 'florin merchant create': %w", c.Merchant, err)
	}
	s, err := c.over(ctx, d)
	if err != nil {
		return err
	}
	made, secret, registration, err := s.Register(ctx, draft)
	if err != nil {
		return err
	}
	return printJSON(out, s.Registered(made, secret, registration))
}

type clientInviteCommand struct {
	authority
	Merchant string        `help:"The merchant that the client will belong to." required:""`
	Scope    []string      `help:"What the client may ask for at most; may be repeated." default:"payments:read"`
	Own      bool          `help:"The client may act for the merchant by itself (client_credentials)."`
	Live     bool          `help:"In live mode instead of the sandbox's."`
	For      time.Duration `help:"How long the token works; an hour at most." default:"1h"`
}

// Run prints the token.
func (c *clientInviteCommand) Run(ctx context.Context, out io.Writer) error {
	s, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	token, err := s.InitialToken(ctx, oauth.Invitation{Merchant: id.Merchant(c.Merchant), Live: c.Live, Scopes: c.Scope, Own: c.Own}, c.For)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, token)
	return err
}

type clientListCommand struct {
	authority
	Merchant string `arg:"" help:"The merchant's id."`
	Live     bool   `help:"Live clients instead of the sandbox's."`
}

// Run prints a line for each client.
func (c *clientListCommand) Run(ctx context.Context, out io.Writer) error {
	s, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for page := (db.Page{Limit: 100}); ; {
		list, next, err := s.Clients(ctx, id.Merchant(c.Merchant), c.Live, page)
		if err != nil {
			return err
		}
		for _, k := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.State, k.Auth, strings.Join(k.Scopes, " "))
		}
		if page.After = next; next == "" {
			return w.Flush()
		}
	}
}

type clientSuspendCommand struct{ chosenClient }

// Run stops the client.
func (c *clientSuspendCommand) Run(ctx context.Context, out io.Writer) error {
	return c.turn(ctx, out, "suspended", func(s *oauth.Server, k id.Client) error {
		_, err := s.Suspend(ctx, k)
		return err
	})
}

type clientActivateCommand struct{ chosenClient }

// Run lets the client go on.
func (c *clientActivateCommand) Run(ctx context.Context, out io.Writer) error {
	return c.turn(ctx, out, "active", func(s *oauth.Server, k id.Client) error {
		_, err := s.Activate(ctx, k)
		return err
	})
}

type clientDeleteCommand struct{ chosenClient }

// Run ends the client.
func (c *clientDeleteCommand) Run(ctx context.Context, out io.Writer) error {
	return c.turn(ctx, out, "deleted", func(s *oauth.Server, k id.Client) error { return s.Delete(ctx, k) })
}

type chosenClient struct {
	authority
	Client string `arg:"" help:"The client's id."`
}

func (c *chosenClient) turn(ctx context.Context, out io.Writer, became string, change func(*oauth.Server, id.Client) error) error {
	s, done, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := change(s, id.Client(c.Client)); err != nil {
		return fmt.Errorf("client %s: %w", c.Client, err)
	}
	_, err = fmt.Fprintf(out, "%s is %s. Every server follows within 5 seconds.\n", c.Client, became)
	return err
}

type tokenCommand struct {
	Inspect tokenInspectCommand `cmd:"" help:"Explain an access token from standard input in words: who, what, until when, bound to which key, and why it would be refused."`
}

type tokenInspectCommand struct{ authority }

const tokenBytesMax = 64 << 10

// Run explains the token. Without a database it says what stands in it.
func (c *tokenInspectCommand) Run(ctx context.Context, out io.Writer) error {
	text, err := io.ReadAll(io.LimitReader(os.Stdin, tokenBytesMax))
	if err != nil {
		return fmt.Errorf("read the token from standard input: %w", err)
	}
	if strings.TrimSpace(string(text)) == "" {
		return errors.New("there is no token on standard input: florin token inspect < token.txt")
	}
	var v *oauth.Verifier
	s, done, err := c.open(ctx)
	if err == nil {
		defer done()
		v = s.Verifier()
	}
	for _, line := range v.Inspect(ctx, string(text), machine.Now()) {
		fmt.Fprintln(out, line)
	}
	if err != nil {
		fmt.Fprintf(out, "To have it checked: %s.\n", err)
	}
	return nil
}

func printJSON(out io.Writer, v any) error {
	w := json.NewEncoder(out)
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	return w.Encode(v)
}
