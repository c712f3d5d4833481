package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/florinpay/florin/internal/api"
	"github.com/florinpay/florin/internal/apikey"
)

// drainFor bounds a graceful stop: what is under way ends, nothing new begins. With what
// follows it a stop takes 30 s at most.
const drainFor = 25 * time.Second

// server is a house with its doors open.
type server struct {
	house    *house
	http     *http.Server
	door     *api.Server
	mtls     *http.Server // where clients present certificates; nil: nowhere
	ops      *http.Server
	url      string
	opsURL   string
	draining atomic.Bool
	work     sync.WaitGroup

	stopJobs, stopCourier, stopNotes context.CancelFunc
	failed                           chan error
}

// errDraining makes /readyz say no while the server stops.
var errDraining = errors.New("the server is stopping")

// doors say where a server listens, and how.
type doors struct {
	listen, ops string
	keys        *keyring // nil: plain HTTP
	strict      bool     // callers shall never again come without TLS

	issuer issuerSource
	local  bool // without an issuer, it is this machine's: a sandbox's
	share  apikey.Share
}

// start opens the doors. It returns once requests are served.
func start(ctx context.Context, h *house, d doors) (_ *server, err error) {
	s := &server{house: h, failed: make(chan error, 3)}
	front, err := bind(ctx, d.listen)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, front.Close())
		}
	}()
	s.url = d.scheme() + front.Addr().String()
	var aliases []string
	if d.local { // nobody configures a sandbox's name: it has that of its address, too
		aliases = append(aliases, s.url)
		d.issuer.Issuer = cmp.Or(d.issuer.Issuer, localIssuer(d.scheme(), front))
	}
	h.sandbox = d.local
	if err := h.welcome(ctx, d.issuer, aliases...); err != nil {
		return nil, err
	}
	meters := newMeters(h)
	door := h.door(api.Config{
		Healthy: func(context.Context) error { return nil }, // the process answers
		Ready:   s.ready,
		Observe: meters.visited, ClientShare: d.share,
	})
	shown, err := pages(door.Describe(version()), door.DescribeEvents(version(), h.issuer))
	if err != nil {
		return nil, fmt.Errorf("gather the pages: %w", err)
	}
	door.Show(shown...)
	s.http, s.door = door.HTTP(), door
	s.http.Handler = trace(door)
	if d.keys != nil {
		s.http.TLSConfig = d.keys.config
		if d.strict {
			s.http.Handler = strict(s.http.Handler)
		}
	}
	s.ops = &http.Server{Handler: meters.handler(), ReadHeaderTimeout: 5 * time.Second}
	back, err := bind(ctx, d.ops)
	if err != nil {
		return nil, err
	}
	if err := s.openMTLS(ctx, d); err != nil {
		return nil, errors.Join(err, back.Close())
	}
	s.opsURL = "http://" + back.Addr().String()
	s.serve(s.ops, back)
	s.serve(s.http, front)
	if d.keys != nil && d.keys.fetch != nil {
		go d.keys.fetch() // may take minutes; nothing waits for it
	}
	s.stopJobs = s.beside(ctx, h.jobs.Run)
	s.stopCourier = s.beside(ctx, h.webhooks.NewCourier().Run)
	s.stopNotes = s.beside(ctx, h.tend)
	return s, h.scheduleSweep(ctx)
}

// tend does the rooms' own work beside the doors, until ctx ends.
func (h *house) tend(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	all.Go(func() { _ = h.keys.Run(ctx) }) // last-used times are worth no failure
	if h.oauth != nil {
		all.Go(func() { _ = h.oauth.Run(ctx) }) // it logs what it could not do
		all.Go(func() { h.persons.Run(ctx) })
	}
}

// scheme is what the addresses of the API begin with.
func (d doors) scheme() string {
	if d.keys != nil {
		return "https://"
	}
	return "http://"
}

// openMTLS opens the door where clients present certificates. Any is taken in the
// handshake; whose it is, the authorization server says. Source: RFC 8705 §2.
func (s *server) openMTLS(ctx context.Context, d doors) error {
	if d.issuer.MTLSListen == "" {
		return nil
	}
	l, err := bind(ctx, d.issuer.MTLSListen)
	if err != nil {
		return err
	}
	s.mtls = &http.Server{
		Handler: s.http.Handler, ReadHeaderTimeout: s.http.ReadHeaderTimeout, ReadTimeout: s.http.ReadTimeout, WriteTimeout: s.http.WriteTimeout,
		IdleTimeout: s.http.IdleTimeout, MaxHeaderBytes: s.http.MaxHeaderBytes, Protocols: s.http.Protocols, HTTP2: s.http.HTTP2,
		ErrorLog: s.http.ErrorLog, TLSConfig: d.keys.config.Clone(),
	}
	s.mtls.TLSConfig.ClientAuth = tls.RequestClientCert
	s.serve(s.mtls, l)
	return nil
}

// beside runs work beside the doors until stop is called.
func (s *server) beside(ctx context.Context, work func(context.Context)) (stop context.CancelFunc) {
	ctx, stop = context.WithCancel(context.WithoutCancel(ctx))
	s.work.Go(func() { work(ctx) })
	return stop
}

// stayStrict tells callers to use TLS for two years. Source: RFC 6797 §6.1.
var stayStrict = []string{"max-age=63072000"}

func strict(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Strict-Transport-Security"] = stayStrict
		next.ServeHTTP(w, r)
	})
}

func (s *server) ready(ctx context.Context) error {
	if s.draining.Load() {
		return errDraining
	}
	if err := s.house.db.Healthy(ctx); err != nil {
		return err
	}
	return s.house.vault.Ready(ctx)
}

func bind(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w. Is another server running there? Choose another address with --listen or --ops", address, err)
	}
	return l, nil
}

func (s *server) serve(h *http.Server, l net.Listener) {
	serve := h.Serve
	if h.TLSConfig != nil {
		serve = func(l net.Listener) error { return h.ServeTLS(l, "", "") }
	}
	go func() {
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	}()
}

// wait serves until ctx ends, then drains: requests under way end, jobs under way
// end, and only then the rooms close. Nothing that was acknowledged is lost either
// way; draining spares callers a retry.
func (s *server) wait(ctx context.Context) error {
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-s.failed:
	}
	return errors.Join(failure, s.stop())
}

func (s *server) stop() error {
	s.draining.Store(true)
	s.stopCourier()
	s.stopJobs() // they may take as long as requests: both end at once
	ctx, cancel := context.WithTimeout(context.Background(), drainFor)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if s.mtls != nil {
		err = errors.Join(err, s.mtls.Shutdown(ctx))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		// Clients that have not sent their requests to the end, or do not read their answers.
		// They have been told nothing, so nothing that they were told is lost.
		s.house.log.Warn("connections that did not end are closed", "after", drainFor.String())
		err = s.http.Close()
		if s.mtls != nil {
			err = errors.Join(err, s.mtls.Close())
		}
	}
	s.door.Wait(ctx)
	s.stopNotes()
	s.work.Wait()
	return errors.Join(err, s.ops.Close(), s.house.close())
}
