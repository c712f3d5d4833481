package oauth

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/florinpay/florin/internal/fault"
)

// Fail is a refusal in OAuth's words. Source: RFC 6749 §5.2.
type Fail struct {
	Code     string // from the standards' lists
	Text     string // safe to show; says the cure where that helps no attacker
	Status   int    // of HTTP
	Redirect string // where the browser takes the refusal; "": show it to the person
	base     *Fail
}

func (f *Fail) Error() string { return f.Code + ": " + f.Text }

// Is makes a refined refusal equal to the one that it came from.
func (f *Fail) Is(target error) bool {
	t, ok := target.(*Fail)
	for ; ok && f != nil; f = f.base {
		if f == t {
			return true
		}
	}
	return false
}

// to is a copy that the browser takes to an address.
func (f *Fail) to(redirect string) *Fail {
	c := *f
	c.base, c.Redirect = f, redirect
	return &c
}

// Challenge is the value of WWW-Authenticate for a refusal of a token sent by scheme.
// Source: RFC 6750 §3, RFC 9449 §7.1.
func (f *Fail) Challenge(scheme string) string {
	if !strings.EqualFold(scheme, "Bearer") {
		return `DPoP error="` + f.Code + `", error_description="` + f.Text + `", algs="` + strings.Join(algNames, " ") + `"`
	}
	return `Bearer error="` + f.Code + `", error_description="` + f.Text + `"`
}

func fail(code, text string) *Fail {
	status := http.StatusBadRequest
	switch code {
	case "invalid_client", "invalid_token":
		status = http.StatusUnauthorized
	case "insufficient_scope":
		status = http.StatusForbidden
	}
	return &Fail{Code: code, Text: text, Status: status}
}

func invalid(text string) *Fail { return fail("invalid_request", text) }

var (
	errClient  = fail("invalid_client", "The client could not be authenticated.")
	errGrant   = fail("invalid_grant", "The grant is invalid, expired, revoked or another client's.")
	errProof   = fail("invalid_dpop_proof", "Send a DPoP proof.")
	errServer  = &Fail{Code: "server_error", Text: "Something broke on our side.", Status: http.StatusInternalServerError}
	errStorage = &Fail{Code: "temporarily_unavailable", Text: "The server cannot answer now. Try again.", Status: http.StatusServiceUnavailable}

	// ErrFinished refuses what a person does on a page that has served: the request was
	// decided already, or its time is over.
	ErrFinished = invalid("This request is finished or has expired. Start again from the application.")
)

// failOf turns any error into a refusal; the cause stays inside. No error gives nil.
func failOf(err error) *Fail {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Fail](err); ok {
		return f
	}
	if fault.Of(err).Kind == fault.Unavailable {
		return errStorage
	}
	return errServer
}

// answer writes JSON that nobody may keep. Source: RFC 6749 §5.1.
func answer(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	if v == nil {
		w.WriteHeader(status)
		return
	}
	body, err := json.Marshal(v)
	if err != nil { // our own maps and structs: a bug
		panic("oauth: an answer does not marshal: " + err.Error())
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller has gone
}

func (f *Fail) write(w http.ResponseWriter) {
	if f.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	answer(w, f.Status, map[string]string{"error": f.Code, "error_description": f.Text})
}
