package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/oauth"
)

// visit is one request to the pages.
type visit struct {
	site    *Site
	w       http.ResponseWriter
	r       *http.Request
	lang    identity.Locale
	session identity.Session // of who is signed in
	person  identity.Person  // the zero Person: nobody
}

func (s *Site) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{site: s, w: w, r: r}
	v.lang = v.language()
	return v
}

// enter finds out who is there.
func (v *visit) enter() error {
	if v.r.Method == http.MethodPost && v.isForm() {
		if err := v.r.ParseForm(); err != nil {
			return errForm
		}
	}
	s, err := v.site.Identity.Authenticate(v.r.Context(), v.cookie(sessionCookie))
	if errors.Is(err, identity.ErrSignedOut) {
		return nil
	}
	if err != nil {
		return err
	}
	v.session = s
	if v.person, err = v.site.Identity.Person(v.r.Context(), s.Person); err != nil {
		return err
	}
	if v.cookie(langCookie) == "" && v.r.URL.Query().Get("lang") == "" {
		v.lang = v.person.Locale
	}
	return nil
}

// errForm refuses a body that is none of ours.
var errForm = fault.ErrInvalid.With("The form cannot be read. Go back and send it again.")

func (v *visit) isForm() bool {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	return err == nil && kind == "application/x-www-form-urlencoded"
}

// signedIn lets only who is signed in go on; others sign in first and come back.
func signedIn(run story) story {
	return func(v *visit) error {
		if v.person.ID != "" {
			return run(v)
		}
		v.redirect("/sign-in?" + url.Values{"to": {v.back()}, "login": {v.r.URL.Query().Get("login")}}.Encode())
		return nil
	}
}

// The cookies. A __Host- cookie is the browser's promise that nobody else has set it.
const (
	sessionCookie = "florin"
	requestCookie = "florin-request"
	langCookie    = "florin-lang"
)

func (v *visit) cookieName(name string) string {
	if v.site.secure {
		return "__Host-" + name
	}
	return name
}

func (v *visit) cookie(name string) string {
	c, err := v.r.Cookie(v.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie keeps a value in the browser until it is closed, or for ttl if that is above
// zero; "" forgets it.
func (v *visit) setCookie(name, value string, ttl time.Duration) {
	c := &http.Cookie{Name: v.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: v.site.secure, SameSite: http.SameSiteLaxMode} //nolint:gosec // secure wherever the issuer is https
	if value == "" {
		c.MaxAge = -1
	} else if ttl > 0 {
		c.MaxAge = int(ttl.Seconds())
	}
	http.SetCookie(v.w, c)
}

// language is what the person reads: as they chose, or as their browser says.
func (v *visit) language() identity.Locale {
	if l, ok := locale(v.r.URL.Query().Get("lang")); ok {
		v.setCookie(langCookie, string(l), 365*24*time.Hour)
		return l
	}
	if l, ok := locale(v.cookie(langCookie)); ok {
		return l
	}
	return v.matched(v.r.Header.Get("Accept-Language"))
}

func locale(text string) (identity.Locale, bool) {
	l := identity.Locale(text)
	return l, l == identity.English || l == identity.Chinese
}

var matcher = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese})

// matched is the language that fits wishes best. Source: RFC 4647 §3.4.
func (v *visit) matched(wishes ...string) identity.Locale {
	if _, i := language.MatchStrings(matcher, wishes...); i == 1 {
		return identity.Chinese
	}
	return identity.English
}

// browser is where the request comes from.
func (v *visit) browser() identity.Browser {
	host, _, err := net.SplitHostPort(v.r.RemoteAddr)
	if err != nil {
		host = v.r.RemoteAddr
	}
	return identity.Browser{
		Address: host, Agent: v.r.UserAgent(), Cookie: v.cookie(sessionCookie), Request: id.Request(v.w.Header().Get("Request-Id")),
	}
}

// begin lets the browser keep a session.
func (v *visit) begin(in identity.SignedIn) {
	v.setCookie(sessionCookie, in.Cookie, identity.Absolute)
	v.session = in.Session
}

func (v *visit) redirect(to string) {
	v.w.Header().Set("Location", to)
	v.w.WriteHeader(http.StatusSeeOther)
}

// to is the page of this server where the visitor wants to go on; /me if they do not say,
// or say something else.
func (v *visit) to() string {
	to := v.r.FormValue("to")
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/me"
	}
	return to
}

// field is a field of the form.
func (v *visit) field(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }

