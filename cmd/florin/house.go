package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/api"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/connector"
	"github.com/florinpay/florin/internal/connector/sandbox"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/job"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/payer"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/statement"
	"github.com/florinpay/florin/internal/vault"
	"github.com/florinpay/florin/internal/wallet"
	"github.com/florinpay/florin/internal/web"
	"github.com/florinpay/florin/internal/webhook"
	"github.com/florinpay/florin/internal/wire"
)

// database is the URL of the place's database; SQLite's folder is made if missing.
func (p place) database() (string, error) {
	if p.Database == "" {
		if err := os.MkdirAll(p.Data, 0o700); err != nil {
			return "", fmt.Errorf("make the data folder: %w", err)
		}
		return p.sqlite(), nil
	}
	if !db.IsPostgres(p.Database) {
		return "", fmt.Errorf("--database must begin with postgres://; for SQLite leave it out and give --data")
	}
	return p.Database, nil
}

// open opens the place's database, and brings its schema up to date.
func (p place) open(ctx context.Context, c db.Config) (*db.DB, error) {
	url, err := p.database()
	if err != nil {
		return nil, err
	}
	c.URL = url
	return db.Open(ctx, c)
}

// house is every room, wired.
type house struct {
	db        *db.DB
	clock     clock.Clock
	log       *slog.Logger
	book      *ledger.Book
	events    *event.Log
	keys      *apikey.Room
	merchants *merchant.Room
	payers    *payer.Room
	wallets   *wallet.Desk
	vault     *vault.Vault
	rails     *connector.Registry
	exchange  *fx.Room
	payments  *payment.Desk
	disputes  *dispute.Desk
	jobs      *job.Runner
	webhooks  *webhook.Room
	moved     *movedClock
	rail      *sandbox.Rail // nil: another server's is used
	reflect   bool

	grants  *grant.Room
	persons *identity.Room // nil, as the next two: there is no issuer
	oauth   *oauth.Server
	site    *web.Site
	issuer  string
	sandbox bool // nothing here is real, and the pages say so

	railAddress string
}

// houseConfig is what a house is built from.
type houseConfig struct {
	place
	rail     railSource
	kek      vault.Wrapper
	log      *slog.Logger
	database db.Config
	reflect  bool // gRPC tools may read the contract from the server
	targets  webhook.Targets
	moved    *movedClock // a sandbox's; nil: the machine's
}

