package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"

	"github.com/florinpay/florin/internal/api"
	"github.com/florinpay/florin/internal/apikey"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/web"
)

// issuerSource says under which address persons and clients know a server.
type issuerSource struct {
	Issuer     string `help:"Public address of the server, such as https://pay.example. It opens sign-in, consent and OAuth there; passkeys belong to its name, tokens name it." placeholder:"URL" env:"FLORIN_ISSUER"`
	MTLSListen string `help:"Address where clients present certificates (RFC 8705)." name:"mtls-listen" placeholder:"ADDRESS" env:"FLORIN_MTLS_LISTEN"`
	MTLSURL    string `help:"How clients reach it, such as https://mtls.pay.example." name:"mtls-url" placeholder:"URL" env:"FLORIN_MTLS_URL"`
	ClientCA   string `help:"Certificates in PEM of who may vouch for clients' certificates. Without it clients register their own keys." name:"client-ca" placeholder:"FILE" type:"path" env:"FLORIN_CLIENT_CA"`
}

// check refuses what cannot be served.
func (c issuerSource) check(secured bool) error {
	switch {
	case c.Issuer == "" && (c.MTLSListen != "" || c.ClientCA != ""):
		return errors.New("--mtls-listen and --client-ca belong to OAuth, which needs --issuer")
	case (c.MTLSListen == "") != (c.MTLSURL == ""):
		return errors.New("--mtls-listen says where clients present certificates, --mtls-url how they reach it: give both")
	case c.MTLSListen != "" && !secured:
		return errors.New("--mtls-listen needs the server's own certificate: clients present theirs in a TLS handshake that ends here")
	}
	return nil
}

// authorities reads who may vouch for clients; nil for nobody.
func (c issuerSource) authorities() (*x509.CertPool, error) {
	if c.ClientCA == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("read --client-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--client-ca %s has no certificate in PEM", c.ClientCA)
	}
	return pool, nil
}

// Scopes that persons can give to clients: what concerns them, and what API keys have but
// the power over keys and over other merchants' books.
func clientScopes() []string {
	return append([]string{"email", "profile"}, slices.DeleteFunc(apikey.AllScopes().List(), func(s string) bool {
		return slices.Contains([]string{"keys:read", "keys:write", "ledger:read_all", "sandbox:write"}, s)
	})...)
}

// moneyScopes move money, or make somebody the payer whose money it is: live, they are for FAPI clients only.
var moneyScopes = []string{"cards:write", "disputes:write", "payers:write", "payments:write", "refunds:write", "wallets:write"}

const platformName = "Florin"

// welcome opens the rooms of persons and clients under an issuer; "" leaves them closed.
func (h *house) welcome(ctx context.Context, c issuerSource, aliases ...string) error {
	if c.Issuer == "" {
		return nil
	}
	address, err := url.Parse(c.Issuer)
	if err != nil {
		return fmt.Errorf("--issuer: %w", err)
	}
	pool, err := c.authorities()
	if err != nil {
		return err
	}
	h.persons, err = identity.New(identity.Config{
		DB: h.db, Clock: h.clock, Sealer: h.vault.Secrets(), RPID: address.Hostname(), Origins: []string{c.Issuer}, Name: platformName,
	})
	if err != nil {
		return fmt.Errorf("--issuer %s: %w", c.Issuer, err)
	}
	h.oauth, err = oauth.Open(ctx, h.db, h.clock, h.vault.Secrets(), h.grants, oauth.Config{
		Issuer: c.Issuer, Aliases: aliases, MTLS: c.MTLSURL, ClientCAs: pool, Scopes: clientScopes(), MoneyScopes: moneyScopes,
		ACRs:    []string{string(identity.ByPassword), string(identity.ByTwo), string(identity.ByPasskey)},
		Locales: []string{string(identity.English), string(identity.Chinese)},
		Profile: h.profile, Stands: h.stands, Log: h.log,
	})
	if err != nil {
		return fmt.Errorf("--issuer %s: %w", c.Issuer, err)
	}
	h.site, err = web.New(web.Config{
		Identity: h.persons, OAuth: h.oauth, Grants: h.grants, Merchants: h.merchants, Webhooks: h.webhooks, Clock: h.clock, Origin: c.Issuer, Name: platformName, Sandbox: h.sandbox, Log: h.log,
	})
	h.issuer = c.Issuer
	return err
}

// signStatement is how statements are signed: by the issuer's key, or without one not at all.
func (h *house) signStatement() api.SignStatement {
	if h.oauth == nil {
		return nil
	}
	return h.oauth.SignStatement
}

// openBeside puts the authorization server and the pages beside the API.
func (h *house) openBeside(door *api.Server) {
	protocol := h.oauth.Handler()
	door.Beside(".well-known", protocol)
	door.Beside("oauth", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == oauth.AuthorizePath || r.URL.Path == oauth.LogoutPath {
			h.site.ServeHTTP(w, r)
			return
		}
		protocol.ServeHTTP(w, r)
	}))
	for _, segment := range web.Segments() {
		door.Beside(segment, h.site)
	}
}

// profile is what a person has allowed a client to know of them. Source: OpenID Connect
// Core 1.0 §5.1, §5.4.
func (h *house) profile(ctx context.Context, person string, scopes []string) (map[string]any, error) {
	claims := map[string]any{}
	p, err := h.persons.Person(ctx, id.Person(person))
	if p.State != identity.Active { // who is gone tells nothing more
		return claims, err
	}
	if slices.Contains(scopes, "profile") {
		claims["name"], claims["locale"] = p.Name, string(p.Locale)
	}
	if slices.Contains(scopes, "email") {
		claims["email"], claims["email_verified"] = p.Login, false
	}
	return claims, err
}

// stands reports whether a person still is the payer, or leads the merchant, that they have
// answered for; with neither, whether they are still there. Who closes their account has
// given roles and payers up before.
func (h *house) stands(ctx context.Context, person string, payer id.Payer, merchant id.Merchant) (yes bool, err error) {
	who := id.Person(person)
	switch {
	case payer != "":
		var link identity.Link
		link, err = h.persons.PersonOf(ctx, payer)
		yes = link.Person == who
	case merchant != "":
		var roles []identity.Given
		roles, err = h.persons.RolesOf(ctx, who)
		yes = slices.ContainsFunc(roles, func(g identity.Given) bool { return g.Merchant == merchant && g.Role.Leads() })
	default:
		var p identity.Person
		p, err = h.persons.Person(ctx, who)
		yes = p.State == identity.Active
	}
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	return yes && err == nil, err
}

// localIssuer is a sandbox's issuer: passkeys need a name, not a number.
func localIssuer(scheme string, l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String()) // it listens, so it has one
	return scheme + "localhost:" + port
}
