package oauth

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/grant"
	"github.com/florinpay/florin/internal/id"
)

// The life of a device's request: pending → approved → redeemed, or denied.
const (
	pending  = "pending"
	approved = "approved"
	redeemed = "redeemed"
)

// device is the request of a device that has no browser. Source: RFC 8628.
type device struct {
	UserCode   string // what the person types
	Hash       string // of what the device polls with
	Client     id.Client
	Scopes     []string
	Details    []Detail
	Thumbprint string // of the key that may redeem it; "": any
	CreatedAt  time.Time
	ExpiresAt  time.Time
	State      string
	Grant      id.Grant
	Interval   time.Duration // between polls
	NextPollAt time.Time
}

const (
	deviceFor     = 10 * time.Minute
	pollEvery     = 5 * time.Second
	pollSlower    = 5 * time.Second // after a poll that came too early. Source: RFC 8628 §3.5
	pollGrace     = 500 * time.Millisecond
	userCodeTries = 5 // to find a code that nobody has
)

// startDevice is the device authorization endpoint. Source: RFC 8628 §3.1.
func (s *Server) startDevice(c *call) (*reply, error) {
	if !c.client.may(DeviceGrant) {
		return nil, fail("unauthorized_client", "The client is not registered for this grant.")
	}
	scopes, f := c.client.scopesOf(c.form.Get("scope"))
	if f == nil {
		f = c.client.spendable(scopes, nil, &s.config)
	}
	if f != nil {
		return nil, f
	}
	details, err := c.client.details(c.form.Get("authorization_details"))
	if err != nil {
		return nil, err
	}
	if len(scopes) == 0 && len(details) == 0 {
		return nil, fail("invalid_scope", "Ask for a scope or for authorization_details.")
	}
	secret := newSecret()
	d := device{
		Hash: digest(secret), Client: c.client.ID, Scopes: scopes, Details: details, CreatedAt: c.now, ExpiresAt: c.now.Add(deviceFor),
		State: pending, Interval: pollEvery,
	}
	if c.proof != nil {
		d.Thumbprint = c.proof.thumbprint
	}
	if err := s.insertDevice(c, &d); err != nil {
		return nil, err
	}
	page := s.config.Issuer + DevicePath
	return ok(struct {
		Device   string `json:"device_code"`
		User     string `json:"user_code"`
		Page     string `json:"verification_uri"`
		Complete string `json:"verification_uri_complete"`
		Expires  int    `json:"expires_in"`
		Interval int    `json:"interval"`
	}{secret, shown(d.UserCode), page, page + "?" + url.Values{"user_code": {shown(d.UserCode)}}.Encode(), int(deviceFor.Seconds()), int(pollEvery.Seconds())}), nil
}

// insertDevice finds a user code that no other device waits with.
func (s *Server) insertDevice(c *call, d *device) error {
	var tries [userCodeTries]string
	var locks []db.Lock
	for i := range tries {
		tries[i] = newUserCode()
		locks = append(locks, devices.Lock(tries[i]))
	}
	return c.write(locks, func(tx *db.Tx) error {
		for _, code := range tries {
			was, taken := devices.Get(tx, code)
			if taken && c.now.Before(was.ExpiresAt) {
				continue
			}
			if taken {
				devices.Delete(tx, code)
			}
			d.UserCode = code
			devices.Insert(tx, *d)
			return nil
		}
		return errStorage
	})
}

// poll gives a device its tokens, once, when a person has approved. Source: RFC 8628 §3.4,
// §3.5.
func (s *Server) poll(c *call, b binding) (*tokens, error) {
	hash, err := c.secret("device_code")
	if err != nil {
		return nil, err
	}
	was, found, err := s.deviceByHash(c.ctx, hash)
	if err != nil {
		return nil, err
	}
	if !found || was.Client != c.client.ID {
		return nil, errGrant
	}
	if was.Thumbprint != "" && b.Key != was.Thumbprint {
		return nil, proofFail("The device code is bound to another key.")
	}
	var out *tokens
	var r refresh
	if was.State == approved {
		a, live, err := s.standing(c, was.Grant)
		if err != nil {
			return nil, err
		}
		if !live {
			return nil, errGrant
		}
		if out, err = c.mint(&a, a.Scopes, b, ""); err != nil {
			return nil, err
		}
		r = c.refresh(&a, b, out)
	}
	locks := []db.Lock{devices.Lock(was.UserCode)}
	if was.Grant != "" {
		locks = append(locks, grant.RevokeLocks(was.Grant)...)
	}
	err = c.write(locks, func(tx *db.Tx) error { return s.polled(tx, c, was, r) })
	s.reused(was.Grant, err)
	return out, err
}

