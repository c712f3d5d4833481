package web

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSignUpInAndOut(t *testing.T) {
	g := newGround(t)
	ada := g.visitor()
	p := ada.get("/me")
	if p.status != 303 || p.to != "/sign-in?login=&to=%2Fme" {
		t.Fatalf("%d %s", p.status, p.to)
	}
	bad := ada.post("/sign-up", url.Values{"login": {"ada"}, "name": {""}, "password": {"short"}})
	ada.wants(bad, 400, "Send an address such as ada@example.com.")
	ada.wants(bad, 400, `role="alert"`)
	if strings.Contains(bad.text, "short") && strings.Contains(bad.text, `value="short"`) {
		t.Error("the password comes back on the page")
	}
	p = ada.post("/sign-up", url.Values{"login": {"ada@example.com"}, "name": {"Ada"}, "password": {phrase}, "to": {"/me/payers"}})
	if ada.wants(p, 303, ""); p.to != "/me/payers" || ada.cookies["florin"] == "" {
		t.Fatalf("%s %v", p.to, ada.cookies)
	}
	ada.wants(ada.get("/me"), 200, "Signed in as ada@example.com")
	other := g.visitor()
	other.wants(other.post("/sign-up", url.Values{"login": {"ada@example.com"}, "name": {"Eve"}, "password": {phrase}}), 409, "The login is taken")
	wrong := other.post("/sign-in", url.Values{"login": {"ada@example.com"}, "password": {"another phrase altogether"}})
	unknown := other.post("/sign-in", url.Values{"login": {"bob@example.com"}, "password": {"another phrase altogether"}})
	other.wants(wrong, 401, "Signing in failed.")
	if strings.ReplaceAll(wrong.text, "ada@", "bob@") != unknown.text || wrong.status != unknown.status {
		t.Error("an unknown login looks different from a wrong password")
	}
	other.wants(other.post("/sign-in", url.Values{"login": {"ADA@example.com"}, "password": {phrase}}), 303, "")
	other.wants(other.get("/me/sessions"), 200, "Firefox <script>")
	ada.wants(ada.post("/me/sessions/end", url.Values{"which": {"all"}}), 303, "")
	if p := other.get("/me"); p.status != 303 {
		t.Errorf("still signed in elsewhere: %d", p.status)
	}
	other.wants(other.post("/sign-in", url.Values{"login": {"ada@example.com"}, "password": {phrase}}), 303, "")
	other.wants(other.post("/sign-out", nil), 303, "")
	if p := other.get("/me"); p.status != 303 || other.cookies["florin"] != "" {
		t.Errorf("still signed in: %d", p.status)
	}
}

// A form on another site does nothing here, and an address leads to pages of this server only.
func TestOtherSites(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	for name, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"} {
		ada.header.Set(name, value)
		ada.wants(ada.post("/me/sessions/end", url.Values{"which": {"all"}}), 403, "another site")
		ada.header.Del(name)
	}
	ada.wants(ada.get("/me"), 200, "")
	for _, to := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)", "evil", "/\n/evil.example", "/a\\b"} {
		b := g.visitor()
		p := b.post("/sign-in", url.Values{"login": {"ada@example.com"}, "password": {phrase}, "to": {to}})
		if p.to != "/me" {
			t.Errorf("%q leads to %q", to, p.to)
		}
	}
}

// Every page says what may load, in both languages, and none is kept.
func TestEveryPageInBothLanguages(t *testing.T) {
	g := newGround(t)
	for _, lang := range []string{"en", "zh-CN"} {
		ada := g.visitor().signUp(lang + "@example.com")
		ada.becomes()
		ada.cookies["florin-lang"] = lang
		pages := map[string]page{"consent": ada.asks()}
		for _, path := range []string{"/sign-in", "/sign-up", "/step-up", "/me", "/me/security", "/me/sessions", "/me/grants", "/me/payers", "/me/clients", "/me/webhooks", "/device", "/oauth/logout", "/nothing"} {
			pages[path] = ada.get(path)
		}
		for path, p := range pages {
			if p.status != 200 && path != "/nothing" {
				t.Errorf("%s: %d", path, p.status)
			}
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin", "Access-Control-Allow-Origin": "",
			} {
				if got := p.header.Get(name); got != want {
					t.Errorf("%s: %s is %q", path, name, got)
				}
			}
			csp := p.header.Get("Content-Security-Policy")
			if want := policy(); path != "consent" && csp != want || path == "consent" && csp != policy("https://books.example") {
				t.Errorf("%s: %s", path, csp)
			}
			if !strings.Contains(p.text, `<html lang="`+lang+`">`) || strings.Contains(p.text, "<script>") || strings.Contains(p.text, "style=") || strings.Contains(p.text, "onclick") {
				t.Errorf("%s in %s is not as it should be", path, lang)
			}
		}
	}
	for _, name := range []string{"page.css", "passkey.js", "claim.js"} {
		if p := g.visitor().get("/web/assets/" + name); p.status != 200 || p.text == "" {
			t.Errorf("%s: %d", name, p.status)
		}
	}
	if p := g.visitor().get("/web/assets/..%2f..%2fsite.go"); p.status != 404 && p.status != 400 {
		t.Errorf("a file that is none of ours: %d", p.status)
	}
}

