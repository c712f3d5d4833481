package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// odd is what hurried and hostile callers put where a name, a number or an address
// belongs.
var odd = []string{
	"", "\x00", "a\x00b", "\xff\xfe", "\xc0\x80", "\xed\xa0\x80", "\u202e", "../", "%00", "\r\nX: y", `"><script>alert(1)</script>`, "' or 1=1 --",
	"client_" + strings.Repeat("0", 26), strings.Repeat("x", 5000), strings.Repeat("🦊", 200), "-1", "1e9", "NaN", strings.Repeat("9", 40), "0001-01-01", "null", "{}", "[]",
}

// door is one address beside the API, with values that are good but for one.
type door struct {
	path string
	good map[string]string
	odd  string // the fields that are spoilt one by one
	as   string // "client", "person" or nobody
}

func asked(merchant string) map[string]string {
	return map[string]string{
		"response_type": "code", "redirect_uri": "https://x.example/cb", "scope": "openid payments:read", "state": "s", "code_challenge": strings.Repeat("a", 43),
		"code_challenge_method": "S256", "authorization_details": `[{"type":"payment","payee":"` + merchant + `","currency":"USD","amount":5}]`,
	}
}

func doorsOf(merchant string) []door {
	asked := asked(merchant)
	const authorize = "client_id response_type redirect_uri scope state nonce code_challenge code_challenge_method prompt max_age ui_locales acr_values login_hint authorization_details request request_uri response_mode dpop_jkt resource claims id_token_hint"
	const redeem = "grant_type code redirect_uri code_verifier refresh_token device_code scope resource client_id client_assertion client_assertion_type authorization_details"
	return []door{
		{"GET /oauth/authorize", asked, authorize, "person"},
		{"POST /oauth/par", asked, authorize, "client"},
		{"POST /oauth/token", map[string]string{"grant_type": "authorization_code", "code": "x", "redirect_uri": "https://x.example/cb"}, redeem, "client"},
		{"POST /oauth/token", map[string]string{"grant_type": "refresh_token", "refresh_token": "x"}, redeem, "client"},
		{"POST /oauth/token", map[string]string{"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"}, redeem, "client"},
		{"POST /oauth/token", map[string]string{"grant_type": "client_credentials"}, redeem, ""},
		{"POST /oauth/introspect", map[string]string{"token": "x"}, "token token_type_hint", "client"},
		{"POST /oauth/revoke", map[string]string{"token": "x"}, "token token_type_hint", "client"},
		{"POST /oauth/device_authorization", map[string]string{"scope": "payments:read"}, "scope authorization_details client_id", "client"},
		{"GET /oauth/logout", nil, "client_id id_token_hint post_logout_redirect_uri state", "person"},
		{"POST /oauth/logout", nil, "client_id id_token_hint post_logout_redirect_uri state", "person"},
		{"POST /consent", map[string]string{"decision": "allow", "detail": "0"}, "decision as scope detail amount_0 payment_amount_0 until request", "person"},
		{"POST /device", nil, "user_code", "person"},
		{"POST /device/decide", map[string]string{"decision": "allow"}, "user_code decision as scope", "person"},
		{"POST /me", map[string]string{"name": "Eve"}, "name locale", "person"},
		{"POST /me/payers", nil, "code", "person"},
		{"POST /me/security/totp/confirm", nil, "code", "person"},
		{"POST /me/clients", map[string]string{"name": "N", "merchant": merchant, "kind": "server", "redirects": "https://x.example/cb", "scope": "payments:read"}, "name merchant kind redirects jwks scope", "person"},
		{"POST /me/clients/invite", map[string]string{"merchant": merchant, "scope": "payments:read"}, "merchant scope", "person"},
		{"POST /me/clients/*/suspend", nil, "*", "person"},
		{"POST /me/grants/*/revoke", nil, "*", "person"},
		{"POST /me/payers/*/unlink", nil, "*", "person"},
		{"POST /me/staff", map[string]string{"merchant": merchant, "role": "support"}, "merchant login role", "person"},
		{"POST /me/staff/end", map[string]string{"merchant": merchant}, "merchant person", "person"},
		{"POST /me/sessions/*/end", nil, "*", "person"},
		{"POST /me/security/passkeys/*/revoke", nil, "*", "person"},
		{"GET /web/assets/*", nil, "*", ""},
		{"GET /oauth/register/*", nil, "*", "token"},
		{"DELETE /oauth/register/*", nil, "*", "token"},
	}
}

// knocker calls doors as one of those who may.
type knocker struct {
	t       *testing.T
	s       *server
	browser *http.Client
	client  struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	registration string
}

