package relying

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const redirect = "https://client.example/cb"

var issuer, api = os.Getenv("ISSUER"), os.Getenv("URL")

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// create registers a client by the command line.
func create(t *testing.T, flags ...string) (id, secret string) {
	t.Helper()
	args := append([]string{"client", "create", "--data", os.Getenv("DATA"), "--merchant", os.Getenv("MERCHANT"), "--name", "Client"}, flags...)
	out := must[[]byte](t)(exec.Command(os.Getenv("FLORIN"), args...).Output())
	var c struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if err := json.Unmarshal(out, &c); err != nil {
		t.Fatal(err)
	}
	return c.ID, c.Secret
}

// payer is somebody with cookies, who is the sandbox's payer.
func payer(t *testing.T) *http.Client {
	t.Helper()
	b := &http.Client{Jar: must[*cookiejar.Jar](t)(cookiejar.New(nil)), CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), redirect) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	post(t, b, "/sign-up", url.Values{"login": {"ada@example.com"}, "name": {"Ada"}, "password": {"a phrase that nobody guesses"}})
	r := must[*http.Request](t)(http.NewRequest("POST", api+"/v1/payers/"+os.Getenv("PAYER")+"/claim", strings.NewReader("{}")))
	r.Header.Set("Authorization", "Bearer "+os.Getenv("KEY"))
	r.Header.Set("Content-Type", "application/json")
	a := must[*http.Response](t)(http.DefaultClient.Do(r))
	defer a.Body.Close()
	var claim struct{ Code string }
	if err := json.NewDecoder(a.Body).Decode(&claim); err != nil {
		t.Fatal(err)
	}
	post(t, b, "/me/payers", url.Values{"code": {claim.Code}})
	return b
}

func post(t *testing.T, b *http.Client, path string, form url.Values) *http.Response {
	t.Helper()
	a := must[*http.Response](t)(b.PostForm(issuer+path, form))
	text, _ := io.ReadAll(a.Body)
	a.Body.Close()
	if a.StatusCode >= 400 {
		t.Fatalf("%s: %d %s", path, a.StatusCode, text)
	}
	return a
}

func allowed() url.Values {
	return url.Values{"decision": {"allow"}, "as": {os.Getenv("PAYER")}, "scope": {"payments:read"}}
}

func works(t *testing.T, c *http.Client) {
	t.Helper()
	a := must[*http.Response](t)(c.Get(api + "/v1/payments"))
	a.Body.Close()
	if a.StatusCode != http.StatusOK {
		t.Errorf("the API says %d", a.StatusCode)
	}
}

// golang.org/x/oauth2 walks the flows, and go-oidc checks who signed in.
func TestLibrariesOfGo(t *testing.T) {
	provider := must[*oidc.Provider](t)(oidc.NewProvider(t.Context(), issuer))
	ada := payer(t)

	id, secret := create(t, "--redirect", redirect, "--grant", "authorization_code", "--grant", "refresh_token", "--scope", "openid", "--scope", "payments:read")
	c := oauth2.Config{ClientID: id, ClientSecret: secret, Endpoint: provider.Endpoint(), RedirectURL: redirect, Scopes: []string{oidc.ScopeOpenID, "payments:read"}}
	verifier := oauth2.GenerateVerifier()
	asked := must[*http.Response](t)(ada.Get(c.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier), oidc.Nonce("n"))))
	asked.Body.Close()
	back := must[*url.URL](t)(url.Parse(post(t, ada, "/consent", allowed()).Header.Get("Location")))
	token := must[*oauth2.Token](t)(c.Exchange(t.Context(), back.Query().Get("code"), oauth2.VerifierOption(verifier)))
	raw, _ := token.Extra("id_token").(string)
	who := must[*oidc.IDToken](t)(provider.Verifier(&oidc.Config{ClientID: id}).Verify(t.Context(), raw))
	if who.Nonce != "n" || back.Query().Get("state") != "st" || who.Subject == "" {
		t.Errorf("%+v %s", who, back)
	}
	info := must[*oidc.UserInfo](t)(provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token)))
	if info.Subject != who.Subject {
		t.Errorf("userinfo is about %s, the ID token about %s", info.Subject, who.Subject)
	}
	works(t, c.Client(t.Context(), token))
	token.Expiry = time.Now().Add(-time.Minute)
	works(t, c.Client(t.Context(), token)) // after a refresh by the library itself

	id, secret = create(t, "--scope", "payments:read")
	own := clientcredentials.Config{ClientID: id, ClientSecret: secret, TokenURL: provider.Endpoint().TokenURL, Scopes: []string{"payments:read"}}
	works(t, own.Client(t.Context()))

	id, _ = create(t, "--auth", "none", "--grant", "device_code", "--scope", "payments:read")
	var paths struct {
		Device string `json:"device_authorization_endpoint"`
	}
	if err := provider.Claims(&paths); err != nil {
		t.Fatal(err)
	}
	d := oauth2.Config{ClientID: id, Endpoint: oauth2.Endpoint{TokenURL: provider.Endpoint().TokenURL, DeviceAuthURL: paths.Device, AuthStyle: oauth2.AuthStyleInParams}, Scopes: []string{"payments:read"}}
	device := must[*oauth2.DeviceAuthResponse](t)(d.DeviceAuth(t.Context()))
	post(t, ada, "/device", url.Values{"user_code": {device.UserCode}})
	form := allowed()
	form.Set("user_code", device.UserCode)
	post(t, ada, "/device/decide", form)
	works(t, d.Client(t.Context(), must[*oauth2.Token](t)(d.DeviceAccessToken(t.Context(), device))))
}
