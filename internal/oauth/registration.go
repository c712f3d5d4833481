package oauth

import (
	"context"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	strict "github.com/go-jose/go-jose/v4/json"

	"github.com/florinpay/florin/internal/id"
)

// registered is a client's metadata on the wire. What else is sent is ignored. Source: RFC
// 7591 §2, RFC 8705 §2.1.2, RFC 9126 §6, RFC 9449 §5.2, RFC 9101 §10.5, RFC 9396 §10, JARM §3.
type registered struct {
	Name            string          `json:"client_name,omitempty"`
	Auth            Auth            `json:"token_endpoint_auth_method,omitempty"`
	Grants          []string        `json:"grant_types,omitempty"`
	Responses       []string        `json:"response_types,omitempty"`
	Redirects       []string        `json:"redirect_uris,omitempty"`
	LogoutRedirects []string        `json:"post_logout_redirect_uris,omitempty"`
	Origins         []string        `json:"allowed_origins,omitempty"`
	Scope           string          `json:"scope,omitempty"`
	Keys            json.RawMessage `json:"jwks,omitempty"`
	KeysURI         string          `json:"jwks_uri,omitempty"`
	Subject         string          `json:"tls_client_auth_subject_dn,omitempty"`
	DetailTypes     []string        `json:"authorization_details_types,omitempty"`
	Application     string          `json:"application_type,omitempty"`
	Push            bool            `json:"require_pushed_authorization_requests,omitempty"`
	BoundKey        bool            `json:"dpop_bound_access_tokens,omitempty"`
	BoundCert       bool            `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	Signed          bool            `json:"require_signed_request_object,omitempty"`
	AnswerAlg       string          `json:"authorization_signed_response_alg,omitempty"`
	IDTokenAlg      string          `json:"id_token_signed_response_alg,omitempty"`
}

// draft turns metadata into what a client is registered with. Pushed requests, bound
// tokens and a strong way to prove oneself together are the FAPI 2.0 profile.
func (m *registered) draft() (d Draft, f *Fail) {
	d = Draft{
		Name: m.Name, Auth: m.Auth, Keys: string(m.Keys), Subject: m.Subject, Redirects: m.Redirects, LogoutRedirects: m.LogoutRedirects,
		Origins: m.Origins, Grants: m.Grants, DetailTypes: m.DetailTypes, Native: m.Application == "native", FAPI: m.Push,
		SignedRequests: m.Signed, JARM: m.AnswerAlg != "", Bound: m.BoundKey || m.BoundCert,
	}
	if d.Auth == "" {
		d.Auth = SecretBasic
	}
	if d.Grants == nil {
		d.Grants = []string{CodeGrant}
	}
	var readable bool
	d.Scopes, readable = parseScopes(m.Scope)
	switch {
	case !readable:
		return d, metadataFail("scope cannot be read.")
	case m.KeysURI != "":
		return d, metadataFail("Send the keys in jwks: this server fetches nothing.")
	case m.AnswerAlg != "" && m.AnswerAlg != "ES256", m.IDTokenAlg != "" && m.IDTokenAlg != "ES256":
		return d, metadataFail("This server signs with ES256.")
	case m.Application != "" && m.Application != "web" && m.Application != "native":
		return d, metadataFail("application_type must be web or native.")
	case !within(m.Responses, []string{"code"}):
		return d, metadataFail("response_types must be code.")
	case m.Push && !d.Bound:
		return d, metadataFail("require_pushed_authorization_requests is the FAPI 2.0 profile here: it goes with dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens.")
	}
	return d, nil
}

// answered is metadata as it was registered, with what only we know. Source: RFC 7591
// §3.2.1, RFC 7592 §3.
type answered struct {
	registered
	ID       id.Client `json:"client_id"`
	Issued   int64     `json:"client_id_issued_at"`
	Secret   string    `json:"client_secret,omitempty"`
	Expires  *int64    `json:"client_secret_expires_at,omitempty"`
	Token    string    `json:"registration_access_token,omitempty"`
	Location string    `json:"registration_client_uri"`
}

// Registered is what a client is told of its registration: its metadata on the wire,
// with the secrets that are given. Source: RFC 7591 §3.2.1, RFC 7592 §3.
func (s *Server) Registered(c Client, secret, registration string) any {
	return s.answered(c, secret, registration)
}

func (s *Server) answered(c Client, secret, token string) answered {
	a := answered{ID: c.ID, Issued: c.CreatedAt.Unix(), Secret: secret, Token: token, Location: s.config.Issuer + pathRegister + "/" + string(c.ID)}
	a.registered = registered{
		Name: c.Name, Auth: c.Auth, Grants: c.Grants, Redirects: c.Redirects, LogoutRedirects: c.LogoutRedirects, Origins: c.Origins,
		Scope: strings.Join(c.Scopes, " "), Keys: json.RawMessage(c.Keys), Subject: c.Subject, DetailTypes: c.DetailTypes, Application: "web",
		Push: c.FAPI, BoundKey: c.Bound && !c.tls(), BoundCert: c.Bound && c.tls(), Signed: c.SignedRequests,
	}
	if c.Native {
		a.Application = "native"
	}
	if c.JARM {
		a.AnswerAlg = "ES256"
	}
	if oneOf(c.Grants, CodeGrant) {
		a.Responses = []string{"code"}
	}
	if secret != "" {
		never := int64(0)
		a.Expires = &never
	}
	return a
}

// Invitation is what an initial token lets its holder register: one client, and how much
// it may ever be able to do. Who makes one must be allowed to do all of that.
type Invitation struct {
	Merchant id.Merchant // whom the client will belong to; "": nobody
	Owner    string      // the person in whose name
	Live     bool
	Scopes   []string // at most
	Own      bool     // the client may act for the merchant by itself (client_credentials)
}

// InitialToken makes a token with which one client can be registered, within an hour at
// most. Errors: those of the database. Source: RFC 7591 §3.
func (s *Server) InitialToken(ctx context.Context, i Invitation, ttl time.Duration) (string, error) {
	ring, err := s.keyring.get(ctx)
	if err != nil {
		return "", err
	}
	now := s.clock.Now()
	return ring.sign(typeInitial, initialClaims{
		Issuer: s.config.Issuer, Audience: s.config.Issuer, ID: newSecret(), Issued: dateOf(now), Expires: dateOf(now.Add(min(ttl, initialMax))),
		Merchant: i.Merchant, Owner: i.Owner, Live: i.Live, Scope: strings.Join(i.Scopes, " "), Own: i.Own,
	})
}

// initialMax keeps an initial token from outliving the key that signed it.
const initialMax = time.Hour

type initialClaims struct {
	Issuer   string      `json:"iss"`
	Audience string      `json:"aud"`
	ID       string      `json:"jti"`
	Issued   date        `json:"iat"`
	Expires  date        `json:"exp"`
	Merchant id.Merchant `json:"mer"`
	Owner    string      `json:"owner"`
	Live     bool        `json:"live"`
	Scope    string      `json:"scope"`
	Own      bool        `json:"own"`
}

// registration serves one verb of the registration endpoints.
func (s *Server) registration(run func(ctx context.Context, r *http.Request, token string) (*reply, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), callFor)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, formBytesMax)
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		var out *reply
		err := error(errRegistration)
		if strings.EqualFold(scheme, "Bearer") {
			out, err = run(ctx, r, token)
		}
		if err != nil {
			f := failOf(err)
			if f.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", f.Challenge("Bearer"))
			}
			if f.Status >= http.StatusInternalServerError {
				s.log.Error("oauth: registration failed", "error", err)
			}
			f.write(w)
			return
		}
		answer(w, out.status, out.body)
	}
}

// errOwnGrant: a client that people must allow everything cannot make itself one that
// nobody is asked about.
var errOwnGrant = metadataFail("The client may not act for itself.")

var errRegistration = fail("invalid_token", "The token for registration is invalid, expired or used.")

// metadataOf reads the body of a registration.
func metadataOf(r *http.Request) (m registered, client string, f *Fail) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		f = metadataFail("Send a body of type application/json.")
		f.Status = http.StatusUnsupportedMediaType
		return m, "", f
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return m, "", metadataFail("The body is larger than 64 KiB or broken.")
	}
	var own struct {
		ID string `json:"client_id"`
	}
	if strict.Unmarshal(text, &m) != nil || strict.Unmarshal(text, &own) != nil {
		return m, "", metadataFail("The body cannot be read, or a member comes twice.")
	}
	return m, own.ID, nil
}

// enrol registers a client for whoever holds an initial token. Source: RFC 7591 §3.1.
func (s *Server) enrol(ctx context.Context, r *http.Request, token string) (*reply, error) {
	ring, err := s.keyring.get(ctx)
	if err != nil {
		return nil, err
	}
	var c initialClaims
	now := s.clock.Now()
	if len(token) > tokenMax || verify(token, ring.own(now), []string{typeInitial}, &c) != nil || c.Issuer != s.config.Issuer || c.Audience != s.config.Issuer || !c.Expires.time().After(now) {
		return nil, errRegistration
	}
	m, _, f := metadataOf(r)
	if f != nil {
		return nil, f
	}
	d, f := m.draft()
	if f != nil {
		return nil, f
	}
	d.Merchant, d.Owner, d.Live, d.ScopesMax = c.Merchant, c.Owner, c.Live, append([]string{}, strings.Fields(c.Scope)...)
	if !c.Own && oneOf(d.Grants, OwnGrant) {
		return nil, errOwnGrant
	}
	client, secret, registration, err := s.register(ctx, d, spends{newName(kindInitial, "", c.ID, c.Expires.time(), errRegistration)})
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusCreated, body: s.answered(client, secret, registration)}, nil
}

// held finds the client of a registration token. All refusals are the same. Source: RFC
// 7592 §2.
func (s *Server) held(ctx context.Context, r *http.Request, token string) (Client, error) {
	c, found, err := s.clientByID(ctx, id.Client(r.PathValue("client")))
	if err != nil {
		return c, err
	}
	if !equal(digest(token), c.registrationHash) || !found || c.State != Active {
		return c, errRegistration
	}
	return c, nil
}

func (s *Server) readRegistration(ctx context.Context, r *http.Request, token string) (*reply, error) {
	c, err := s.held(ctx, r, token)
	return ok(s.answered(c, "", token)), err
}

func (s *Server) changeRegistration(ctx context.Context, r *http.Request, token string) (*reply, error) {
	c, err := s.held(ctx, r, token)
	if err != nil {
		return nil, err
	}
	m, client, f := metadataOf(r)
	if f != nil {
		return nil, f
	}
	if client != string(c.ID) {
		return nil, metadataFail("client_id must be the client's.")
	}
	d, f := m.draft()
	if f != nil {
		return nil, f
	}
	if oneOf(d.Grants, OwnGrant) && !c.may(OwnGrant) {
		return nil, errOwnGrant
	}
	c, err = s.Change(ctx, c.ID, d)
	return ok(s.answered(c, "", token)), err
}

func (s *Server) deleteRegistration(ctx context.Context, r *http.Request, token string) (*reply, error) {
	c, err := s.held(ctx, r, token)
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusNoContent}, s.Delete(ctx, c.ID)
}
