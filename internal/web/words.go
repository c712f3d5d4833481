package web

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/oauth"
)

// words are the sentences of one language. A test holds that both have the same.
type words struct {
	plain    map[string]string // by their short name; %s and %d take what is said of
	scopes   map[string]string // what each scope lets a client do
	roles    map[identity.Role]string
	refusals map[string]string // by code; a language without one shows the room's own sentence
	units    map[rune][2]string
	date     string // layout
}

var spoken = map[identity.Locale]*words{identity.English: &english, identity.Chinese: &chinese}

// view is what a page shows.
type view struct {
	*visit
	Page    string
	Data    any
	Problem *problem
}

// problem is a refusal in the visitor's language, with the fields that are to be mended.
type problem struct {
	Text   string
	Fields []fieldProblem
}

type fieldProblem struct{ Name, Text string }

// T says a word in the visitor's language.
func (v *visit) T(key string, args ...any) string {
	text, there := spoken[v.lang].plain[key]
	if !there {
		panic("web: no word for " + key) // found by any test that opens the page
	}
	if len(args) > 0 {
		return fmt.Sprintf(text, args...)
	}
	return text
}

// Lang is the language of the page, as HTML names it.
func (v *visit) Lang() string { return string(v.lang) }

// Name is the platform's name.
func (v *visit) Name() string { return v.site.Name }

// Sandbox says that no money is real here.
func (v *visit) Sandbox() bool { return v.site.Sandbox }

// Login is who is signed in, "" for nobody.
func (v *visit) Login() string { return v.person.Login }

// Path is where the page is, for the links to its other languages.
func (v *visit) Path() string { return v.r.URL.Path }

// Title is the page's own.
func (m view) Title() string { return m.T("title_" + m.Page) }

// Scope says what a scope lets a client do.
func (v *visit) Scope(name string) string {
	if text, there := spoken[v.lang].scopes[name]; there {
		return text
	}
	return name
}

// Role names a role.
func (v *visit) Role(r identity.Role) string { return spoken[v.lang].roles[r] }

// Date shows a day, At a moment, both in UTC.
func (v *visit) Date(t time.Time) string { return t.UTC().Format(spoken[v.lang].date) }

// At shows a moment.
func (v *visit) At(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format(spoken[v.lang].date+" 15:04") + " UTC"
}

// Money shows an amount in major units.
func (v *visit) Money(minor int64, c money.Currency) string {
	return money.New(minor, c).Decimal() + " " + string(c)
}

// problem says a refusal in the visitor's language.
func (v *visit) problem(err error) *problem {
	known := spoken[v.lang].refusals
	say := func(code, text string) string {
		if said, there := known[code]; there {
			return said
		}
		return text
	}
	if f, ok := errors.AsType[*oauth.Fail](err); ok {
		return &problem{Text: say("oauth_"+f.Code, f.Text)}
	}
	f := fault.Of(err)
	p := &problem{Text: say(f.Code, f.Detail)}
	for _, field := range f.Fields {
		p.Fields = append(p.Fields, fieldProblem{strings.TrimPrefix(field.Pointer, "/"), say(field.Code, field.Detail)})
	}
	if len(p.Fields) > 0 {
		p.Text = v.T("mend_fields")
	}
	return p
}

// Wrong says what is wrong with a field, "" for nothing.
func (m view) Wrong(name string) string {
	if m.Problem == nil {
		return ""
	}
	for _, f := range m.Problem.Fields {
		if f.Name == name {
			return f.Text
		}
	}
	return ""
}

// OtherLang is the language that the page can be read in, too.
func (v *visit) OtherLang() string {
	if v.lang == identity.Chinese {
		return string(identity.English)
	}
	return string(identity.Chinese)
}

// OtherLanguage is where the page is in its other language; one that was posted is opened anew.
func (v *visit) OtherLanguage() string {
	q := v.r.URL.Query()
	q.Set("lang", v.OtherLang())
	return v.origin() + "?" + q.Encode()
}
