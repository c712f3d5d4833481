package oauth

import (
	"net/http"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/id"
)

const (
	accessFor  = 5 * time.Minute
	idTokenFor = 5 * time.Minute
	grantFor   = 90 * 24 * time.Hour // if the person did not say until when
)

// approval is what the tokens of a grant say; it never changes. The room that keeps the
// grant knows how much of it is spent.
type approval struct {
	Grant     id.Grant // "": a client that acts for itself
	Client    id.Client
	Merchant  id.Merchant
	Live      bool
	Person    string
	Payer     id.Payer
	Scopes    []string
	Details   []Detail
	AuthTime  time.Time
	ACR       string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// subject is who the tokens are about. Source: RFC 9068 §2.2: the client itself if
// nobody else is involved.
func (a *approval) subject() string {
	switch {
	case a.Person != "":
		return a.Person
	case a.Payer != "":
		return string(a.Payer)
	}
	return string(a.Client)
}

// binding is what a token can be used with only. Source: RFC 9449 §6, RFC 8705 §3.
type binding struct {
	Key  string `json:"jkt,omitempty"`
	Cert string `json:"x5t#S256,omitempty"`
}

// binding takes the proof's key, and the certificate if the client proves itself by one
// or shows nothing else.
func (c *call) binding() (binding, error) {
	var b binding
	if c.proof != nil {
		b.Key = c.proof.thumbprint
	} else if c.cert != nil && (c.client.Bound || c.client.tls()) {
		b.Cert = certThumbprint(c.cert)
	}
	if c.client.Bound && b == (binding{}) {
		return b, errProof
	}
	return b, nil
}

// claims are those of our access tokens. Source: RFC 9068 §2.2.
type claims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"` // a text, so that it is read as one
	Client   string   `json:"client_id"`
	Scope    string   `json:"scope,omitempty"`
	Issued   date     `json:"iat"`
	Expires  date     `json:"exp"`
	From     date     `json:"nbf,omitempty"`
	ID       string   `json:"jti"`
	Grant    string   `json:"grant_id,omitempty"`
	Merchant string   `json:"mer,omitempty"`
	Live     bool     `json:"live"`
	Person   string   `json:"person,omitempty"`
	Payer    string   `json:"payer,omitempty"`
	AuthTime date     `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	Binding  *binding `json:"cnf,omitempty"`
}

// idClaims are those of ID tokens. Source: OpenID Connect Core §2.
type idClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	Issued   date   `json:"iat"`
	Expires  date   `json:"exp"`
	AuthTime date   `json:"auth_time,omitempty"`
	ACR      string `json:"acr,omitempty"`
	Nonce    string `json:"nonce,omitempty"`
}

// tokens is the answer of the token endpoint. Source: RFC 6749 §5.1, RFC 9396 §7.
type tokens struct {
	Access  string   `json:"access_token"`
	Type    string   `json:"token_type"`
	Expires int      `json:"expires_in"` // seconds
	Scope   string   `json:"scope,omitempty"`
	Refresh string   `json:"refresh_token,omitempty"`
	ID      string   `json:"id_token,omitempty"`
	Details []Detail `json:"authorization_details,omitempty"`
}

// mint makes an access token, and an ID token where openid was granted.
func (c *call) mint(a *approval, scopes []string, b binding, nonce string) (*tokens, error) {
	if f := c.client.spendable(scopes, a.Details, &c.s.config); f != nil { // as it is registered now
		return nil, f
	}
	ring, err := c.s.keyring.get(c.ctx)
	if err != nil {
		return nil, err
	}
	until := c.now.Add(accessFor)
	if !a.ExpiresAt.IsZero() && a.ExpiresAt.Before(until) {
		until = a.ExpiresAt
	}
	access := claims{
		Issuer: c.s.config.Issuer, Subject: a.subject(), Audience: c.s.audience(), Client: string(a.Client), Scope: strings.Join(scopes, " "),
		Issued: dateOf(c.now), Expires: dateOf(until), ID: newSecret(), Grant: string(a.Grant), Merchant: string(a.Merchant), Live: a.Live,
		Person: a.Person, Payer: string(a.Payer), AuthTime: dateOf(a.AuthTime), ACR: a.ACR,
	}
	out := &tokens{Type: "Bearer", Expires: int(until.Sub(c.now).Seconds()), Scope: access.Scope, Details: a.Details}
	if b.Key != "" {
		out.Type = "DPoP"
	}
	if b != (binding{}) {
		access.Binding = &b
	}
	if out.Access, err = ring.sign(typeAccess, access); err != nil {
		return nil, err
	}
	if a.Grant == "" || !oneOf(scopes, "openid") {
		return out, nil
	}
	out.ID, err = ring.sign(typeJWT, idClaims{
		Issuer: c.s.config.Issuer, Subject: a.subject(), Audience: string(a.Client), Issued: dateOf(c.now), Expires: dateOf(c.now.Add(idTokenFor)),
		AuthTime: dateOf(a.AuthTime), ACR: a.ACR, Nonce: nonce,
	})
	return out, err
}

// dateOf is an instant in whole seconds; 0 for none.
func dateOf(t time.Time) date {
	if t.IsZero() {
		return 0
	}
	return date(t.Unix())
}

func ok(body any) *reply { return &reply{status: http.StatusOK, body: body} }
