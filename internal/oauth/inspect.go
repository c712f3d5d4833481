package oauth

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-jose/go-jose/v4/json"
)

// Inspect explains a token in words: what it is, who it is for, what it may, until when,
// what it is bound to, and whether it would be accepted now, or why not. The token itself
// is not repeated. Without a server behind it (a nil Verifier) it says what stands in the
// token and that nothing was checked.
func (v *Verifier) Inspect(ctx context.Context, token string, now time.Time) []string {
	token = strings.TrimSpace(token)
	o, err := jose.ParseSignedCompact(token, append([]jose.SignatureAlgorithm{jose.HS256, jose.RS256, jose.ES384, jose.ES512, jose.PS384, jose.PS512}, algs...))
	if err != nil || len(o.Signatures) != 1 {
		return []string{"This is no signed token (JWT): a refresh token, a code and an API key can be looked up by the server only."}
	}
	h := o.Signatures[0].Protected
	var c claims
	if strict.Unmarshal(o.UnsafePayloadWithoutVerification(), &c) != nil {
		return []string{"The claims cannot be read: it is none of our access tokens, or its aud is a list."}
	}
	kind := typeOf(h)
	out := []string{
		fmt.Sprintf("Type: %s, signed with %s by the key %s.", orNothing(kind), h.Algorithm, orNothing(h.KeyID)),
		fmt.Sprintf("From %s, for %s.", orNothing(c.Issuer), orNothing(c.Audience)),
	}
	if kind == typeAccess {
		out = append(out, c.words()...)
	}
	out = append(out, c.span(now)...)
	if v == nil {
		return append(out, "Nothing was checked: there is no server to ask.")
	}
	return append(out, v.verdict(ctx, token, kind, h, c, now))
}

func orNothing(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return s
}

// words say who may do what.
func (c *claims) words() []string {
	mode := "sandbox"
	if c.Live {
		mode = "live"
	}
	out := []string{fmt.Sprintf("The client %s acts for %s, in %s mode.", orNothing(c.Client), orNothing(c.Subject), mode)}
	if c.Subject == c.Client {
		out[0] = fmt.Sprintf("The client %s acts for itself, in %s mode.", orNothing(c.Client), mode)
	}
	if c.Merchant != "" {
		out = append(out, "It reaches the objects of "+c.Merchant+".")
	}
	if c.Payer != "" {
		out = append(out, "It is about the money of "+c.Payer+".")
	}
	out = append(out, "It may: "+orNothing(c.Scope)+".")
	if c.Grant != "" {
		out = append(out, "Its limits are those of "+c.Grant+".")
	}
	switch {
	case c.Binding == nil:
		out = append(out, "Whoever has it can use it: it is bound to nothing.")
	case c.Binding.Key != "":
		out = append(out, "It is bound to the key with the thumbprint "+c.Binding.Key+".")
	default:
		out = append(out, "It is bound to the certificate with the SHA-256 "+c.Binding.Cert+".")
	}
	return out
}

func (c *claims) span(now time.Time) []string {
	const form = "2006-01-02 15:04:05 MST"
	if c.Expires == 0 {
		return []string{"It does not say until when it is good."}
	}
	left := c.Expires.time().Sub(now).Truncate(time.Second)
	if left <= 0 {
		return []string{fmt.Sprintf("It was good until %s.", c.Expires.time().Format(form))}
	}
	return []string{fmt.Sprintf("It is good until %s, %s more.", c.Expires.time().Format(form), left)}
}

// verdict says whether a door would take the token, or the first reason why not.
func (v *Verifier) verdict(ctx context.Context, token, kind string, h jose.Header, c claims, now time.Time) string {
	ring, err := v.s.keyring.get(ctx)
	if err != nil {
		return "Whether it is accepted is not known: the server's keys cannot be read."
	}
	key := ring.own(now)(h)
	switch {
	case kind != typeAccess:
		return "Refused: it is no access token."
	case !oneOf(algNames, h.Algorithm):
		return "Refused: its algorithm is not accepted."
	case key == nil:
		return "Refused: the key is none of this server's, or was retired."
	case verify(token, func(jose.Header) *jose.JSONWebKey { return key }, []string{typeAccess}, &claims{}) != nil:
		return "Refused: the signature does not fit. It was changed or made by somebody else."
	case c.Issuer != v.s.config.Issuer:
		return "Refused: it is from another server."
	case c.Audience != v.s.audience():
		return "Refused: it is for another service."
	case !c.Expires.time().After(now):
		return "Refused: it has expired."
	}
	t, err := v.open(ctx, token, now)
	if err == nil {
		err = v.alive(ctx, t)
	}
	if _, refusal := err.(*Fail); refusal { //nolint:errorlint // a refusal is never wrapped
		return "Refused: its client was stopped, or its grant or the token itself was revoked."
	}
	if err != nil {
		return "Whether it is accepted is not known: the database did not answer."
	}
	if c.Binding != nil {
		return "Accepted, from whoever proves to have what it is bound to."
	}
	return "Accepted."
}
