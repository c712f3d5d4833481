package payer

import (
	"fmt"
	"maps"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/label"
)

// Limits of a payer's texts, in characters, and of its metadata.
const (
	NameMax          = 200
	EmailMax         = 254 // RFC 5321 §4.5.3.1.3, without the angle brackets
	ReferenceMax     = 100
	MetadataMax      = 50 // pairs
	MetadataKeyMax   = 40
	MetadataValueMax = 500
)

// Payer pays one merchant.
type Payer struct {
	ID        id.Payer
	Merchant  id.Merchant
	Live      bool
	CreatedAt time.Time
	Name      string
	Email     string            // "" if not given
	Reference string            // the merchant's own
	Metadata  map[string]string // the merchant's own
	Sequence  int64             // of the last event about it
}

// Draft is a payer to be.
type Draft struct {
	Merchant  id.Merchant
	Live      bool
	Name      string
	Email     string
	Reference string
	Metadata  map[string]string
	Once      *idempotency.Key // nil: a retry would make another payer
	Origin    event.Origin
}

// newPayer makes the payer of d. Error: fault.ErrInvalid with fields.
func newPayer(d Draft, now time.Time) (Payer, error) {
	if err := d.check(); err != nil {
		return Payer{}, err
	}
	return Payer{
		ID: id.New[id.Payer](now), Merchant: d.Merchant, Live: d.Live, CreatedAt: now,
		Name: d.Name, Email: d.Email, Reference: d.Reference, Metadata: maps.Clone(d.Metadata),
	}, nil
}

func (d Draft) check() error {
	bad := fault.ErrInvalid
	for _, x := range []struct {
		pointer, text string
		max           int
	}{
		{"/name", d.Name, NameMax},
		{"/email", d.Email, EmailMax},
		{"/reference", d.Reference, ReferenceMax},
	} {
		if !label.Plain(x.text) || utf8.RuneCountInString(x.text) > x.max {
			bad = bad.WithField(x.pointer, "invalid_text", fmt.Sprintf("Send at most %d characters without control characters.", x.max))
		}
	}
	if d.Email != "" && !isAddress(d.Email) {
		bad = bad.WithField("/email", "invalid_email", "Send an address such as ada@example.com, or nothing.")
	}
	if bad = checkMetadata(bad, d.Metadata); len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

func checkMetadata(bad *fault.Fault, metadata map[string]string) *fault.Fault {
	if len(metadata) > MetadataMax {
		return bad.WithField("/metadata", "too_many", fmt.Sprintf("Send at most %d pairs.", MetadataMax))
	}
	for key, value := range metadata {
		if key == "" || !label.Plain(key) || utf8.RuneCountInString(key) > MetadataKeyMax {
			return bad.WithField("/metadata", "invalid_key", fmt.Sprintf("Send keys of 1 to %d characters without control characters.", MetadataKeyMax))
		}
		if !utf8.ValidString(value) || utf8.RuneCountInString(value) > MetadataValueMax {
			return bad.WithField("/metadata/"+escape(key), "invalid_text", fmt.Sprintf("Send at most %d characters.", MetadataValueMax))
		}
	}
	return bad
}

// escape makes a reference token of a JSON pointer (RFC 6901 §3).
func escape(token string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(token) }

// isAddress looks for the plain form only: whether mail arrives, only mail can tell.
func isAddress(s string) bool {
	local, domain, found := strings.Cut(s, "@")
	return found && local != "" && domain != "" && !strings.ContainsAny(domain, "@ ") && !strings.Contains(local, " ")
}
