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

	"github.com/florinpay/florin/internal/grant"
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

// An owner gives and takes roles; nobody else sees the page, and nobody raises themself.
func TestStaffIsAppointedByAnOwner(t *testing.T) {
	g := newGround(t)
	owner, bob := g.visitor().signUp("owner@example.com"), g.visitor().signUp("bob@example.com")
	bob.wants(bob.get("/me/staff"), 200, english.plain["staff_none"])
	person, err := g.persons.Named(t.Context(), "owner@example.com")
	g.must(err)
	g.must(g.persons.Appoint(t.Context(), person.ID, g.cafe, identity.Owner, identity.Browser{}))
	g.clock.move(6 * time.Second) // sessions are remembered for five
	if p := owner.get("/me/staff"); p.status != 303 || !strings.HasPrefix(p.to, "/step-up") {
		t.Fatalf("an owner by password alone: %d %s", p.status, p.to)
	}
	secret := owner.enrolls()
	owner.wants(owner.proves(secret, "/me/staff"), 303, "")
	owner.wants(owner.get("/me/staff"), 200, "owner@example.com")
	form := func(login string, role identity.Role) url.Values {
		return url.Values{"merchant": {string(g.cafe)}, "login": {login}, "role": {string(role)}}
	}
	owner.wants(owner.post("/me/staff", form("nobody@example.com", identity.Support)), 400, "Ask them to sign up first")
	owner.wants(owner.post("/me/staff", form("bob@example.com", "king")), 400, "")
	owner.wants(owner.post("/me/staff", form("bob@example.com", identity.Developer)), 303, "")
	owner.wants(owner.get("/me/staff"), 200, "bob@example.com")
	g.clock.move(6 * time.Second)
	bob.wants(bob.get("/me/staff"), 200, english.plain["staff_none"])
	bob.wants(bob.get("/me/clients"), 200, "Café <Noir>")
	bob.wants(bob.post("/me/staff", form("bob@example.com", identity.Owner)), 403, "Your role does not allow this")
	bob.wants(bob.post("/me/staff", form("nobody@example.com", identity.Owner)), 403, "Your role does not allow this")
	stranger := g.visitor().signUp("eve@example.com")
	stranger.wants(stranger.post("/me/staff", form("bob@example.com", identity.Owner)), 404, "")
	stranger.wants(stranger.post("/me/staff", url.Values{"login": {"eve@example.com"}, "role": {"operator"}}), 404, "")
	owner.wants(owner.post("/me/staff/end", url.Values{"merchant": {string(g.cafe)}, "person": {string(person.ID)}}), 409, "last owner")
	known, err := g.persons.Named(t.Context(), "bob@example.com")
	g.must(err)
	owner.wants(owner.post("/me/staff/end", url.Values{"merchant": {string(g.cafe)}, "person": {string(known.ID)}}), 303, "")
	bob.wants(bob.get("/me/clients"), 200, english.plain["clients_no_merchant"])
}

// Who gives a payer profile up leaves nothing behind that may spend from it.
func TestWhoLeavesLeavesNothingAllowed(t *testing.T) {
	g := newGround(t)
	ada := g.visitor().signUp("ada@example.com")
	payer := ada.becomes()
	ada.asks("authorization_details", "")
	ada.wants(ada.post("/consent", url.Values{"decision": {"allow"}, "as": {string(payer)}, "scope": {"payments:read"}}), 303, "")
	ada.wants(ada.post("/me/security/close", nil), 400, "Tick that you are sure")
	ada.wants(ada.post("/me/security/close", url.Values{"sure": {"1"}}), 409, "roles")
	ada.wants(ada.post("/me/payers/"+string(payer)+"/unlink", nil), 303, "")
	for _, one := range g.given("ada@example.com") {
		if one.State != grant.Revoked {
			t.Errorf("%+v outlives its payer", one)
		}
	}
	ada.asks("authorization_details", "", "scope", "openid email")
	ada.wants(ada.post("/consent", url.Values{"decision": {"allow"}, "scope": {"openid", "email"}}), 303, "")
	person, err := g.persons.Named(t.Context(), "ada@example.com")
	g.must(err)
	ada.wants(ada.post("/me/security/close", url.Values{"sure": {"1"}}), 200, "The account is closed")
	list, err := g.grants.OfPerson(t.Context(), person.ID)
	g.must(err)
	if len(list) != 2 || list[0].State != grant.Revoked {
		t.Errorf("after closing: %+v", list)
	}
	if p := ada.get("/me"); p.status != 303 || !strings.HasPrefix(p.to, "/sign-in") {
		t.Errorf("still in: %d %s", p.status, p.to)
	}
	ada.wants(ada.post("/sign-in", url.Values{"login": {"ada@example.com"}, "password": {phrase}}), 401, "Signing in failed")
}

// The key of an app is a picture, too, for the camera of another device.
func TestTheKeyIsAPicture(t *testing.T) {
	b := newGround(t).visitor().signUp("ada@example.com")
	b.wants(b.post("/me/security/totp", nil), 200, `src="data:image/png;base64,iVBOR`)
}
