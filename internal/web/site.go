package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/merchant"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/webhook"
)

// Config is what the pages stand on.
type Config struct {
	Identity  *identity.Room
	OAuth     *oauth.Server
	Grants    *grant.Room
	Merchants *merchant.Room // for their names
	Webhooks  *webhook.Room
	Clock     clock.Clock
	Origin    string // the issuer: https://host, or http on the machine itself
	Name      string // of the platform
	Sandbox   bool   // say that no money is real here
	Log       *slog.Logger
}

// Site is the pages. It is an [http.Handler].
type Site struct {
	Config
	handler http.Handler
	pages   map[string]*template.Template
	tags    map[string]string // of the assets: what they hold
	secure  bool              // cookies for https only
}

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed assets
var assetFiles embed.FS

const bodyMax = 64 << 10 // bytes of a form or of an authenticator's answer

// Segments are the first segments of the paths that the site answers, beside
// [oauth.AuthorizePath] and [oauth.LogoutPath].
func Segments() []string {
	return []string{"sign-up", "sign-in", "sign-out", "step-up", "consent", "device", "me", "web"}
}

// New opens the pages. Error: what is missing of the configuration.
func New(c Config) (*Site, error) {
	u, err := url.Parse(c.Origin)
	if err != nil || u.Host == "" || c.Identity == nil || c.OAuth == nil || c.Grants == nil || c.Merchants == nil || c.Webhooks == nil || c.Clock == nil {
		return nil, errors.New("web: the rooms, a clock and the origin are needed")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	s := &Site{Config: c, secure: u.Scheme == "https"}
	if s.pages, err = parsePages(); err != nil {
		return nil, err
	}
	if s.tags, err = assetTags(); err != nil {
		return nil, err
	}
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.visit(w, r).fail(http.StatusForbidden, "foreign_post")
	}))
	if err := guard.AddTrustedOrigin(c.Origin); err != nil {
		return nil, err
	}
	// A client may send these two as forms of its own; by POST they only lead to a page of ours.
	guard.AddInsecureBypassPattern("POST " + oauth.AuthorizePath)
	guard.AddInsecureBypassPattern("POST " + oauth.LogoutPath)
	s.handler = guard.Handler(s.routes())
	return s, nil
}

// parsePages reads each page's template together with the frame of all.
func parsePages() (map[string]*template.Template, error) {
	pages := map[string]*template.Template{}
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		t, err := template.ParseFS(pageFiles, "pages/_*.html", name)
		if err != nil {
			return nil, err
		}
		pages[strings.TrimSuffix(path.Base(name), ".html")] = t.Lookup("frame")
	}
	return pages, nil
}

// assetTags are the ETags of what pages load, by name.
func assetTags() (map[string]string, error) {
	tags := map[string]string{}
	files, err := fs.ReadDir(assetFiles, "assets")
	for _, f := range files {
		var text []byte
		if text, err = assetFiles.ReadFile("assets/" + f.Name()); err != nil {
			return nil, err
		}
		digest := sha256.Sum256(text)
		tags[f.Name()] = `"` + hex.EncodeToString(digest[:12]) + `"`
	}
	return tags, err
}

// origin is the scheme and the host of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "" // it was judged: it is an address
	}
	return u.Scheme + "://" + u.Host
}

// policy is the Content-Security-Policy of a page; back are the origins where its form may
// lead, beside here. Browsers hold redirects after a form to it, too. It has no word for
// an IPv6 host, so a native app on one is let through by its scheme.
// Source: CSP Level 3 §2.3.1, §6.4.2.
func policy(back ...string) string {
	for i, b := range back {
		if scheme, host, _ := strings.Cut(b, "//"); strings.HasPrefix(host, "[") {
			back[i] = scheme
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action " +
		strings.Join(append([]string{"'self'"}, back...), " ")
}

// ServeHTTP implements [http.Handler].
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy())
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Cookie")
	r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
	s.handler.ServeHTTP(w, r)
}

// story is what one address does. An error is shown by [visit.refuse].
type story func(*visit) error

