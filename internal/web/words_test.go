package web

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/oauth"
)

// gather finds what a pattern's group names in the sources of a room.
func gather(t *testing.T, pattern string, globs ...string) (list []string) {
	t.Helper()
	for _, glob := range globs {
		files, err := filepath.Glob(glob)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", glob, err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
				if !strings.HasSuffix(f, "_test.go") {
					list = append(list, m[1])
				}
			}
		}
	}
	if len(list) == 0 {
		t.Fatalf("%s finds nothing: the sources are written otherwise", pattern)
	}
	return list
}

// Every refusal that a page can show has its sentence in Chinese, and everything that the
// audit trail can say in both languages.
func TestWhatTheRoomsSayHasItsWords(t *testing.T) {
	needs := func(what string, said map[string]string, names []string) {
		t.Helper()
		for _, name := range names {
			if said[name] == "" {
				t.Errorf("there are no words for the %s %s", what, name)
			}
		}
	}
	rooms := []string{"../identity/*.go", "../grant/*.go", "../webhook/*.go"}
	needs("refusal", chinese.refusals, gather(t, `fault\.New\(fault\.\w+, "(\w+)"`, rooms...))
	needs("field's refusal", chinese.refusals, gather(t, `WithField\([^,]+, "(\w+)"`, rooms...))
	needs("password's refusal", chinese.refusals, gather(t, `\bbad\("(\w+)"`, "../identity/password.go"))
	needs("refusal", chinese.refusals, []string{fault.ErrInvalid.Code, fault.ErrNotFound.Code, fault.ErrInternal.Code, fault.ErrUnavailable.Code})
	needs("refusal", chinese.refusals, []string{"unknown_type", "moment_bad", "span_backwards"})
	needs("failure", chinese.failures, append(gather(t, `(?:return|Detail =) "(\w+)", "`, "../webhook/send.go"), "status"))
	var shown []string // what pages call, and what that calls
	for _, name := range []string{"authorize", "client", "decide", "detail", "device", "draft", "fail", "object", "parameters", "push", "register"} {
		shown = append(shown, "../oauth/"+name+".go")
	}
	programs := []string{"invalid_client", "invalid_token", "insufficient_scope", "invalid_grant", "invalid_dpop_proof", "authorization_pending"} // are told to programs only
	for _, code := range append(gather(t, `\b(?:fail\(|Code: )"(\w+)"`, shown...), "invalid_request", "invalid_client_metadata") {
		if !slices.Contains(programs, code) {
			needs("refusal", chinese.refusals, []string{"oauth_" + code})
		}
	}
	for _, w := range []*words{&english, &chinese} {
		needs("record", w.records, gather(t, `(?:Kind: |note\(tx, b, )"([a-z_.]+)"`, "../identity/*.go"))
		needs("result", w.results, append(gather(t, `\bwhy\w+ += "(\w+)"`, "../identity/lockout.go"), "ok"))
	}
}

// A word that nothing says is one that nobody reads before it is wrong.
func TestNoWordIsIdle(t *testing.T) {
	var all strings.Builder
	for _, glob := range []string{"*.go", "pages/*.html"} {
		files, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if strings.HasPrefix(f, "words_") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	for name := range english.plain {
		if made := strings.HasPrefix(name, "title_") || strings.HasPrefix(name, "state_"); !made && !strings.Contains(all.String(), `"`+name+`"`) {
			t.Errorf("nothing says %s", name)
		}
	}
}

// What only a developer can mend is told in the room's own words beside ours; what is
// told to anybody is not.
func TestARefusalIsSaidInTheReadersLanguage(t *testing.T) {
	g := newGround(t)
	b := g.visitor().signUp("ada@example.com")
	b.cookies[langCookie] = string(identity.Chinese)
	p := b.get("/oauth/authorize?" + g.asking("redirect_uri", "https://evil.example/cb").Encode())
	b.wants(p, 400, chinese.refusals["oauth_invalid_request"])
	b.wants(p, 400, `lang="en">redirect_uri is not registered.`)
	b.wants(p, 400, `role="alert" tabindex="-1" autofocus`)
	for path, says := range map[string]string{"/consent": chinese.refusals["oauth_invalid_request"], "/device": chinese.refusals["user_code_wrong"]} {
		p := b.get("/consent")
		if path == "/device" {
			p = b.post(path, map[string][]string{"user_code": {"AAAA-AAAA"}})
		}
		if b.wants(p, 400, says); strings.Contains(p.text, oauth.ErrFinished.Text) || strings.Contains(p.text, oauth.ErrUserCode.Text) {
			t.Errorf("%s: English beside Chinese:\n%s", path, p.text)
		}
	}
	b.wants(b.get("/me/sessions"), 200, "注册")
	b.wants(b.post("/me/sessions/ses_x/end", nil), 404, chinese.refusals["not_found"])
	b.cookies[langCookie] = string(identity.English)
	b.wants(b.post("/me/sessions/ses_x/end", nil), 404, english.refusals["not_found"])
}
