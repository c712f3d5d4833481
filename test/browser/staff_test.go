package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// An owner gives somebody a role on the page, and takes it away; who leaves for good
// closes the account.
func TestAnOwnerAppointsStaff(t *testing.T) {
	s := newSandbox(t)
	bob := newTab(t, 390, 844)
	bob.signUp(s.Issuer, "bob@example.com")
	b := newTab(t, 1280, 900)
	b.signUp(s.Issuer, "owner@example.com")
	s.florin("person", "appoint", "owner@example.com", "owner", "--merchant", s.Merchant)
	b.open(s.Issuer + "/me/staff")
	b.write(`input[type="email"]`, "nobody@example.com")
	b.click(`form[action="/me/staff"] button`)
	b.says("Ask them to sign up first")
	b.shoot("nobody")
	b.write(`input[type="email"]`, "bob@example.com")
	b.do(chromedp.SetValue(chromedp.CSS(`select[name="role"]`), "support"))
	b.click(`form[action="/me/staff"] button`)
	b.says("bob@example.com")
	b.shoot("staff")
	b.click(`li:last-child form[action="/me/staff/end"] button`)
	b.says("This is the last owner")
	b.click(`li:first-child form[action="/me/staff/end"] button`)
	b.do(chromedp.WaitNotPresent(chromedp.CSS("li:nth-child(2)")))
	bob.open(s.Issuer + "/me/security")
	bob.write("#password", "a phrase that nobody guesses")
	bob.click(`form[action="/me/security/password"] button`)
	bob.says("You have a password.")
	bob.click(`form[action="/me/security/totp"] button`)
	bob.until("img.qr")
	bob.shoot("totp")
	bob.open(s.Issuer + "/me/security")
	bob.shoot("close")
	bob.click("#sure")
	bob.click(`form[action="/me/security/close"] button`)
	bob.says("The account is closed")
	bob.open(s.Issuer + "/me")
	bob.at(s.Issuer + "/sign-in")
}
