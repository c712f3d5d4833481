package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/florinpay/florin/internal/fault"
)

var healthy = []byte(`{"status":"ok"}`)

// addHealth opens the two URLs that machines ask: is the process well, and does
// it take requests.
func (s *Server) addHealth() {
	s.router.add(&route{verb: "GET", pattern: "/healthz", porch: probe(s.Healthy)})
	s.router.add(&route{verb: "GET", pattern: "/readyz", porch: probe(s.Ready)})
}

// unwell is what a probe says of err: a fault's own code, if it is a reason to wait.
func unwell(err error) *fault.Fault {
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Kind == fault.Unavailable {
		return f
	}
	return fault.ErrUnavailable.WithCause(err)
}

func probe(ask func(context.Context) error) func(*visit) {
	return func(v *visit) {
		if ask != nil {
			if err := ask(v.ctx); err != nil {
				v.refuse(unwell(err))
				return
			}
		}
		v.send(http.StatusOK, v.door.codecs[0].answer, healthy)
	}
}