func openHouse(ctx context.Context, c houseConfig) (_ *house, err error) {
	h := &house{clock: clock.System{}, log: c.log, rails: &connector.Registry{}, reflect: c.reflect, moved: c.moved}
	if c.moved != nil {
		h.clock = c.moved
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	c.database.Log = c.log
	if h.db, err = c.open(ctx, c.database); err != nil {
		return nil, err
	}
	if h.vault, err = vault.Open(ctx, vault.Config{DB: h.db, Clock: h.clock, Wrapper: c.kek, Log: c.log}); err != nil {
		return nil, err
	}
	if err := h.openRail(ctx, c.Data, c.rail); err != nil {
		return nil, err
	}
	h.book, h.events = ledger.NewBook(h.db), event.NewLog(h.db)
	h.keys, h.merchants, h.payers = apikey.New(h.db, h.clock).WithPepper(h.vault.Pepper), merchant.New(h.db, h.clock), payer.New(h.db, h.clock)
	h.exchange, h.grants = fx.New(h.db, h.clock), grant.NewRoom(h.db, h.clock)
	h.wallets, h.disputes = wallet.NewDesk(h.db, h.clock, h.payers), dispute.NewDesk(h.db, h.clock)
	h.payments = payment.NewDesk(payment.Config{
		DB: h.db, Clock: h.clock, Merchants: h.merchants, Vault: h.vault, Connectors: h.rails, Exchange: h.exchange, Log: c.log,
		Contested: dispute.Announced, ContestedLock: dispute.AnnouncedLock,
	})
	h.openWebhooks(c.targets)
	h.jobs = job.NewRunner(h.db, h.clock, c.log, map[job.Kind]job.Handler{
		payment.JobAsk: h.payments.AskJob, payment.JobExpire: h.payments.ExpireJob, payment.JobReturn: h.payments.ReturnJob,
		dispute.JobOpen: h.disputes.OpenJob, dispute.JobDecide: h.disputes.DecideJob, dispute.JobExpire: h.disputes.ExpireJob,
		jobSweep: h.sweep,
	}, h.payments.Adopt)
	return h, nil
}

// openWebhooks opens the room of deliveries, over the database, the vault and the log.
func (h *house) openWebhooks(targets webhook.Targets) {
	shapes := wire.ContractShapes()
	h.webhooks = webhook.New(webhook.Config{
		DB: h.db, Clock: h.clock, Log: h.log, Events: h.events, Sealer: h.vault.Secrets(), Targets: targets,
		Encode: func(e *florinv1.Event) []byte { return shapes.EncodeJSON(nil, e) },
	})
}

// door opens the API on the house.
func (h *house) door(c api.Config) *api.Server {
	entry := api.CardEntry{Vault: h.vault, Tokens: sandbox.Tokens}
	expand := api.Expander{Payments: h.payments, Wallets: h.wallets, Payers: h.payers, Vault: h.vault}
	c.Keys, c.Limiter, c.Clock, c.CardDigest, c.Log = h.keys, apikey.NewLimiter(h.clock), h.clock, entry.Digest, h.log
	c.Reflect = h.reflect
	if h.oauth != nil {
		c.Tokens, c.OriginOf = h.oauth.Verifier(), h.oauth.OriginOf
	}
	c.Recall = func(ctx context.Context, sequence int64) (proto.Message, error) {
		e, err := h.events.At(ctx, sequence)
		if err != nil {
			return nil, err
		}
		return e.Object(), nil
	}
	c.WebhookSecret = func(ctx context.Context, of api.Caller, e *florinv1.WebhookEndpoint) (string, error) {
		s, err := h.webhooks.Again(ctx, webhook.Owner{Merchant: of.Merchant, Live: of.Live}, id.Endpoint(e.Id), e.PublicKey, of.Credential())
		if err != nil {
			return "", err
		}
		return s.Text(), nil
	}
	c.Seen = func(ctx context.Context, k *idempotency.Key) error { return k.Seen(ctx, h.db) }
	door := api.New(c,
		api.Payments(h.payments, entry, expand, h.events), api.Cards(entry), api.Wallets(h.wallets, h.payments, entry, expand), api.Payers(h.payers, h.persons, h.issuer+"/me/payers", h.events),
		api.Merchants(h.merchants, api.Balance(h.book)), api.APIKeys(h.keys, h.events), api.Events(h.events, h.clock),
		api.Ledger(h.book, h.wallets), api.Disputes(h.disputes, expand, h.events), api.Quotes(h.exchange), api.Exports(h.payments, h.book, h.wallets),
		api.Grants(h.grants, h.clock, h.events), api.Webhooks(h.webhooks), api.Statements(statement.NewDesk(h.db, h.clock), h.clock, h.signStatement()), api.Sandbox(h.movable()),
	)
	if h.oauth != nil {
		h.openBeside(door)
	}
	return door
}

// movable is the clock of a sandbox, nil where time is the machine's.
func (h *house) movable() api.MovableClock {
	if h.moved == nil {
		return nil
	}
	return h.moved
}

// close ends everything that was opened, the database last.
func (h *house) close() error {
	var errs []error
	errs = append(errs, h.rails.Close())
	if h.rail != nil {
		errs = append(errs, h.rail.Close())
	}
	if h.db != nil {
		errs = append(errs, h.db.Close())
	}
	return errors.Join(errs...)
}

// sqlite is the path of the place's database file.
func (p place) sqlite() string { return filepath.Join(p.Data, "florin.db") }
