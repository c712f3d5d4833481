package card

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// mask is all that a secret ever prints.
const mask = "****"

// errHidden is a bug at the call, not a caller's mistake: doors answer it as an
// internal fault.
var errHidden = errors.New("card: a card number or CVV cannot be encoded; keep it in the vault and use its token")

// secret hides digits. Its methods reach [Number] and [CVV] by embedding. The
// zero secret is empty and as silent as any other.
//
// fmt ignores Format and String on unexported fields of a parent struct, and
// some dumpers follow pointers there. None can look into a closure, so the
// pointer to the digits lies in one.
type secret struct{ place func() *[]byte }

// conceal takes digits over; the caller forgets them.
func conceal(digits []byte) secret {
	return secret{func() *[]byte { return &digits }}
}

func (s secret) digits() []byte {
	if s.place == nil {
		return nil
	}
	return *s.place()
}

// IsZero reports whether there are no digits: never parsed, or wiped.
func (s secret) IsZero() bool { return len(s.digits()) == 0 }

// Reveal gives the digits. Only the vault and the connectors may call it, and
// the string must not outlive their work: nothing can wipe a string.
func (s secret) Reveal() string { return string(s.digits()) }

// Wipe overwrites the digits with zeros and forgets them, in every copy of the
// value at once. It is a best effort: strings that were parsed or revealed stay
// until the garbage collector takes them. Not for concurrent use with Reveal.
func (s secret) Wipe() {
	if s.place == nil {
		return
	}
	digits := s.place()
	clear(*digits)
	*digits = nil
}

// Format prints **** under every verb and flag.
func (s secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, mask) }

// String is ****.
func (s secret) String() string { return mask }

// GoString is ****, for printers that do not ask Format.
func (s secret) GoString() string { return mask }

// LogValue is ****.
func (s secret) LogValue() slog.Value { return slog.StringValue(mask) }

// MarshalText always fails.
func (s secret) MarshalText() ([]byte, error) { return nil, errHidden }

// MarshalJSON always fails.
func (s secret) MarshalJSON() ([]byte, error) { return nil, errHidden }

// MarshalXML always fails.
func (s secret) MarshalXML(*xml.Encoder, xml.StartElement) error { return errHidden }

// MarshalBinary always fails.
func (s secret) MarshalBinary() ([]byte, error) { return nil, errHidden }

// GobEncode always fails.
func (s secret) GobEncode() ([]byte, error) { return nil, errHidden }