// polled moves a device on. was is how the device was read before, when its tokens were
// made: what has changed since is told at the next poll.
func (s *Server) polled(tx *db.Tx, c *call, was device, r refresh) error {
	d, there := devices.Get(tx, was.UserCode)
	switch {
	case !there || d.Hash != was.Hash:
		return errGrant
	case d.State == redeemed && was.Grant != "":
		return s.endGrant(tx, d.Grant)
	case d.State == redeemed:
		return errGrant
	case d.State == refused:
		return fail("access_denied", "The request was denied.")
	case !c.now.Before(d.ExpiresAt):
		return fail("expired_token", "The device code has expired.")
	case c.now.Before(d.NextPollAt):
		d.Interval += pollSlower
		d.NextPollAt = c.now.Add(d.Interval - pollGrace)
		devices.Update(tx, d)
		return fail("slow_down", "Poll less often.")
	case d.State == pending || was.State != approved:
		d.NextPollAt = c.now.Add(d.Interval - pollGrace)
		devices.Update(tx, d)
		return fail("authorization_pending", "Nobody has decided yet.")
	}
	d.State = redeemed
	devices.Update(tx, d)
	if r.Hash != "" {
		refreshes.Insert(tx, r)
	}
	return nil
}

// AskedDevice is what a device asks for, by the code that it shows.
type AskedDevice struct {
	UserCode  string // as it is displayed
	Client    Client
	Scopes    []string
	Details   []Detail
	ExpiresAt time.Time

	device device
}

// guess counts how often somebody named a code.
type guess struct {
	ID        string
	Wrong     int64
	ExpiresAt time.Time
}

const (
	guessesMax = 10
	guessesFor = 10 * time.Minute
)

var (
	// ErrUserCode refuses a code that no device waits with.
	ErrUserCode = invalid("There is no such code, or it has expired. Look at the device again.")
	// ErrGuesses refuses all codes of somebody who named too many.
	ErrGuesses = &Fail{Code: "slow_down", Text: "Too many codes were tried. Wait ten minutes.", Status: http.StatusTooManyRequests}
)

// Device finds the device that shows a code. guesser is who asks, such as the person who
// is signed in: ten codes in ten minutes, right or wrong, on all nodes together. Errors:
// ErrUserCode, ErrGuesses; those of the database. Source: RFC 8628 §3.3, §5.1.
func (s *Server) Device(ctx context.Context, userCode, guesser string) (AskedDevice, error) {
	now := s.clock.Now()
	key := digest("guess\x00" + guesser)
	err := s.db.Write(ctx, []db.Lock{guesses.Lock(key)}, func(tx *db.Tx) error {
		g, there := guesses.Get(tx, key)
		if !there || !now.Before(g.ExpiresAt) {
			g.ID, g.Wrong, g.ExpiresAt = key, 0, now.Add(guessesFor)
		}
		if g.Wrong++; g.Wrong > guessesMax {
			return ErrGuesses
		}
		if there {
			guesses.Update(tx, g)
		} else {
			guesses.Insert(tx, g)
		}
		return nil
	})
	if err != nil {
		return AskedDevice{}, err
	}
	code, ok := readUserCode(userCode)
	if !ok {
		return AskedDevice{}, ErrUserCode
	}
	d, found, err := s.deviceByCode(ctx, code)
	if err != nil {
		return AskedDevice{}, err
	}
	if !found || d.State != pending || !now.Before(d.ExpiresAt) {
		return AskedDevice{}, ErrUserCode
	}
	c, found, err := s.active(ctx, d.Client)
	if err == nil && !found {
		err = ErrUserCode
	}
	if err != nil {
		return AskedDevice{}, err
	}
	return AskedDevice{shown(code), *c, d.Scopes, d.Details, d.ExpiresAt, d}, nil
}

// DecideDevice ends a device's request, once. Errors: as of [Server.Decide].
func (s *Server) DecideDevice(ctx context.Context, a AskedDevice, d Decision) error {
	c, found, err := s.active(ctx, a.device.Client)
	if err != nil {
		return err
	}
	if !found {
		return ErrFinished
	}
	now := s.clock.Now()
	var g grant.Grant
	locks := []db.Lock{devices.Lock(a.device.UserCode)}
	if d.Denied == "" {
		if f := d.within(a.device.Scopes, a.device.Details, now); f != nil {
			return f
		}
		if g, err = d.grant(c, now); err != nil {
			return err
		}
		locks = append(locks, grant.RevokeLocks(g.ID)...)
	}
	return s.db.Write(ctx, locks, func(tx *db.Tx) error {
		row, there := devices.Get(tx, a.device.UserCode)
		if !there || row.Hash != a.device.Hash || row.State != pending || !now.Before(row.ExpiresAt) {
			return ErrFinished
		}
		row.State = refused
		if d.Denied == "" {
			grant.Create(tx, g, event.Origin{}, now)
			approvals.Insert(tx, d.approval(g))
			row.State, row.Grant = approved, g.ID
		}
		devices.Update(tx, row)
		return nil
	})
}
