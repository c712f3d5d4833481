package web

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238's default
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/identity"
)

// codeOf is what an authenticator app shows now. Source: RFC 6238 §4.
func (g *ground) codeOf(secret string) string {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	g.must(err)
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(g.clock.Now().Unix()/30)))
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000)
}

// enrolls connects an app, which proves the visitor, and gives its key.
func (b *visitor) enrolls() (secret string) {
	b.g.t.Helper()
	p := b.post("/me/security/totp", nil)
	b.wants(p, 200, "otpauth://")
	secret = regexp.MustCompile(`<code class="key">([A-Z2-7]+)</code>`).FindStringSubmatch(p.text)[1]
	p = b.post("/me/security/totp/confirm", url.Values{"code": {b.g.codeOf(secret)}})
	if b.wants(p, 200, "Recovery codes"); strings.Count(p.text, "<li><code>") != 10 {
		b.g.t.Fatalf("not ten recovery codes:\n%s", p.text)
	}
	return secret
}

// proves steps up by the next code of an app: each works once.
func (b *visitor) proves(secret, to string) page {
	b.g.clock.move(30 * time.Second)
	return b.post("/step-up", url.Values{"password": {phrase}, "code": {b.g.codeOf(secret)}, "to": {to}})
}

// A client that wants more than a password gets it from whoever can give it.
func TestAStrongerSignInIsAskedFor(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	payer, phone := ada.becomes(), g.visitor()
	phone.wants(phone.post("/sign-in", url.Values{"login": {"ada@example.com"}, "password": {phrase}}), 303, "")
	secret := ada.enrolls()
	strong := []string{"acr_values", string(identity.ByTwo), "authorization_details", ""}
	if p := phone.asks(strong...); p.status != 303 || p.to != "/step-up?to=%2Fconsent" {
		t.Fatalf("%d %s", p.status, p.to)
	}
	phone.wants(phone.post("/step-up", url.Values{"password": {phrase}, "code": {"000000"}, "to": {"/consent"}}), 401, "Signing in failed.")
	phone.wants(phone.proves(secret, "/consent"), 303, "")
	phone.wants(phone.get("/consent"), 200, "asks for access")
	p := phone.post("/consent", url.Values{"decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:read"}})
	if !strings.Contains(p.to, "code=") {
		t.Errorf("%d %s", p.status, p.to)
	}
}

// Money is given away only by who has proved themself within five minutes.
func TestMoneyWantsAFreshProof(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	payer, secret := ada.becomes(), ada.enrolls()
	ada.wants(ada.asks(), 200, "asks for access")
	g.clock.move(6 * time.Minute)
	yes := url.Values{"decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:read"}, "detail": {"0"}}
	for _, p := range []page{ada.get("/consent"), ada.post("/consent", yes)} {
		if p.status != 303 || p.to != "/step-up?to=%2Fconsent" {
			t.Fatalf("%d %s", p.status, p.to)
		}
	}
	if p := ada.post("/consent", url.Values{"decision": {"deny"}}); !strings.Contains(p.to, "error=access_denied") {
		t.Errorf("to deny needs no proof: %d %s", p.status, p.to)
	}
	ada.asks()
	ada.wants(ada.proves(secret, "/consent"), 303, "")
	if p := ada.post("/consent", yes); !strings.Contains(p.to, "code=") {
		t.Errorf("%d %s", p.status, p.to)
	}
}

// Staff who have proved themselves register a client, see its secret once, and turn it off
// and on; the owner can let it act for the merchant.
func TestAClientFromBirthToEnd(t *testing.T) {
	g := newGround(t)
	dev := g.visitor().signUp("dev@example.com")
	person, err := g.persons.Named(t.Context(), "dev@example.com")
	g.must(err)
	secret := dev.enrolls()
	g.must(g.persons.Appoint(t.Context(), person.ID, g.cafe, identity.Owner, identity.Browser{}))
	g.clock.move(6 * time.Second) // sessions are remembered for five
	dev.wants(dev.proves(secret, "/me/clients"), 303, "")
	if p := dev.get("/me/clients"); strings.Contains(p.text, english.plain["clients_proof"]) {
		t.Error("a proof is asked for, just after one")
	}
	form := url.Values{"name": {"Till"}, "merchant": {string(g.cafe)}, "kind": {"server"}, "redirects": {"http://till.example/cb"}, "scope": {"payments:read"}, "own": {"1"}}
	p := dev.post("/me/clients", form)
	dev.wants(p, 400, "A redirect address must be")
	dev.wants(p, 400, `value="Till"`)
	form.Set("redirects", "https://till.example/cb\r\nhttps://till.example/cb2")
	p = dev.post("/me/clients", form)
	dev.wants(p, 200, "shown once")
	made := regexp.MustCompile(`<dd><code>([^<]+)</code>`).FindAllStringSubmatch(p.text, -1)
	if len(made) != 3 {
		t.Fatalf("no id, secret and token:\n%s", p.text)
	}
	client := made[0][1]
	if p := dev.get("/me/clients"); strings.Contains(p.text, made[1][1]) || !strings.Contains(p.text, client) {
		t.Error("the secret is shown again, or the client is not")
	}
	dev.wants(dev.post("/me/clients/"+client+"/suspend", nil), 303, "")
	dev.wants(dev.get("/me/clients"), 200, "suspended")
	dev.wants(dev.post("/me/clients/"+client+"/activate", nil), 303, "")
	dev.wants(dev.post("/me/clients/"+client+"/paint", nil), 404, "")
	dev.wants(dev.post("/me/clients/invite", form), 200, "within an hour")
	dev.wants(dev.asks("authorization_details", ""), 200, "The merchant Café <Noir>, where you are owner")
	yes := url.Values{"decision": {"allow"}, "as": {string(g.cafe)}, "scope": {"payments:read"}}
	dev.wants(dev.post("/consent", yes), 303, "")
	if list := g.given("dev@example.com"); len(list) != 1 || list[0].Payer != "" || list[0].Merchant != g.cafe {
		t.Errorf("%+v", list)
	}
	dev.wants(dev.post("/me/clients/"+client+"/delete", nil), 303, "")
	if p := dev.get("/me/clients"); strings.Contains(p.text, client) {
		t.Error("the deleted client is still there")
	}
}

// The other language of a page that was posted is that page, on its way to the same place.
func TestAnotherLanguageLosesNothing(t *testing.T) {
	g := newGround(t)
	b := g.visitor()
	p := b.post("/sign-in", url.Values{"login": {"x@example.com"}, "password": {"y"}, "to": {"/me/payers"}})
	b.wants(p, 401, `href="/sign-in?lang=zh-CN&to=%2Fme%2Fpayers"`)
	b.signUp("ada@example.com")
	b.wants(b.post("/device", url.Values{"user_code": {"BBBB-BBBB"}}), 400, `href="/device?lang=zh-CN&user_code=BBBB-BBBB"`)
}

// Browsers keep what pages load, and ask whether it has changed.
func TestAssetsAreAskedForAnew(t *testing.T) {
	b := newGround(t).visitor()
	p := b.get("/web/assets/passkey.js")
	tag := p.header.Get("ETag")
	if tag == "" || p.header.Get("Cache-Control") != "no-cache" || !strings.HasPrefix(p.header.Get("Content-Type"), "text/javascript") {
		t.Fatalf("%v", p.header)
	}
	b.header.Set("If-None-Match", tag)
	b.wants(b.get("/web/assets/passkey.js"), 304, "")
	b.wants(b.get("/web/assets/page.css"), 200, "body")
	b.wants(b.get("/web/assets/other.js"), 404, "")
}