// body reads an authenticator's answer.
func (v *visit) body() ([]byte, error) {
	kind, _, err := mime.ParseMediaType(v.r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return nil, errForm
	}
	text, err := io.ReadAll(v.r.Body)
	if err != nil {
		return nil, errForm
	}
	return text, nil
}

// send answers a module of ours with JSON.
func (v *visit) send(status int, body []byte) {
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body) //nolint:gosec // JSON, and nosniff; an error means that the browser has gone
}

// sendTo tells a module where to go on.
func (v *visit) sendTo(to string) error {
	text, err := json.Marshal(map[string]string{"to": to})
	if err == nil {
		v.send(http.StatusOK, text)
	}
	return err
}

// show answers with a page.
func (v *visit) show(status int, page string, data any, problem ...error) {
	m := view{visit: v, Page: page, Data: data}
	if len(problem) > 0 {
		m.Problem = v.problem(problem[0])
	}
	var out bytes.Buffer
	if err := v.site.pages[page].Execute(&out, m); err != nil {
		panic("web: the page " + page + " cannot be made: " + err.Error()) // found by any test that opens it
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(out.Bytes()) // the browser has gone
	}
}

// open shows a page, and on it what refused its form; nil for nothing.
func (v *visit) open(page string, data any, problem error) error {
	if problem != nil {
		v.show(status(problem), page, data, problem)
		return nil
	}
	v.show(http.StatusOK, page, data)
	return nil
}

// done leads on after a change, or opens the page again with what refused it, if that is
// for the person to mend.
func (v *visit) done(err error, to string, again func(problem error) error) error {
	if err == nil {
		v.redirect(to)
		return nil
	}
	if code := status(err); code == http.StatusBadRequest || code == http.StatusConflict {
		return again(err)
	}
	return err
}

// fail answers with a page that says what is wrong, by one of our words.
func (v *visit) fail(status int, word string) { v.show(status, "message", v.T(word)) }

// status is what a refusal is in HTTP.
func status(err error) int {
	if f, ok := errors.AsType[*oauth.Fail](err); ok {
		return f.Status
	}
	switch fault.Of(err).Kind {
	case fault.Invalid, fault.Refused:
		return http.StatusBadRequest
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refuse answers with what a story could not do. A proof that is wanted is asked for, and
// then one comes back.
func (v *visit) refuse(err error) {
	scripted := strings.HasSuffix(v.r.URL.Path, "/begin") || strings.HasSuffix(v.r.URL.Path, "/finish")
	switch {
	case scripted:
		v.refuseScript(err)
	case errors.Is(err, identity.ErrStepUpNeeded):
		v.redirect("/step-up?" + url.Values{"to": {v.back()}}.Encode())
	case errors.Is(err, identity.ErrSignedOut):
		v.redirect("/sign-in?" + url.Values{"to": {v.back()}}.Encode())
	default:
		v.note(err)
		v.show(status(err), "message", "", err)
	}
}

func (v *visit) refuseScript(err error) {
	v.note(err)
	answer := map[string]string{"error": v.problem(err).sentence()}
	if errors.Is(err, identity.ErrStepUpNeeded) {
		answer["to"] = "/step-up?" + url.Values{"to": {v.back()}}.Encode()
	}
	text, _ := json.Marshal(answer) // two texts
	v.send(status(err), text)
}

// origin is the page that a post came from: the one that its path belongs to.
func (v *visit) origin() string {
	path := v.r.URL.Path
	switch {
	case v.r.Method == http.MethodGet || slices.Contains([]string{"/sign-in", "/sign-up", "/step-up", "/consent", "/device"}, path):
		return path
	case path == "/device/decide":
		return "/device"
	case strings.HasPrefix(path, hooksPath+"/"): // what is posted is below the page of what it is about
		return path[:strings.LastIndexByte(path, '/')]
	case strings.HasPrefix(path, "/me/"):
		return "/me/" + strings.Split(path, "/")[2]
	}
	return "/me"
}

// back is where one comes back to after a proof: the page, with what it was opened with.
func (v *visit) back() string {
	switch code := v.field("user_code"); {
	case v.r.URL.RawQuery != "" && (v.r.Method == http.MethodGet || strings.HasPrefix(v.r.URL.Path, hooksPath)):
		return v.origin() + "?" + v.r.URL.RawQuery
	case code != "": // that a device shows, and nobody wants to type twice
		return v.origin() + "?" + url.Values{"user_code": {code}}.Encode()
	}
	return v.origin()
}

// note logs what is our own fault.
func (v *visit) note(err error) {
	if status(err) >= http.StatusInternalServerError {
		v.site.Log.Error("web: a page failed", "path", v.r.URL.Path, "cause", err.Error())
	}
}
