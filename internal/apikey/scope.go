package apikey

import (
	"fmt"
	"slices"
	"strings"

	"github.com/florinpay/florin/internal/fault"
)

// scopeNames is the closed list, in alphabetic order. Names, not places in this
// list, are stored.
var scopeNames = []string{
	"cards:read", "cards:write",
	"disputes:read", "disputes:write",
	"events:read",
	"grants:read", "grants:write",
	"keys:read", "keys:write",
	"ledger:read", "ledger:read_all",
	"merchants:read",
	"payers:read", "payers:write",
	"payments:read", "payments:write",
	"refunds:read", "refunds:write",
	"sandbox:write",
	"wallets:read", "wallets:write",
	"webhooks:read", "webhooks:write",
}

// Scopes is a set of what a key may do, such as "payments:write": a bit for each
// name of the closed list. The zero Scopes may do nothing.
type Scopes uint32

// AllScopes holds every scope there is.
func AllScopes() Scopes { return 1<<len(scopeNames) - 1 }

// ParseScopes makes the set of names; the same name may come twice.
// Error: fault.ErrInvalid with a field for each name that is not in the closed list.
func ParseScopes(names []string) (Scopes, error) {
	var s Scopes
	var bad *fault.Fault
	for i, name := range names {
		bit := bitOf(name)
		if bit == 0 {
			bad = invalid(bad, fmt.Sprintf("/scopes/%d", i), "unknown_scope", "There is no such scope. Use one of: "+strings.Join(scopeNames, ", ")+".")
		}
		s |= bit
	}
	if bad != nil {
		return 0, bad
	}
	return s, nil
}

// ScopesOf makes the set of those names that are in the closed list.
func ScopesOf(names []string) Scopes {
	var s Scopes
	for _, name := range names {
		s |= bitOf(name)
	}
	return s
}

// Has reports whether name is in the set.
func (s Scopes) Has(name string) bool { return s&bitOf(name) != 0 }

// Within reports whether other holds everything that s does. A key must not
// make, rotate or hand out a key that can do more than itself.
func (s Scopes) Within(other Scopes) bool { return s&^other == 0 }

// List is the names in the set, in alphabetic order.
func (s Scopes) List() []string {
	var names []string
	for i, name := range scopeNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String is the names with a space between: OAuth's way (RFC 6749 §3.3), and
// how the database keeps them.
func (s Scopes) String() string { return strings.Join(s.List(), " ") }

// stored undoes String. A name that is no longer in the list gives nothing.
func stored(text string) Scopes {
	return ScopesOf(strings.Split(text, " "))
}

func bitOf(name string) Scopes {
	if i, found := slices.BinarySearch(scopeNames, name); found {
		return 1 << i
	}
	return 0
}

// invalid adds a bad place to f, which may be nil.
func invalid(f *fault.Fault, pointer, code, detail string) *fault.Fault {
	if f == nil {
		f = fault.ErrInvalid
	}
	return f.WithField(pointer, code, detail)
}
