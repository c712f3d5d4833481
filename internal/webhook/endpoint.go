package webhook

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/label"
)

// Status is whether an endpoint gets anything.
type Status string

// The statuses of an endpoint.
const (
	Enabled  Status = "enabled"
	Disabled Status = "disabled"
	deleted  Status = "deleted" // its row stays, for its deliveries to be read
)

// Reasons for which an endpoint is disabled.
const (
	Gone      = "gone"      // it answered 410
	Exhausted = "exhausted" // nothing got through for as long as it is tried
	Requested = "requested"
)

// Limits of endpoints.
const (
	EndpointsMax       = 50 // of one merchant in one mode
	concurrencyMax     = 32
	concurrencyDefault = 8
	typesMax           = 50
	descriptionMax     = 200 // characters
)

// Faults of endpoints.
var (
	ErrTooMany  = fault.New(fault.Conflict, "webhook_endpoints_too_many", "The merchant has 50 webhook endpoints, which is all it may have. Delete one first.")
	ErrRotating = fault.New(fault.Conflict, "webhook_secret_rotating", "The secret was rotated, and until rotated_until deliveries carry the signatures of both. Rotate then, or at once with overlap_seconds 0: the older secrets end with that.")
	ErrNotShown = fault.New(fault.Conflict, "webhook_secret_not_shown", "The webhook endpoint was made, but its secret is not shown any more: a retry shows it to the credential that asked first, until it is rotated. Rotate it to get one.")
	ErrDisabled = fault.New(fault.Conflict, "webhook_endpoint_disabled", "The webhook endpoint is disabled. Enable it first.")
)

// Endpoint is a URL of a merchant's to which events are delivered.
type Endpoint struct {
	ID        id.Endpoint
	Merchant  id.Merchant
	Live      bool
	CreatedAt time.Time
	After     int64 // events with a higher number are delivered
	Settings
	Status         Status
	DisabledReason string
	DisabledAt     time.Time
	PublicKey      string
	RotatedUntil   time.Time // deliveries carry the signatures of the secret before, too
	FailingSince   time.Time // every attempt has failed since; zero: the last one did not
	Sequence       int64     // of the last event about it
	Maker          string    // the credential that its secret was shown to

	secret, before []byte // sealed
}

// Settings are what a merchant says of an endpoint.
type Settings struct {
	URL         string
	Description string
	Types       []string // of the events it gets; empty: all
	Version     string   // of the payloads
	Thin        bool     // they name their object and do not hold it
	Ordered     bool     // of each object an event is delivered only after those before it
	Concurrency int      // most deliveries at once
}

// wants reports whether an event of that type and number is delivered: to one that is
// disabled, when it is enabled again, what happened before it was disabled.
func (e *Endpoint) wants(kind string, sequence int64) bool {
	return sequence > e.After && (e.Status == Enabled || sequence < e.Sequence) && (&event.Interest{Types: e.Types}).OfType(kind)
}

// Owner is whose endpoints they are.
type Owner struct {
	Merchant id.Merchant
	Live     bool
}

// Draft is an endpoint to be.
type Draft struct {
	Owner
	Settings
	Maker  string // the credential that asks, which a retry is shown the secret again
	Once   *idempotency.Key
	Origin event.Origin
}

// check completes settings and refuses what cannot be. Error: fault.ErrInvalid with fields.
// The URL was judged already if it is the one before.
func (s *Settings) check(t Targets, before string) error {
	bad := fault.ErrInvalid
	if why := t.Check(s.URL); why != "" && s.URL != before {
		bad = bad.WithField("/url", "not_allowed", why)
	}
	if utf8.RuneCountInString(s.Description) > descriptionMax {
		bad = bad.WithField("/description", "too_long", fmt.Sprintf("Send at most %d characters.", descriptionMax))
	} else if s.Description != "" && !label.Shown(s.Description) {
		bad = bad.WithField("/description", "not_printable", "Send text without control characters.")
	}
	if len(s.Types) > typesMax {
		bad = bad.WithField("/types", "too_many", fmt.Sprintf("Send at most %d, or none for all.", typesMax))
	}
	for i, kind := range s.Types {
		if !event.Wanted(kind) {
			bad = bad.WithField(fmt.Sprintf("/types/%d", i), "unknown_type", "There is no such type of events. They are listed at /docs/events.")
		}
	}
	if s.Version == "" {
		s.Version = event.Version
	}
	if event.CheckVersion(s.Version) != nil {
		bad = bad.WithField("/api_version", "unknown_version", event.VersionsText)
	}
	if s.Concurrency == 0 {
		s.Concurrency = concurrencyDefault
	}
	if s.Concurrency < 1 || s.Concurrency > concurrencyMax {
		bad = bad.WithField("/concurrency", "out_of_range", fmt.Sprintf("Send 1 to %d.", concurrencyMax))
	}
	if len(bad.Fields) > 0 {
		return bad
	}
	return nil
}

// Change is what is to be changed of an endpoint; nil leaves as it is.
type Change struct {
	URL, Description, Version *string
	Types                     *[]string
	Thin, Ordered             *bool
	Concurrency               *int
	Enabled                   *bool
}

func (c Change) on(s Settings) Settings {
	set(&s.URL, c.URL)
	set(&s.Description, c.Description)
	set(&s.Version, c.Version)
	set(&s.Types, c.Types)
	set(&s.Thin, c.Thin)
	set(&s.Ordered, c.Ordered)
	set(&s.Concurrency, c.Concurrency)
	return s
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}
