package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/identity"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/oauth"
	"github.com/florinpay/florin/internal/webhook"
)

// words are the sentences of one language. A test holds that both have the same.
type words struct {
	plain    map[string]string // by their short name; %s and %d take what is said of
	scopes   map[string]string // what each scope lets a client do
	roles    map[identity.Role]string
	refusals map[string]string // by code; a language without one shows the room's own sentence
	records  map[string]string // what happened, by the kind of its record
	results  map[string]string // why it did not, by the record's result
	failures map[string]string // why an attempt to deliver an event failed, by its error; as refusals
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
	Detail string // what a developer can mend it by, in the room's own English; "": Text says all
	Fields []fieldProblem
}

type fieldProblem struct{ Name, Text string }

// sentence is all of it at once, for a module that marks no fields.
func (p *problem) sentence() string {
	if len(p.Fields) == 0 {
		return p.Text
	}
	texts := make([]string, len(p.Fields))
	for i, f := range p.Fields {
		texts[i] = f.Text
	}
	return strings.Join(texts, " ")
}

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
	return or(spoken[v.lang].scopes[name], name)
}

// or is the first text that says something.
func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// Record says what happened.
func (v *visit) Record(r identity.Record) string { return or(spoken[v.lang].records[r.Kind], r.Kind) }

// Result says how that ended.
func (v *visit) Result(r identity.Record) string {
	return or(spoken[v.lang].results[r.Result], r.Result)
}

// Why says why an attempt to deliver an event failed.
func (v *visit) Why(a webhook.Attempt) string {
	code := a.Error
	if a.StatusCode >= 400 {
		code = "status"
	}
	return or(spoken[v.lang].failures[code], a.Detail)
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

// Exact shows a moment to the second.
func (v *visit) Exact(t time.Time) string {
	return t.UTC().Format(spoken[v.lang].date+" 15:04:05") + " UTC"
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
		if errors.Is(f, oauth.ErrUserCode) {
			return &problem{Text: say("user_code_wrong", f.Text)} // by its own code it is any bad request
		}
		p := &problem{Text: say("oauth_"+f.Code, f.Text)}
		if p.Text != f.Text && f.Status == http.StatusBadRequest && !errors.Is(f, oauth.ErrFinished) {
			p.Detail = f.Text
		}
		return p
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

// Wrong says what is wrong with a field; no text for nothing.
func (m view) Wrong(name string) fieldProblem {
	if m.Problem != nil {
		for _, f := range m.Problem.Fields {
			if f.Name == name {
				return f
			}
		}
	}
	return fieldProblem{}
}

// Invalid reports whether something is wrong with a field, as aria-invalid wants to know.
func (m view) Invalid(name string) bool { return m.Wrong(name).Text != "" }

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
	for _, name := range []string{"to", "user_code"} { // where one is going, and what has brought one here
		if text := v.r.PostFormValue(name); text != "" {
			q.Set(name, text)
		}
	}
	return v.origin() + "?" + q.Encode()
}
