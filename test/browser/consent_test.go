package browser

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// The verifier and the challenge of RFC 7636 appendix B.
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// call sends JSON or a form and reads JSON.
func call(t *testing.T, verb, address, bearer string, body any) (status int, out map[string]any) {
	t.Helper()
	var text []byte
	kind := "application/json"
	if form, ok := body.(url.Values); ok {
		text, kind = []byte(form.Encode()), "application/x-www-form-urlencoded"
	} else if body != nil {
		text, _ = json.Marshal(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), verb, address, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	answer, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = json.Unmarshal(answer, &out) // not every answer has a body
	return a.StatusCode, out
}

func text(out map[string]any, name string) string {
	s, _ := out[name].(string)
	return s
}

// A third party registers by the API; a payer signs up with a passkey, lowers the amount
// and consents; the client pays within the limit and is refused beyond it; the payer ends
// the grant and the next call fails.
func TestAThirdPartyPaysWithinWhatThePayerAllows(t *testing.T) {
	s := newSandbox(t)
	b := newTab(t, 390, 844) // a phone
	got := make(chan url.Values, 1)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/cb" {
			got <- r.URL.Query()
		}
		fmt.Fprint(w, "<h1>Back in the app</h1>")
	}))
	defer app.Close()

	invitation := s.florin("client", "invite", "--merchant", s.Merchant, "--scope", "payments:read", "--scope", "payments:write")
	status, client := call(t, "POST", s.Issuer+"/oauth/register", invitation, map[string]any{
		"client_name": "Coffee Subscription", "token_endpoint_auth_method": "none", "application_type": "native", "redirect_uris": []string{"http://127.0.0.1/cb"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "scope": "payments:read payments:write", "authorization_details_types": []string{"payment"},
	})
	if status != 201 {
		t.Fatalf("not registered: %d %v", status, client)
	}
	status, claim := call(t, "POST", s.URL+"/v1/payers/"+s.Payer+"/claim", s.Key, map[string]any{})
	if status != 200 {
		t.Fatalf("no claim: %d %v", status, claim)
	}

	b.open(text(claim, "url")) // nobody is signed in yet
	b.at(s.Issuer + "/sign-in")
	b.click(`main a[href^="/sign-up"]`)
	b.at(s.Issuer + "/sign-up")
	b.write("#login", "ada@example.com")
	b.write("#name", "Ada Lovelace")
	b.click("[data-passkey-button]")
	b.at(s.Issuer + "/me/payers")
	b.until("#code[data-claim]")
	b.click("main form:last-of-type button.primary")
	b.until(".cards li")
	b.shoot("payers")

	details := fmt.Sprintf(`[{"type":"payment","payee":%q,"currency":"USD","amount":5000}]`, s.Merchant)
	b.open(s.Issuer + "/oauth/authorize?" + url.Values{
		"client_id": {text(client, "client_id")}, "response_type": {"code"}, "redirect_uri": {app.URL + "/cb"}, "scope": {"payments:read payments:write"}, "state": {"s"},
		"code_challenge": {challenge}, "code_challenge_method": {"S256"}, "authorization_details": {details},
	}.Encode())
	b.at(s.Issuer + "/consent")
	b.write("#amount_0", "12.34")
	b.shoot("consent")
	b.click(`button[value="allow"]`)
	var back url.Values
	select {
	case back = <-got:
	case <-time.After(patience):
		b.shoot("failed")
		t.Fatalf("the browser did not come back: %s\n%s", b.where(), b.text())
	}
	status, tokens := call(t, "POST", s.Issuer+"/oauth/token", "", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {text(client, "client_id")}, "code": {back.Get("code")}, "redirect_uri": {app.URL + "/cb"}, "code_verifier": {verifier},
	})
	if status != 200 {
		t.Fatalf("no token: %d %v", status, tokens)
	}
	token := text(tokens, "access_token")
	pay := func(amount int) (int, map[string]any) {
		return call(t, "POST", s.URL+"/v1/payments", token, map[string]any{"amount": amount, "currency": "USD", "source": s.Wallet})
	}
	if status, p := pay(1000); status != 200 || text(p, "status") != "succeeded" {
		t.Errorf("within the limit: %d %v", status, p)
	}
	if status, p := pay(235); status != 402 || text(p, "code") != "grant_limit_reached" {
		t.Errorf("beyond the limit: %d %v", status, p)
	}

	b.open(s.Issuer + "/me/grants")
	b.says("10.00 USD of 12.34 USD spent")
	b.shoot("grants")
	b.open(s.Issuer + "/me/grants?lang=zh-CN")
	b.shoot("grants-zh")
	b.click("main form button.danger")
	b.says("已结束")
	if status, p := pay(1); status != 401 && status != 402 {
		t.Errorf("after the end: %d %v", status, p)
	}
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		if status, _ := call(t, "GET", s.URL+"/v1/payments", token, nil); status == 401 {
			break
		}
		if time.Since(began) > 6*time.Second {
			t.Fatal("the ended grant's token still opens")
		}
	}
}
