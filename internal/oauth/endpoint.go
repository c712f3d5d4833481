package oauth

import (
	"context"
	"net/http"
	"slices"

	"github.com/florinpay/florin/internal/id"
)

// Handler serves the protocol's endpoints. The pages of [AuthorizePath], [LogoutPath] and
// [DevicePath] are not among them.
func (s *Server) Handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET "+pathOpenID, s.serveMetadata)
	m.HandleFunc("GET "+pathServer, s.serveMetadata)
	m.HandleFunc("GET "+pathKeys, s.serveKeys)
	for path, run := range map[string]endpoint{
		pathPush: s.push, pathToken: s.token, pathIntrospect: s.introspect, pathRevoke: s.revoke, pathDevice: s.startDevice,
	} {
		m.HandleFunc("POST "+path, s.serve(path, run))
	}
	m.HandleFunc("GET "+pathUserinfo, s.userinfo)
	m.HandleFunc("POST "+pathUserinfo, s.userinfo)
	m.HandleFunc("POST "+pathRegister, s.registration(s.enrol))
	m.HandleFunc("GET "+pathRegister+"/{client}", s.registration(s.readRegistration))
	m.HandleFunc("PUT "+pathRegister+"/{client}", s.registration(s.changeRegistration))
	m.HandleFunc("DELETE "+pathRegister+"/{client}", s.registration(s.deleteRegistration))
	for _, path := range forBrowsers {
		m.HandleFunc("OPTIONS "+path, s.preflight)
	}
	return m
}

// forBrowsers are the endpoints that a client inside a web page needs. The authorization
// endpoint is never among them. Source: RFC 9700 §2.6.
var forBrowsers = []string{pathPush, pathToken, pathRevoke, pathDevice, pathUserinfo}

// originKnown reports whether any client registered where the request comes from.
func (s *Server) originKnown(ctx context.Context, r *http.Request) bool {
	from := r.Header.Get("Origin")
	if from == "" {
		return false
	}
	all, err := s.allowed.get(ctx, everywhere)
	return err == nil && all[from]
}

// OriginOf reports whether a client has registered pages of that origin.
func (s *Server) OriginOf(ctx context.Context, client id.Client, origin string) bool {
	c, err := s.Client(ctx, client)
	return err == nil && slices.Contains(c.Origins, origin)
}

// allow lets a page of that origin read the answer, or not.
func (s *Server) allow(w http.ResponseWriter, r *http.Request, may bool) {
	if !oneOf(forBrowsers, r.URL.Path) {
		return
	}
	w.Header().Add("Vary", "Origin")
	if from := r.Header.Get("Origin"); may && from != "" {
		w.Header().Set("Access-Control-Allow-Origin", from)
		w.Header().Set("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate")
	}
}

// preflight answers a browser's question. Who the client is, only the call itself says, so
// any client's origin will do here.
func (s *Server) preflight(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), callFor)
	defer cancel()
	if may := s.originKnown(ctx, r); may {
		s.allow(w, r, true)
		w.Header().Set("Access-Control-Allow-Methods", "POST, GET")
		w.Header().Set("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP")
		w.Header().Set("Access-Control-Max-Age", "600")
	} else {
		s.allow(w, r, false)
	}
	w.WriteHeader(http.StatusNoContent)
}
