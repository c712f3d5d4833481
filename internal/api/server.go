package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/wire"
)

// Limits of the porch.
const (
	bodyMax     = 1 << 20          // bytes of a request's body
	patience    = 30 * time.Second // for one request, from its header to its answer
	headerMax   = 32 << 10         // bytes of a request's header
	headerWait  = 10 * time.Second
	idleTimeout = 2 * time.Minute
	streamsMax  = 128              // requests at once on one connection of HTTP/2
	frameMax    = 16 << 10         // bytes that one frame of HTTP/2 may hold: the least that the protocol allows
	pingAfter   = 30 * time.Second // of silence on a connection of HTTP/2, to learn whether anyone is there
)

// Config is what the door stands on. All but Log, Healthy, Ready, Observe and what says nil is required.
type Config struct {
	Keys    *apikey.Room
	Limiter *apikey.Limiter
	Clock   clock.Clock
	// CardDigest is a keyed digest of a card number, so that a fingerprint can
	// hold one. The same number of the same caller gives the same digest.
	CardDigest func(caller Caller, number string) string
	// Recall reads the object of the event of that number: the answer to a
	// request that was answered before.
	Recall func(ctx context.Context, sequence int64) (proto.Message, error)
	// Seen is what the record of a key says outside any write: nil if there is none.
	// A retry that is refused before it gets to its write is answered by it: the
	// world may have changed since the first request, its answer has not.
	Seen func(ctx context.Context, key *idempotency.Key) error

	// WebhookSecret is the secret that an answer of before came with, for a retry by the caller
	// that got it. Errors: those of [webhook.Room.Again].
	WebhookSecret func(ctx context.Context, caller Caller, answer *florinv1.WebhookEndpoint) (string, error)

	Tokens      *oauth.Verifier // tells whether an access token is good; nil: there are none
	ClientShare apikey.Share    // how fast each client may call; without an allowance

	// OriginOf reports whether pages of that origin, such as https://shop.example, may open
	// streams with a client's access token; nil: none may.
	OriginOf func(ctx context.Context, client id.Client, origin string) bool

	Reflect bool // gRPC tools may read the contract from the server

	Log     *slog.Logger                // nil: slog.Default()
	Healthy func(context.Context) error // nil: always; for /healthz
	Ready   func(context.Context) error // nil: always; for /readyz
	Observe func(Visit)                 // called after each request, if set; must be quick
}

// Visit is what one request came to, for metrics.
type Visit struct {
	Verb     string // "OTHER" if it is not one of HTTP's own
	Route    string // pattern of the URL; "" if there is none
	Protocol string // rest, grpc, grpcweb, connect or websocket
	Status   int    // as REST would say it, in every protocol
	Code     string // of the problem; "" if there was none
	Took     time.Duration
}

// Service registers the handlers of one service of the contract.
type Service func(*connect.Server)

// Server is the door. It is an [http.Handler].
type Server struct {
	Config
	chain   *connect.Server
	methods map[string]*method
	shapes  wire.Shapes
	codecs  codecs
	router  router
	check   checker
	rpc     rpc
	holds   holds
	flights flights
	sockets sockets
	beside  map[string]http.Handler // by the first segment of the path

	secretive secretive

	draining context.Context // ends when the server stops
	drain    context.CancelFunc
}

// New opens the door to services. It panics on a contract that it cannot serve:
// that is a mistake of the build, found by any test that starts it.
func New(c Config, services ...Service) *Server {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s := &Server{Config: c, methods: map[string]*method{}, shapes: wire.ContractShapes(), beside: map[string]http.Handler{}}
	s.codecs, s.secretive = newCodecs(s.shapes), newSecretive(s.shapes)
	// The order is the law: what is refused early leaves no trace.
	s.chain = connect.NewServer(s.settle, s.admit, s.limit, s.hold, s.validate, s.once, s.coalesce)
	for _, register := range services {
		register(s.chain)
	}
	var inputs []*wire.Shape
	for spec := range s.chain.Specs() {
		m, d := newMethod(spec, s.shapes)
		s.methods[m.procedure] = m
		routes := routesOf(d, m)
		for _, r := range routes {
			s.router.add(r)
		}
		if len(routes) > 0 {
			m.url = routes[0].pattern
		}
		inputs = append(inputs, m.input)
	}
	s.check = newChecker(inputs)
	s.addHealth()
	s.addDictionary()
	s.draining, s.drain = context.WithCancel(context.Background()) //nolint:gosec // the server's shutdown calls it: see HTTP
	s.addRPC()
	return s
}

// HTTP is a server for the door with its time limits, for HTTP/1.1, for HTTP/2 over
// TLS, and for HTTP/2 in the clear by prior knowledge (RFC 9113 §3.3). Set Addr, or
// use Serve or ServeTLS. Its Shutdown ends the streams.
func (s *Server) HTTP() *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	h := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerWait,
		ReadTimeout:       patience,
		WriteTimeout:      2 * patience,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerMax,
		Protocols:         protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: streamsMax, MaxReadFrameSize: frameMax, WriteByteTimeout: patience, SendPingTimeout: pingAfter,
		},
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	h.RegisterOnShutdown(s.drain)
	return h
}
