package oauth

import (
	"net/url"
	"strings"
	"time"

	strict "github.com/go-jose/go-jose/v4/json"
)

const (
	objectMax    = 32 << 10
	objectAgeMax = 60 * time.Minute // between nbf, now and exp. Source: FAPI 2.0 MS §5.3.1
)

var errObject = fail("invalid_request_object", "The request object cannot be accepted.")

// object turns a signed request into its parameters; id is its own name, if it has one.
// What stands beside it counts for nothing. Source: RFC 9101 §4, §6; FAPI 2.0 MS §5.3.1.
func (s *Server) object(c *Client, text string, now time.Time) (in url.Values, name *name, f *Fail) {
	if len(text) > objectMax {
		return nil, nil, errObject
	}
	var members map[string]strict.RawMessage
	var std assertion
	if verify(text, among(c.keys), []string{"oauth-authz-req+jwt"}, &members, &std) != nil {
		return nil, nil, errObject
	}
	from, until := std.From.time(), std.Expires.time()
	switch {
	case std.Issuer != string(c.ID), std.Audience != s.config.Issuer, std.Subject != "", std.From == 0,
		from.Before(now.Add(-objectAgeMax)), std.From.early(now), std.Issued.early(now), !until.After(now), until.After(from.Add(objectAgeMax)),
		members["request"] != nil, members["request_uri"] != nil:
		return nil, nil, errObject
	}
	in = url.Values{}
	for member, raw := range members {
		value, ok := parameterOf(member, raw)
		if !ok {
			return nil, nil, errObject
		}
		if value != "" {
			in.Set(member, value)
		}
	}
	if std.ID == "" {
		return in, nil, nil
	}
	n := newName(kindObject, string(c.ID), std.ID, until, errObject)
	return in, &n, nil
}

// parameterOf is a member as a form would hold it. authorization_details stays the JSON
// that it is; it is never read into a float on the way.
func parameterOf(member string, raw []byte) (string, bool) {
	var text string
	switch {
	case strict.Unmarshal(raw, &text) == nil && raw[0] == '"':
		return text, !strings.ContainsRune(text, 0)
	case member == "authorization_details":
		return string(raw), true
	case member == "max_age" && raw[0] >= '0' && raw[0] <= '9':
		return string(raw), true
	case oneOf([]string{"exp", "nbf", "iat"}, member):
		return "", true
	}
	// Of those that we read, all others must be texts; those that we do not are ignored.
	return "", !oneOf([]string{
		"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge", "code_challenge_method",
		"dpop_jkt", "prompt", "max_age", "ui_locales", "acr_values", "login_hint", "resource",
	}, member)
}
