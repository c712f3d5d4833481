package browser

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// sandbox is a running 'florin dev'.
type sandbox struct {
	t        *testing.T
	data     string
	URL      string `json:"url"`
	Issuer   string `json:"issuer"`
	Key      string `json:"sandbox_key"`
	Merchant string `json:"merchant_id"`
	Payer    string `json:"payer_id"`
	Wallet   string `json:"wallet_id"`
}

const patience = 30 * time.Second

// binary is the program under test.
func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("FLORIN_BINARY")
	if path == "" {
		t.Fatal("FLORIN_BINARY must name the florin to test: run 'make interop'")
	}
	return path
}

// newSandbox starts a sandbox with further flags.
func newSandbox(t *testing.T, flags ...string) *sandbox {
	t.Helper()
	s := &sandbox{t: t, data: t.TempDir()}
	ready := filepath.Join(s.data, "ready.json")
	server := exec.Command(binary(t), append([]string{"dev", "--data", s.data, "--listen", "127.0.0.1:0", "--ready-file", ready}, flags...)...)
	server.Stderr = os.Stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(os.Interrupt)
		_ = server.Wait()
	})
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		text, err := os.ReadFile(ready)
		if err == nil && json.Unmarshal(text, s) == nil {
			return s
		}
		if time.Since(began) > patience {
			t.Fatal("the server is not ready")
		}
	}
}

// florin runs a command of the binary on the sandbox's data.
func (s *sandbox) florin(args ...string) string {
	s.t.Helper()
	out, err := exec.Command(binary(s.t), append(args, "--data", s.data)...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("florin %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// tab is one page of Chromium with an authenticator of its own.
type tab struct {
	t             *testing.T
	ctx           context.Context
	authenticator webauthn.AuthenticatorID
}

func newTab(t *testing.T, width, height int) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.WindowSize(width, height), chromedp.UserDataDir(t.TempDir()))
	if path, err := exec.LookPath("chromium"); err == nil {
		options = append(options, chromedp.ExecPath(path))
	}
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	b := &tab{t: t, ctx: ctx}
	b.do(chromedp.Navigate("about:blank"))
	_, err := chromedp.Run(ctx, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return chromedp.Void{}, err
		}
		made, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}})
		b.authenticator = made.AuthenticatorID
		return chromedp.Void{}, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// verifies says whether the authenticator finds its user from now on.
func (b *tab) verifies(yes bool) {
	b.t.Helper()
	_, err := chromedp.Run(b.ctx, func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: b.authenticator, IsUserVerified: yes})
		return chromedp.Void{}, err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if b.ctx.Err() == nil && chromedp.FromContext(b.ctx).Target == nil {
		ctx = b.ctx // the first step starts the browser, which lives as long as its context
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.shoot("failed")
		b.t.Fatalf("%v\nat %s:\n%s", err, b.where(), b.text())
	}
}

func (b *tab) open(url string)        { b.t.Helper(); b.do(chromedp.Navigate(url)) }
func (b *tab) click(css string)       { b.t.Helper(); b.do(chromedp.Click(chromedp.CSS(css))) }
func (b *tab) write(css, text string) { b.t.Helper(); b.do(chromedp.SetValue(chromedp.CSS(css), text)) }
func (b *tab) until(css string)       { b.t.Helper(); b.do(chromedp.WaitVisible(chromedp.CSS(css))) }

// opens opens everything on the page that is folded.
func (b *tab) opens() {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[int](`document.querySelectorAll("details").forEach(d => d.open = true) ?? 0`)); err != nil {
		b.t.Fatal(err)
	}
}

