package oauth

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// parameters are those of an authorization request, judged. Source: RFC 6749 §4.1.1, RFC
// 7636 §4.3, RFC 9396 §2, OpenID Connect Core §3.1.2.1.
type parameters struct {
	Redirect   string   `json:"redirect_uri"`
	Scopes     []string `json:"scopes,omitempty"`
	State      string   `json:"state,omitempty"`
	Nonce      string   `json:"nonce,omitempty"`
	Challenge  string   `json:"code_challenge"`
	Mode       string   `json:"response_mode,omitempty"`
	Details    []Detail `json:"details,omitempty"`
	Thumbprint string   `json:"dpop_jkt,omitempty"`
	Prompt     []string `json:"prompt,omitempty"`
	MaxAge     *int64   `json:"max_age,omitempty"` // seconds
	Locales    []string `json:"ui_locales,omitempty"`
	ACRs       []string `json:"acr_values,omitempty"`
	LoginHint  string   `json:"login_hint,omitempty"`
}

const (
	parameterMax = 2048 // bytes of one that comes back in an address
	sumLen       = 43   // of 256 bits in base64url
)

// parameters judges a request in two steps: where an answer may go, and then the rest,
// whose refusals may go there.
func (s *Server) parameters(c *Client, in url.Values) (p parameters, f *Fail) {
	if f = p.address(c, in); f != nil {
		return p, f
	}
	return p, p.judge(s, c, in)
}

// address reads where the answer goes, and how. What it refuses is shown to the person:
// nothing is sent to an address that was not registered. Source: RFC 9700 §4.11.
func (p *parameters) address(c *Client, in url.Values) *Fail {
	p.Redirect, p.State, p.Mode = in.Get("redirect_uri"), in.Get("state"), in.Get("response_mode")
	switch {
	case in.Has("client_id") && in.Get("client_id") != string(c.ID):
		return invalid("client_id is another client's.")
	case p.Redirect == "":
		return invalid("Send redirect_uri.")
	case !c.redirects(p.Redirect):
		return invalid("redirect_uri is not registered.")
	case len(p.State) > parameterMax:
		return invalid("state is too long.")
	}
	if c.JARM {
		p.Mode = "jwt"
	}
	return nil
}

func (p *parameters) judge(s *Server, c *Client, in url.Values) *Fail {
	p.Nonce, p.Challenge, p.Thumbprint = in.Get("nonce"), in.Get("code_challenge"), in.Get("dpop_jkt")
	switch {
	case !oneOf([]string{"", "query", "jwt", "query.jwt"}, in.Get("response_mode")):
		if !c.JARM {
			p.Mode = ""
		}
		return invalid("response_mode is not supported.")
	case in.Get("response_type") == "":
		return invalid("Send response_type=code.")
	case in.Get("response_type") != "code":
		return fail("unsupported_response_type", "Send response_type=code.")
	case !c.may(CodeGrant):
		return fail("unauthorized_client", "The client is not registered for this grant.")
	case in.Get("code_challenge_method") != "S256" || !isSum(p.Challenge):
		return invalid("Send code_challenge with code_challenge_method=S256.")
	case p.Thumbprint != "" && !isSum(p.Thumbprint):
		return invalid("dpop_jkt is no thumbprint.")
	case len(p.Nonce) > parameterMax:
		return invalid("nonce is too long.")
	case in.Has("resource") && in.Get("resource") != s.audience():
		return fail("invalid_target", "The resource is not ours.")
	}
	return p.ask(s, c, in)
}

// ask reads what the client wants, and how the person is to be asked.
func (p *parameters) ask(s *Server, c *Client, in url.Values) (f *Fail) {
	if p.Scopes, f = c.scopesOf(in.Get("scope")); f != nil {
		return f
	}
	if f = c.spendable(p.Scopes, nil, &s.config); f != nil {
		return f
	}
	var err error
	if p.Details, err = c.details(in.Get("authorization_details")); err != nil {
		return failOf(err)
	}
	if len(p.Scopes) == 0 && len(p.Details) == 0 {
		return fail("invalid_scope", "Ask for a scope or for authorization_details.")
	}
	p.Prompt, p.Locales, p.ACRs = strings.Fields(in.Get("prompt")), strings.Fields(in.Get("ui_locales")), strings.Fields(in.Get("acr_values"))
	if !within(p.Prompt, []string{"none", "login", "consent", "select_account"}) || len(p.Prompt) > 1 && oneOf(p.Prompt, "none") {
		return invalid("prompt is not supported.")
	}
	if p.LoginHint = in.Get("login_hint"); len(p.LoginHint) > parameterMax || len(p.Locales) > listMax || len(p.ACRs) > listMax {
		return invalid("A parameter is too long.")
	}
	if text := in.Get("max_age"); text != "" {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return invalid("max_age must be a number of seconds.")
		}
		age := int64(n)
		p.MaxAge = &age
	}
	return nil
}

// isSum reports whether text is 256 bits in base64url.
func isSum(text string) bool {
	if len(text) != sumLen {
		return false
	}
	for _, c := range []byte(text) {
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// stale reports whether a sign-in is older than the client accepts; the second that dates
// are cut to is forgiven. Who signs in for the request, after it was opened, may read it as
// long as it lives. Source: OpenID Connect Core §3.1.2.1.
func (p *parameters) stale(authTime, opened, now time.Time) bool {
	return p.MaxAge != nil && authTime.Before(opened) && now.Sub(authTime) > time.Duration(*p.MaxAge)*time.Second+time.Second
}
