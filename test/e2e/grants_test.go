package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// granted walks a payer through the pages to a client's grant, and gives the steps that
// show it.
func granted(t *testing.T, s *server, c *caller, names map[string]string) []step {
	t.Helper()
	var client struct {
		ID string `json:"client_id"`
	}
	out := florin(t, append([]string{"client", "create", "--merchant", s.Merchant, "--name", "Books", "--auth", "none", "--native", "--redirect", "http://127.0.0.1/cb",
		"--grant", "authorization_code", "--scope", "payments:read", "--scope", "payments:write", "--details"}, s.flags()...)...)
	if err := json.Unmarshal([]byte(out.out), &client); err != nil {
		t.Fatalf("%v %s", err, out.errs)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.Path, "/cb") {
			return http.ErrUseLastResponse // nobody listens there
		}
		return nil
	}}
	post := func(path string, form url.Values) {
		t.Helper()
		a, err := browser.PostForm(s.Issuer+path, form)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode >= 400 {
			t.Fatalf("%s: %d", path, a.StatusCode)
		}
	}
	post("/sign-up", url.Values{"login": {"ada@example.com"}, "name": {"Ada"}, "password": {"a phrase that nobody guesses"}})
	post("/me/payers", url.Values{"code": {c.post(t, "/v1/payers/"+s.Payer+"/claim", `{}`).wants(t, 200).field("code")}})
	names["person"] = s.Payer
	asked, err := browser.Get(s.Issuer + "/oauth/authorize?" + url.Values{
		"client_id": {client.ID}, "response_type": {"code"}, "redirect_uri": {"http://127.0.0.1:1/cb"}, "scope": {"payments:read payments:write"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
		"authorization_details": {`[{"type":"payment","payee":"` + s.Merchant + `","currency":"USD","amount":5000,"interval":"R12/2027-01-01T00:00:00Z/P1M"}]`},
	}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	asked.Body.Close()
	post("/consent", url.Values{"decision": {"allow"}, "as": {s.Payer}, "scope": {"payments:read", "payments:write"}, "detail": {"0"}})
	names["grant"] = c.get(t, "/v1/grants?limit=1").wants(t, 200).field("data.0.id")
	return []step{
		{"createPayerClaim", "POST /v1/payers/$person/claim", `{}`, ""},
		{"getGrant", "GET /v1/grants/$grant", "", ""},
		{"listGrants", "GET /v1/grants?limit=1", "", ""},
		{"revokeGrant", "POST /v1/grants/$grant/revoke", `{}`, ""},
	}
}
