package oauth

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// userinfo is a resource like any other: a token opens it. Source: OpenID Connect Core §5.3.
func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), callFor)
	defer cancel()
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	a, err := s.verifier.Check(ctx, r, token, scheme)
	if err == nil && !a.Has("openid") {
		err = fail("insufficient_scope", "The token was not given for openid.")
	}
	if n, failed := s.Nonce(ctx); failed == nil && !strings.EqualFold(scheme, "Bearer") {
		w.Header().Set("DPoP-Nonce", n)
	}
	if c, found, failed := s.active(ctx, a.Client); failed == nil && found {
		s.allow(w, r, slices.Contains(c.Origins, r.Header.Get("Origin")))
	} else {
		s.allow(w, r, s.originKnown(ctx, r))
	}
	out := map[string]any{}
	if err == nil && s.config.Profile != nil && a.Person != "" {
		var more map[string]any
		more, err = s.config.Profile(ctx, a.Person, a.Scopes)
		maps.Copy(out, more)
	}
	if err != nil {
		f := failOf(err)
		if f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden {
			w.Header().Set("WWW-Authenticate", f.Challenge(scheme))
		}
		f.write(w)
		return
	}
	out["sub"] = a.Subject
	answer(w, http.StatusOK, out)
}