func newKnocker(t *testing.T, s *server) *knocker {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	k := &knocker{t: t, s: s, browser: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	out := florin(t, append([]string{"client", "create", "--merchant", s.Merchant, "--name", "X", "--redirect", "https://x.example/cb", "--grant", "authorization_code",
		"--grant", "client_credentials", "--grant", "refresh_token", "--grant", "device_code", "--scope", "openid", "--scope", "payments:read", "--details"}, s.flags()...)...)
	if err := json.Unmarshal([]byte(out.out), &k.client); err != nil {
		t.Fatalf("%v %s", err, out.errs)
	}
	k.invites()
	k.knocks("POST", "/sign-up", url.Values{"login": {"eve@example.com"}, "name": {"Eve"}, "password": {"a phrase that nobody guesses"}}, "person")
	florin(t, append([]string{"person", "appoint", "eve@example.com", "developer", "--merchant", s.Merchant}, s.flags()...)...)
	return k
}

// knocks sends one request, and holds what must be true of each answer.
func (k *knocker) knocks(verb, path string, form url.Values, as string) {
	k.t.Helper()
	body := form.Encode()
	if verb == http.MethodGet {
		path, body = path+"?"+body, ""
	}
	r, err := http.NewRequestWithContext(k.t.Context(), verb, k.s.Issuer+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	browser := http.DefaultClient
	switch as {
	case "client":
		r.SetBasicAuth(k.client.ID, k.client.Secret)
	case "person":
		browser = k.browser
	case "token":
		r.Header.Set("Authorization", "Bearer x")
	}
	k.judge(browser, r)
}

// random is what may spell anything: codes, tokens, handles.
var random = regexp.MustCompile(`[\w-]{40,}|\b[B-Z]{4}-[B-Z]{4}\b`) // the second: what a person types for a device

func (k *knocker) judge(browser *http.Client, r *http.Request) (status int) {
	k.t.Helper()
	a, err := browser.Do(r)
	if err != nil {
		k.t.Fatalf("%s %.200q: %v", r.Method, r.URL, err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	if a.StatusCode >= http.StatusInternalServerError {
		k.t.Errorf("%s %.200q: %d %.300s", r.Method, r.URL, a.StatusCode, text)
	}
	if shown := innards.Find(random.ReplaceAll(changing.ReplaceAll(text, nil), nil)); shown != nil {
		k.t.Errorf("%s %.200q shows %q: %.300s", r.Method, r.URL, shown, text)
	}
	return a.StatusCode
}

// invites lets one more client register itself.
func (k *knocker) invites() {
	k.t.Helper()
	k.registration = strings.TrimSpace(florin(k.t, append([]string{"client", "invite", "--merchant", k.s.Merchant, "--scope", "payments:read"}, k.s.flags()...)...).out)
}

// asks opens a request that a person may consent to.
func (k *knocker) asks() {
	form := url.Values{"client_id": {k.client.ID}}
	for name, value := range asked(k.s.Merchant) {
		form.Set(name, value)
	}
	k.knocks("GET", "/oauth/authorize", form, "person")
}

// registers sends client metadata with odd bytes as they are in one member.
func (k *knocker) registers(member, value string) {
	k.t.Helper()
	good, err := json.Marshal(map[string]any{"client_name": "N", "redirect_uris": []string{"https://x.example/cb"}, "scope": "payments:read", "token_endpoint_auth_method": "private_key_jwt", member: "@@"})
	if err != nil {
		k.t.Fatal(err)
	}
	key := `{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","note":"` + value + `"}]}`
	for _, shape := range []string{`"` + value + `"`, `["` + value + `"]`, key} {
		r, err := http.NewRequestWithContext(k.t.Context(), "POST", k.s.Issuer+"/oauth/register", strings.NewReader(strings.Replace(string(good), `"@@"`, shape, 1)))
		if err != nil {
			k.t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+k.registration)
		if k.judge(http.DefaultClient, r) == http.StatusCreated {
			k.invites()
		}
	}
}

// TestOddInputAtTheDoorsBeside: whatever stands in a field of the authorization server's
// and of the pages', the answer is a refusal or a page.
func TestOddInputAtTheDoorsBeside(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		k := newKnocker(t, s)
		for _, d := range doorsOf(s.Merchant) {
			verb, path, _ := strings.Cut(d.path, " ")
			for field := range strings.FieldsSeq(d.odd) {
				for _, o := range odd {
					form := url.Values{}
					for name, value := range d.good {
						form.Set(name, value)
					}
					switch path {
					case "/oauth/authorize":
						form.Set("client_id", k.client.ID)
					case "/consent":
						k.asks()
					}
					form.Set(field, o)
					k.knocks(verb, strings.Replace(path, "*", url.PathEscape(o), 1), form, d.as)
				}
			}
		}
		for _, member := range strings.Fields("client_name redirect_uris grant_types scope token_endpoint_auth_method jwks allowed_origins post_logout_redirect_uris application_type authorization_details_types") {
			for _, o := range odd {
				k.registers(member, o)
			}
		}
		if said := s.Errors(); innardsLogged.MatchString(said) {
			t.Errorf("a request shook the server:\n%s", said)
		}
		s.Stop(t)
	})
}
