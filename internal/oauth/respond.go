package oauth

import (
	"context"
	"net/url"
	"strings"
	"time"
)

// answeredFor is how long a signed answer is good: as long as the code in it. Source: JARM
// §2.1 recommends no more than ten minutes.
const answeredFor = 60 * time.Second

// respond makes the address that takes an answer to the client, signed if it asked for
// that. Source: RFC 6749 §4.1.2, RFC 9207 §2, JARM §2.
func (s *Server) respond(ctx context.Context, c *Client, p parameters, out url.Values) (string, error) {
	if p.State != "" {
		out.Set("state", p.State)
	}
	out.Set("iss", s.config.Issuer)
	if p.Mode == "jwt" || p.Mode == "query.jwt" {
		ring, err := s.keyring.get(ctx)
		if err != nil {
			return "", err
		}
		claims := map[string]any{"aud": string(c.ID), "exp": s.clock.Now().Add(answeredFor).Unix()}
		for name := range out {
			claims[name] = out.Get(name)
		}
		signed, err := ring.sign(typeJWT, claims)
		if err != nil {
			return "", err
		}
		out = url.Values{"response": {signed}}
	}
	join := "?"
	if strings.Contains(p.Redirect, "?") {
		join = "&"
	}
	return p.Redirect + join + out.Encode(), nil
}