func (s *Site) routes() http.Handler {
	m := http.NewServeMux()
	open := map[string]story{
		"GET /sign-up": showSignUp, "POST /sign-up": signUp, "POST /sign-up/passkey/begin": beginSignUp, "POST /sign-up/passkey/finish": finishSignUp,
		"GET /sign-in": showSignIn, "POST /sign-in": signIn, "POST /sign-in/passkey/begin": beginSignIn, "POST /sign-in/passkey/finish": finishSignIn,
		"POST /sign-out": signOut, "GET " + oauth.AuthorizePath: authorize, "POST " + oauth.AuthorizePath: asQuery,
		"GET " + oauth.LogoutPath: showLogout, "POST " + oauth.LogoutPath: asQuery,
	}
	own := map[string]story{
		"GET /step-up": showStepUp, "POST /step-up": stepUp, "POST /step-up/passkey/begin": beginStepUp, "POST /step-up/passkey/finish": finishStepUp,
		"GET /consent": showConsent, "POST /consent": consent,
		"GET /device": showDevice, "POST /device": askDevice, "POST /device/decide": decideDevice,
		"GET /me": showMe, "POST /me": changeMe,
		"GET /me/security": showSecurity, "POST /me/security/password": setPassword, "POST /me/security/password/remove": removePassword,
		"POST /me/security/totp": beginTOTP, "POST /me/security/totp/confirm": confirmTOTP, "POST /me/security/totp/remove": removeTOTP,
		"POST /me/security/recovery": renewRecovery, "POST /me/security/passkey/begin": beginPasskey, "POST /me/security/passkey/finish": finishPasskey,
		"POST /me/security/passkeys/{passkey}/rename": renamePasskey, "POST /me/security/passkeys/{passkey}/revoke": revokePasskey,
		"GET /me/sessions": showSessions, "POST /me/sessions/{session}/end": endSession, "POST /me/sessions/end": endSessions,
		"GET /me/grants": showGrants, "POST /me/grants/{grant}/revoke": revokeGrant,
		"GET /me/payers": showPayers, "POST /me/payers": redeemClaim, "POST /me/payers/{payer}/unlink": unlinkPayer,
		"GET /me/clients": showClients, "POST /me/clients": registerClient, "POST /me/clients/invite": inviteClient,
		"POST /me/clients/{client}/{turn}": turnClient, "POST /me/security/close": closeMe,
		"GET /me/staff": showStaff, "POST /me/staff": giveRole, "POST /me/staff/end": endRole,
		"GET /me/webhooks": showWebhooks, "POST /me/webhooks": createWebhook, "GET /me/webhooks/{endpoint}": showWebhook,
		"POST /me/webhooks/{endpoint}/change": changeWebhook, "POST /me/webhooks/{endpoint}/turn": turnWebhook,
		"POST /me/webhooks/{endpoint}/rotate": rotateWebhook, "POST /me/webhooks/{endpoint}/delete": deleteWebhook,
		"POST /me/webhooks/{endpoint}/again": redeliverSpan, "GET /me/webhooks/{endpoint}/deliveries/{delivery}": showDelivery,
		"POST /me/webhooks/{endpoint}/deliveries/{delivery}/again": redeliver,
	}
	for pattern, run := range open {
		m.HandleFunc(pattern, s.serve(run))
	}
	for pattern, run := range own {
		m.HandleFunc(pattern, s.serve(signedIn(run)))
	}
	m.HandleFunc("GET /web/assets/{name}", s.serveAsset)
	m.HandleFunc("/", s.serve(func(v *visit) error { v.fail(http.StatusNotFound, "no_page"); return nil }))
	return m
}

func (s *Site) serve(run story) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := s.visit(w, r)
		if err := v.enter(); err != nil {
			v.refuse(err)
			return
		}
		if err := run(v); err != nil {
			v.refuse(err)
		}
	}
}

// serveAsset gives a file that pages load. Browsers ask each time whether it is still the
// same: a page and its module are always of one version.
func (s *Site) serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	tag, known := s.tags[name]
	if !known {
		s.visit(w, r).fail(http.StatusNotFound, "no_page")
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", tag)
	w.Header().Del("Vary")
	http.ServeFileFS(w, r, assetFiles, "assets/"+name) //nolint:gosec // one of the names that are embedded
}
