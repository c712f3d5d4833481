package oauth

import (
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
)

// Auth is how a client proves who it is. Source: RFC 7591 §2, RFC 8705 §2.
type Auth string

// The ways that there are. Public clients prove nothing: what they get is held to a
// challenge, a key or both.
const (
	PrivateKeyJWT Auth = "private_key_jwt"
	TLSSubject    Auth = "tls_client_auth"
	TLSOwnKey     Auth = "self_signed_tls_client_auth"
	SecretBasic   Auth = "client_secret_basic"
	Public        Auth = "none"
)

// Grants that a client may be registered for, as grant_type names them.
const (
	CodeGrant    = "authorization_code"
	RefreshGrant = "refresh_token"
	OwnGrant     = "client_credentials"
	DeviceGrant  = "urn:ietf:params:oauth:grant-type:device_code"
)

// State is whether a client may do anything: active ⇄ suspended → deleted.
type State string

// The states of a client.
const (
	Active    State = "active"
	Suspended State = "suspended"
	Deleted   State = "deleted"
)

// Draft is what a client is registered with.
type Draft struct {
	Merchant id.Merchant // whom it belongs to, and for whom it acts by itself
	Owner    string      // the person who registered it
	Live     bool
	Name     string

	Auth            Auth
	Keys            string   // JWK Set for PrivateKeyJWT, TLSOwnKey and signed requests
	Subject         string   // of the certificate, as RFC 4514 writes it, for TLSSubject
	Redirects       []string // compared letter by letter
	LogoutRedirects []string
	Origins         []string // from which a browser may call
	Grants          []string
	Scopes          []string
	ScopesMax       []string // that the client may give itself by its registration token; nil: Scopes
	DetailTypes     []string // of authorization_details
	Native          bool     // an app on a person's device: loopback addresses, any port

	FAPI           bool // FAPI 2.0: pushed requests, keys or certificates, bound tokens
	SignedRequests bool // FAPI Message Signing: requests are signed objects
	JARM           bool // FAPI Message Signing: answers are signed
	Bound          bool // tokens are always bound to a key or a certificate; FAPI implies it
}

// Client is a registered client.
type Client struct {
	ID        id.Client
	CreatedAt time.Time
	State     State
	Draft

	secretHash       string
	registrationHash string // of the token that may change the registration
	keys             *jose.JSONWebKeySet
}

// may reports whether a client was registered for a grant type.
func (c *Client) may(grant string) bool { return oneOf(c.Grants, grant) }

// public reports whether a client cannot keep a secret.
func (c *Client) public() bool { return c.Auth == Public }

// tls reports whether a client proves itself by certificate.
func (c *Client) tls() bool { return c.Auth == TLSOwnKey || c.Auth == TLSSubject }

// scopes reads a scope parameter: names that the client was registered for, each once.
// Source: RFC 6749 §3.3.
func (c *Client) scopesOf(text string) ([]string, *Fail) {
	list, ok := parseScopes(text)
	if !ok {
		return nil, fail("invalid_scope", "The scopes cannot be read.")
	}
	for _, s := range list {
		if !oneOf(c.Scopes, s) {
			return nil, fail("invalid_scope", "A scope is unknown or not the client's.")
		}
	}
	return list, nil
}

// parseScopes splits names with one space between. Source: RFC 6749 appendix A.4.
func parseScopes(text string) (list []string, ok bool) {
	if text == "" {
		return nil, true
	}
	start := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] != ' ' {
			if c := text[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
				return nil, false
			}
			continue
		}
		s := text[start:i]
		if s == "" || oneOf(list, s) {
			return nil, false
		}
		list, start = append(list, s), i+1
	}
	return list, true
}

// Page is the part of a list that is asked for.
type Page = db.Page