// overflow reports whether the page must be moved sideways to be read.
func (b *tab) overflow() bool {
	b.t.Helper()
	wide, err := chromedp.Run(b.ctx, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > innerWidth`))
	if err != nil {
		b.t.Fatal(err)
	}
	return wide
}

func (b *tab) where() string {
	url, _ := chromedp.Run(b.ctx, chromedp.Location())
	return url
}

func (b *tab) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Text(chromedp.CSS("body")))
	return text
}

// at waits until the tab is where an address begins with prefix.
func (b *tab) at(prefix string) {
	b.t.Helper()
	for began := time.Now(); !strings.HasPrefix(b.where(), prefix); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > patience {
			b.shoot("failed")
			b.t.Fatalf("the page is %s, not %s:\n%s", b.where(), prefix, b.text())
		}
	}
}

// says waits until the page has a text.
func (b *tab) says(words string) {
	b.t.Helper()
	for began := time.Now(); !strings.Contains(b.text(), words); time.Sleep(50 * time.Millisecond) {
		if time.Since(began) > patience {
			b.t.Fatalf("the page never says %q:\n%s", words, b.text())
		}
	}
}

// shoot keeps a picture, if FLORIN_KEEP_SCREENSHOTS names a folder.
func (b *tab) shoot(name string) {
	folder := os.Getenv("FLORIN_KEEP_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, strings.ReplaceAll(b.t.Name(), "/", "_")+"_"+name+".png"), picture, 0o600)
	}
	if err != nil {
		b.t.Logf("no picture: %v", err)
	}
}

// signUp makes somebody new by a passkey.
func (b *tab) signUp(issuer, login string) {
	b.t.Helper()
	b.open(issuer + "/sign-up?to=/me/security")
	b.write("#login", login)
	b.write("#name", "Ada Lovelace")
	b.shoot("sign-up")
	b.click("[data-passkey-button]")
	b.at(issuer + "/me/security")
}

// A passkey signs up and in; one whose user was not verified does neither; a revoked one
// opens nothing.
func TestPasskeys(t *testing.T) {
	s := newSandbox(t)
	b := newTab(t, 1280, 900)
	b.verifies(false)
	b.open(s.Issuer + "/sign-up")
	b.write("#login", "eve@example.com")
	b.write("#name", "Eve")
	b.click("[data-passkey-button]")
	b.until("[data-passkey-problem]:not([hidden])")
	b.verifies(true)
	b.signUp(s.Issuer, "ada@example.com")
	b.shoot("security")
	b.click("header form button")
	b.at(s.Issuer + "/sign-in")
	b.verifies(false)
	b.click("[data-passkey-button]")
	b.until("[data-passkey-problem]:not([hidden])")
	b.shoot("not-verified")
	b.verifies(true)
	b.click("[data-passkey-button]")
	b.at(s.Issuer + "/me")
	b.shoot("me")
	b.open(s.Issuer + "/me/sessions")
	b.says("this browser")
	b.says("Signed up")
	b.shoot("sessions")
}

// Whoever manages a merchant's clients registers one on the page, and its secret works.
func TestADeveloperRegistersAClient(t *testing.T) {
	s := newSandbox(t)
	b := newTab(t, 1280, 900)
	b.signUp(s.Issuer, "dev@example.com")
	s.florin("person", "appoint", "dev@example.com", "developer", "--merchant", s.Merchant)
	b.open(s.Issuer + "/me/clients")
	b.write("#client-name", "Bookkeeping")
	b.click(`input[name="scope"][value="payments:read"]`)
	b.click(`input[name="own"]`)
	b.shoot("clients")
	b.click(`main form:last-of-type button.primary`)
	b.says("Client secret")
	b.shoot("secret")
	words := strings.Fields(b.text())
	id, secret := "", ""
	for i, w := range words {
		if strings.HasPrefix(w, "client_") {
			id = w
		}
		if w == "secret" && i+1 < len(words) && len(words[i+1]) == 43 {
			secret = words[i+1]
		}
	}
	status, out := call(t, "POST", s.Issuer+"/oauth/token", "", url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}})
	if status == 200 {
		t.Fatal("a secret in the body was taken")
	}
	r, _ := http.NewRequestWithContext(t.Context(), "POST", s.Issuer+"/oauth/token", strings.NewReader("grant_type=client_credentials"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, secret)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != 200 {
		t.Errorf("the registered client %s gets no token: %d %v", id, a.StatusCode, out)
	}
	b.click(`header nav a[lang="zh-CN"]`)
	b.says("我的页面")
}
