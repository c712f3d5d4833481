package api

import (
	"net/http"
	"strings"

	"github.com/florinpay/florin/internal/fault"
)

// Beside gives the paths that begin with a segment, and that no route of the contract
// has, to another handler. It stands behind the porch: its answers have a request id and a
// deadline, are logged and counted, and a crash of it is answered. Call it before the door is used.
func (s *Server) Beside(segment string, h http.Handler) { s.beside[segment] = h }

func firstSegment(path string) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment
}

// lead hands the visit to a handler that is none of the contract's.
func (v *visit) lead(h http.Handler) {
	v.route = &route{pattern: "/" + firstSegment(v.r.URL.Path), beside: true}
	h.ServeHTTP(&witness{v.w, v}, v.r.WithContext(v.ctx))
	if v.status == 0 {
		v.status = http.StatusOK
	}
	if v.status == http.StatusInternalServerError {
		v.fault = fault.ErrInternal
	}
}

// witness notes the status that a handler gives.
type witness struct {
	http.ResponseWriter
	visit *visit
}

// WriteHeader implements [http.ResponseWriter].
func (w *witness) WriteHeader(status int) {
	if w.visit.status == 0 {
		w.visit.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *witness) Write(b []byte) (int, error) {
	if w.visit.status == 0 {
		w.visit.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] find the writer itself.
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }
