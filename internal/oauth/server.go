package oauth

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
)

// Config is what an installation decides.
type Config struct {
	Issuer      string         // https://host, with a port perhaps, and nothing more; http on loopback
	Aliases     []string       // other addresses of the same server, in the same form, which proofs may name
	MTLS        string         // where clients present certificates, in the same form; "": nowhere
	ClientCAs   *x509.CertPool // who may vouch for certificates; nil: tls_client_auth is not offered
	Scopes      []string       // that clients may ask for, beside openid
	MoneyScopes []string       // those of them that move money: in live mode for FAPI clients only
	ACRs        []string       // acr values that sign-in can give
	Locales     []string       // of the pages
	// Profile gives the claims of a person for userinfo, beside sub; nil: none.
	Profile func(ctx context.Context, person string, scopes []string) (map[string]any, error)
	// Stands reports whether a person may still answer for whom they have answered: a
	// payer, or a merchant as its staff; nil: always.
	Stands func(ctx context.Context, person string, payer id.Payer, merchant id.Merchant) (bool, error)
	Log    *slog.Logger // nil: slog.Default()
}

// Paths of the pages that others serve.
const (
	AuthorizePath = "/oauth/authorize"
	LogoutPath    = "/oauth/logout"
	DevicePath    = "/device"
)

// Server is one issuer's authorization server.
type Server struct {
	db      *db.DB
	clock   clock.Clock
	sealer  Sealer
	grants  *grant.Room
	config  Config
	log     *slog.Logger
	bases   []string // issuer and its mTLS alias: where proofs may be addressed to
	keyring *keyring

	verifier *Verifier
	provers  *provers
	known    *memory[id.Client, *Client]
	living   *memory[id.Grant, bool]
	allowed  *memory[struct{}, map[string]bool] // origins
	denied   *memory[struct{}, map[string]bool] // tokens revoked before their end
}

// everywhere is the key of a memory that has one answer.
var everywhere = struct{}{}

// Open starts a server, making its first keys if there are none. Errors: what is wrong
// with the configuration; those of the database and of the sealer.
func Open(ctx context.Context, d *db.DB, c clock.Clock, seal Sealer, grants *grant.Room, config Config) (*Server, error) {
	s := &Server{db: d, clock: c, sealer: seal, grants: grants, config: config, log: config.Log, bases: []string{config.Issuer}}
	if !origin(config.Issuer) || config.MTLS != "" && !origin(config.MTLS) {
		return nil, errors.New("oauth: the issuer must be https://host without a path (http on loopback only)")
	}
	if config.MTLS != "" {
		s.bases = append(s.bases, config.MTLS)
	}
	s.bases = append(s.bases, config.Aliases...)
	if !within(config.MoneyScopes, config.Scopes) {
		return nil, errors.New("oauth: a money scope is not among the scopes")
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	const clientsMax, grantsMax, proversMax = 10_000, 100_000, 4_096
	s.keyring, s.verifier = &keyring{load: s.loadRing, clock: c}, newVerifier(s)
	s.provers = &provers{sizeMax: proversMax, known: map[string]*prover{}}
	s.known = newMemory(c, clientsMax, s.readClient)
	s.living = newMemory(c, grantsMax, s.readStanding)
	s.allowed = newMemory(c, 1, func(ctx context.Context, _ struct{}) (map[string]bool, error) { return s.origins(ctx) })
	s.denied = newMemory(c, 1, func(ctx context.Context, _ struct{}) (map[string]bool, error) { return s.revoked(ctx, c.Now()) })
	if err := s.Tend(ctx); err != nil {
		return nil, err
	}
	_, err := s.keyring.get(ctx)
	return s, err
}

// origin reports whether text is a scheme, a host and nothing more; localhost is the
// machine itself by name, which passkeys need. Source: RFC 8414 §2, RFC 6761 §6.3.
func origin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme+"://"+u.Host == text && text == strings.ToLower(text) && u.Hostname() != "" &&
		(u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || loopback(u.Hostname())))
}

// audience is who our access tokens are for.
func (s *Server) audience() string { return s.config.Issuer + "/v1" }

const tendEvery = time.Minute

// Run looks after the keys and forgets what has expired, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	for s.clock.Sleep(ctx, tendEvery) == nil {
		if err := errors.Join(s.Tend(ctx), s.Sweep(ctx)); err != nil && ctx.Err() == nil {
			s.log.Error("oauth: not tended", "error", err) // again in a minute
		}
	}
	return nil
}

const (
	sweptAtOnce = 500  // rows in one write, so that tokens do not wait behind it
	sweepsMax   = 1000 // writes of one sweep
)

// Sweep forgets what is of no use any more. Errors: those of the database.
func (s *Server) Sweep(ctx context.Context) error {
	for _, w := range sweepers() {
		for range sweepsMax {
			n, err := s.sweep(ctx, w)
			if err != nil {
				return err
			}
			if n < sweptAtOnce {
				break
			}
		}
	}
	return nil
}

func (s *Server) sweep(ctx context.Context, w swept) (n int, err error) {
	list, err := s.expired(ctx, w, s.clock.Now(), sweptAtOnce)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	locks := make([]db.Lock, len(list))
	for i, key := range list {
		locks[i] = w.lock(key)
	}
	return len(list), s.db.Write(ctx, locks, func(tx *db.Tx) error {
		for _, key := range list {
			w.remove(tx, key)
		}
		return nil
	})
}