func TestTheLanguageFollowsTheReader(t *testing.T) {
	g := newGround(t)
	b := g.visitor()
	b.header.Set("Accept-Language", "fr;q=0.9, zh-Hans-CN;q=0.8, en;q=0.1")
	b.wants(b.get("/sign-in"), 200, "用通行密钥登录")
	b.wants(b.get("/sign-in?lang=en"), 200, "Sign in with a passkey")
	b.wants(b.get("/sign-in"), 200, "Sign in with a passkey")
	b.wants(b.post("/sign-in", url.Values{"login": {"x@example.com"}, "password": {"y"}}), 401, "Signing in failed.")
	b.wants(b.get("/sign-in?lang=zh-CN"), 200, "登录")
	b.wants(b.post("/sign-in", url.Values{"login": {"x@example.com"}, "password": {"y"}}), 401, "登录失败")
}

// What is dangerous asks for a proof, and leads back.
func TestStepUp(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	g.clock.move(6 * time.Minute)
	p := ada.post("/me/security/password", url.Values{"password": {"another long phrase of mine"}})
	if ada.wants(p, 303, ""); p.to != "/step-up?to=%2Fme%2Fsecurity" {
		t.Fatalf("leads to %s", p.to)
	}
	ada.wants(ada.get(p.to), 200, "needs a fresh proof")
	ada.wants(ada.post("/step-up", url.Values{"password": {"wrong"}, "to": {"/me/security"}}), 401, "Signing in failed.")
	before := ada.cookies["florin"]
	p = ada.post("/step-up", url.Values{"password": {phrase}, "to": {"/me/security"}})
	if ada.wants(p, 303, ""); p.to != "/me/security" || ada.cookies["florin"] == before {
		t.Fatalf("%s; the cookie stayed: %t", p.to, ada.cookies["florin"] == before)
	}
	ada.wants(ada.post("/me/security/password", url.Values{"password": {"short"}}), 400, "12 characters")
	ada.wants(ada.post("/me/security/password", url.Values{"password": {"another long phrase of mine"}}), 303, "")
	ada.wants(ada.post("/me/security/totp", nil), 200, "otpauth://totp/Florin:ada")
	ada.wants(ada.post("/me/security/totp/confirm", url.Values{"code": {"000000"}}), 400, "The code is wrong.")
	ada.wants(ada.post("/me/security/password/remove", nil), 409, "last way in")
	ada.wants(ada.post("/me", url.Values{"name": {""}, "locale": {"en"}}), 400, "1 to 100 characters")
	ada.wants(ada.post("/me", url.Values{"name": {"Ada Byron"}, "locale": {"zh-CN"}}), 303, "")
	ada.wants(ada.get("/me"), 200, "我的授权")
}

// An answer that is none of an authenticator's is refused in words, as JSON.
func TestPasskeysThatAreNone(t *testing.T) {
	g := newGround(t)
	b := g.visitor()
	p := b.send("POST", "/sign-in/passkey/begin", "application/json", strings.NewReader("{}"))
	b.wants(p, 200, `"challenge"`)
	for _, bad := range []string{"", "{}", "null", `{"id":"x","rawId":"eA","type":"public-key","response":{}}`, strings.Repeat("x", 70_000)} {
		p := b.send("POST", "/sign-in/passkey/finish", "application/json", strings.NewReader(bad))
		if p.status < 400 || p.status >= 500 || !strings.Contains(p.text, `{"error":"`) {
			t.Errorf("%.20q: %d %s", bad, p.status, p.text)
		}
	}
	b.wants(b.send("POST", "/sign-up/passkey/begin", "application/json", strings.NewReader(`{"login":"ada","name":"Ada"}`)), 400, `"error"`)
	b.wants(b.send("POST", "/sign-up/passkey/begin", "application/json", strings.NewReader(`{"login":"ada@example.com","name":"Ada"}`)), 200, `"challenge"`)
	b.wants(b.send("POST", "/sign-in/passkey/finish", "text/plain", strings.NewReader("{}")), http.StatusBadRequest, `"error"`)
}
