package identity

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/label"
)

// State is where a person stands: active, then closed for good.
type State string

// The states of a person.
const (
	Active State = "active"
	Closed State = "closed"
)

// Locale is the language that a person reads. Source: RFC 5646.
type Locale string

// The languages of the pages.
const (
	English Locale = "en"
	Chinese Locale = "zh-CN"
)

// Limits of a person's texts, in characters.
const (
	NameMax  = 100
	LoginMax = 254 // RFC 5321 §4.5.3.1.3, without the angle brackets
)

// Person is somebody who signs in.
type Person struct {
	ID        id.Person
	Login     string // in the form of an e-mail address, lower case, of one person only
	CreatedAt time.Time
	Name      string
	Locale    Locale
	State     State
}

// Draft is a person to be.
type Draft struct {
	Login    string
	Name     string
	Locale   Locale
	Password string // not for those who begin with a passkey
}

var (
	// ErrLoginTaken: a login is one person's, also after they have closed.
	ErrLoginTaken = fault.New(fault.Conflict, "login_taken", "The login is taken. Sign in, or choose another.")
	// ErrInUse: what a person holds for others must be given up by intention.
	ErrInUse = fault.New(fault.Conflict, "person_in_use", "The person still has roles or payers. Give up the roles and unlink the payers first.")
)

// newPerson makes the person of d, without a way in. Error: fault.ErrInvalid with fields.
func newPerson(d Draft, now time.Time) (personRow, error) {
	login, ok := normalLogin(d.Login)
	bad := fault.ErrInvalid
	if !ok {
		bad = bad.WithField("/login", "invalid_login", "Send an address such as ada@example.com.")
	}
	bad = checkProfile(bad, d.Name, d.Locale)
	if len(bad.Fields) > 0 {
		return personRow{}, bad
	}
	return personRow{Person: Person{
		ID: id.New[id.Person](now), Login: login, CreatedAt: now, Name: d.Name, Locale: d.Locale, State: Active,
	}}, nil
}

func checkProfile(bad *fault.Fault, name string, locale Locale) *fault.Fault {
	if !label.Shown(name) || utf8.RuneCountInString(name) > NameMax {
		bad = bad.WithField("/name", "invalid_text", fmt.Sprintf("Send 1 to %d characters without control characters.", NameMax))
	}
	if locale != English && locale != Chinese {
		bad = bad.WithField("/locale", "invalid_locale", "Send en or zh-CN.")
	}
	return bad
}

// normalLogin is the one way to write a login, and whether it has the form of an
// address. Only ASCII: two logins must not look alike.
func normalLogin(s string) (login string, ok bool) {
	if len(s) > 2*LoginMax {
		return "", false
	}
	s = strings.ToLower(strings.TrimSpace(s))
	local, domain, found := strings.Cut(s, "@")
	if !found || local == "" || domain == "" || len(s) > LoginMax {
		return "", false
	}
	for _, c := range []byte(local) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),:;<>@[\]`, c) >= 0 {
			return "", false
		}
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
	}
	return s, true
}
