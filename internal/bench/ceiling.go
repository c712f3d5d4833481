package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Kinds of ceiling.
const (
	KindNone = "none" // HTTP and JSON only
	KindLog  = "log"  // and balances in memory, one append and a shared fdatasync
)

const (
	headTimeout  = 10 * time.Second
	drainTimeout = 5 * time.Second
)

// ceiling makes an order durable, in its own sense, and fills in its outcome.
type ceiling interface {
	keep(*order)
	broken() <-chan error // gives the error that ended it
	close() error
}

// ServeCeiling answers POST /v1/payments on l until ctx ends, then drains and
// returns nil. Every source has plenty from the first time it is seen; the key and
// the other headers of a real request are welcome. Connections wait while the log, one
// file of 128 MiB in dir, is preallocated: the first answer says that it is ready. The
// file is removed at the end. The listener is closed in any case. Run it in a process of
// its own. Errors: an unknown kind; a directory that cannot be written or synced.
func ServeCeiling(ctx context.Context, l net.Listener, kind, dir string) error {
	defer l.Close()
	c, err := openCeiling(kind, dir)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /v1/payments", takeOrder(c))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headTimeout}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case <-ctx.Done():
	case err = <-served:
	case err = <-c.broken():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if server.Shutdown(drain) != nil {
		err = errors.Join(err, server.Close())
	}
	return errors.Join(err, c.close())
}

func openCeiling(kind, dir string) (ceiling, error) {
	switch kind {
	case KindNone:
		return echo{}, nil
	case KindLog:
		return openJournal(dir)
	}
	return nil, fmt.Errorf("bench: there is no ceiling %q: choose %s or %s", kind, KindNone, KindLog)
}

// echo is the ceiling that keeps nothing.
type echo struct{}

func (echo) keep(o *order)        { o.status, o.answer = http.StatusOK, o.receipt }
func (echo) broken() <-chan error { return nil }
func (echo) close() error         { return nil }
