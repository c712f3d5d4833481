package apikey

import (
	"cmp"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/label"
)

// Refusals of a key that was presented. They are all fault.ErrBadCredentials
// with its one code: the sentence is for the key's owner, since it takes the
// whole secret, or only arithmetic, to get another than the first.
var (
	errUnknown = fault.ErrBadCredentials
	errNotKey  = fault.ErrBadCredentials.With("The API key is not whole: its check characters do not match. Copy all of it again.")
	errExpired = fault.ErrBadCredentials.With("The API key has expired. Use the key that replaced it, or create another.")
	errRevoked = fault.ErrBadCredentials.With("The API key was revoked. Use another key.")
)

var (
	// ErrEnded: only a key that still works can be rotated.
	ErrEnded = fault.New(fault.Conflict, "api_key_ended", "The API key has expired or was revoked. Create another key instead.")
	// ErrRotated: a key has one successor; rotate that one.
	ErrRotated = fault.New(fault.Conflict, "api_key_rotated", "The API key was rotated before. Rotate the key that replaced it.")
)

// Limits of what a key may be made of.
const (
	NameMax    = 100 // characters
	RateMax    = 1_000_000
	BurstMax   = 1_000_000
	OverlapMax = 7 * 24 * time.Hour // of a rotated key with its successor
)

// Key lets one merchant's server call the API in one mode. Its secret is not in it.
type Key struct {
	ID            id.APIKey
	Merchant      id.Merchant
	Live          bool
	Name          string // for people
	Prefix        string // the secret's first characters
	Scopes        Scopes
	RatePerSecond int       // calls a second for long; 0: no limit
	Burst         int       // calls at once; 0 if there is no limit
	Allowance     id.APIKey // whose calls count as its own: the first of the keys that made one another
	CreatedAt     time.Time
	ExpiresAt     time.Time // zero: never
	RevokedAt     time.Time // zero: not revoked
	LastUsedAt    time.Time // within about a minute; zero: never
	ReplacedBy    id.APIKey // its successor, if it was rotated
	Sequence      int64     // of the last event about it
}

// Draft is a key to be.
type Draft struct {
	Merchant      id.Merchant
	Live          bool
	Name          string
	Scopes        Scopes    // not more than the creating key has: see [Scopes.Within]
	RatePerSecond int       // 0: no limit
	Burst         int       // 0: as many as RatePerSecond
	Allowance     id.APIKey // of the creating key, whose limits it must have; "": one of its own
	Maker         Maker
	Origin        event.Origin
}

// newKey makes the key of d at now; its secret comes later. Error: fault.ErrInvalid with fields.
func newKey(d Draft, now time.Time) (Key, error) {
	if err := d.check(); err != nil {
		return Key{}, err
	}
	k := Key{
		ID: id.New[id.APIKey](now), Merchant: d.Merchant, Live: d.Live, Name: d.Name,
		Scopes: d.Scopes, RatePerSecond: d.RatePerSecond, Burst: d.Burst, CreatedAt: now,
	}
	k.Allowance = cmp.Or(d.Allowance, k.ID)
	switch {
	case k.RatePerSecond == 0:
		k.Burst = 0
	case k.Burst == 0:
		k.Burst = k.RatePerSecond
	}
	return k, nil
}

func (d Draft) check() error {
	var bad *fault.Fault
	if !label.Plain(d.Name) || utf8.RuneCountInString(d.Name) > NameMax {
		bad = invalid(bad, "/name", "invalid_text", fmt.Sprintf("Send at most %d characters without control characters.", NameMax))
	}
	if d.Scopes == 0 {
		bad = invalid(bad, "/scopes", "required", "Send at least one scope.")
	}
	if d.RatePerSecond < 0 || d.RatePerSecond > RateMax {
		bad = invalid(bad, "/rate_per_second", "out_of_range", fmt.Sprintf("Send 0 (no limit) to %d.", RateMax))
	}
	if d.Burst < 0 || d.Burst > BurstMax {
		bad = invalid(bad, "/burst", "out_of_range", fmt.Sprintf("Send 0 (the rate) to %d.", BurstMax))
	}
	if bad != nil {
		return bad
	}
	return nil
}

// refusal is why k cannot be used at now, or nil.
func (k *Key) refusal(now time.Time) error {
	switch {
	case !k.RevokedAt.IsZero():
		return errRevoked
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		return errExpired
	}
	return nil
}

// rotated gives k as it is once the key next has replaced it, and next with
// what it takes over. Errors: ErrEnded, ErrRotated.
func (k Key) rotated(next Key, overlap time.Duration, now time.Time) (old, successor Key, err error) {
	switch {
	case k.refusal(now) != nil:
		return k, next, ErrEnded
	case k.ReplacedBy != "":
		return k, next, ErrRotated
	}
	next.Name, next.Scopes = k.Name, k.Scopes
	next.RatePerSecond, next.Burst, next.Allowance = k.RatePerSecond, k.Burst, k.Allowance
	k.ReplacedBy = next.ID
	if end := now.Add(overlap); k.ExpiresAt.IsZero() || end.Before(k.ExpiresAt) {
		k.ExpiresAt = end
	}
	return k, next, nil
}
