package webhook

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"sync"
	"time"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
)

// Sealer keeps secrets unreadable in the database, each bound to its place.
type Sealer interface {
	Seal(plain, place []byte) ([]byte, error)
	Open(sealed, place []byte) ([]byte, error)
}

// Config is what the room stands on. All but Targets, Roots and Patience is required.
type Config struct {
	DB       *db.DB
	Clock    clock.Clock
	Log      *slog.Logger
	Events   *event.Log
	Sealer   Sealer
	Targets  Targets
	Roots    *x509.CertPool               // who vouches for endpoints; nil: whom the system trusts
	Patience time.Duration                // for an endpoint to answer; 0: 20 s
	Encode   func(*florinv1.Event) []byte // the contract's JSON
}

// Room keeps the endpoints of one database.
type Room struct {
	Config
	db       *db.DB
	creating *sync.Mutex
	note     func(tx *db.Tx, kind, object string, now time.Time) // of who changes an endpoint; nil: the event says enough
}

// New opens the room. A [Courier] delivers.
func New(c Config) *Room {
	if c.Patience == 0 {
		c.Patience = timeout
	}
	return &Room{Config: c, db: c.DB, creating: &sync.Mutex{}}
}

// Noted is the room for one who changes endpoints in person: what is done there is written
// down by note, in the same commit.
func (r *Room) Noted(note func(tx *db.Tx, kind, object string, now time.Time)) *Room {
	noted := *r
	noted.note = note
	return &noted
}

func sealedAt(key id.Endpoint) []byte { return []byte("webhook|" + string(key)) }

func (r *Room) open(e *Endpoint, sealed []byte) (Secret, error) {
	b, err := r.Sealer.Open(sealed, sealedAt(e.ID))
	if err != nil {
		return Secret{}, err
	}
	return secretOf(b), nil
}

// Again is the secret that an earlier request was answered with, for a retry by the
// credential that asked for it. Errors: fault.ErrNotFound, ErrNotShown, the sealer's.
func (r *Room) Again(ctx context.Context, o Owner, key id.Endpoint, public, maker string) (Secret, error) {
	e, err := r.Get(ctx, o, key)
	if err != nil {
		return Secret{}, err
	}
	if e.PublicKey != public || e.Maker != maker {
		return Secret{}, ErrNotShown.WithObject(string(key))
	}
	return r.open(&e, e.secret)
}

// Create makes an endpoint: events that happen from now on are delivered to it. Errors:
// fault.ErrInvalid with fields, ErrTooMany, those of d.Once.Check.
func (r *Room) Create(ctx context.Context, d Draft) (e Endpoint, s Secret, err error) {
	if err := d.check(r.Targets, ""); err != nil {
		return e, s, err
	}
	r.creating.Lock() // so that the limit holds on this node, and nearly so on several
	defer r.creating.Unlock()
	n, err := r.count(ctx, d.Owner)
	if err != nil {
		return e, s, err
	}
	now := r.Clock.Now()
	s = NewSecret()
	e = Endpoint{
		ID: id.New[id.Endpoint](now), Merchant: d.Merchant, Live: d.Live, CreatedAt: now, Settings: d.Settings, Status: Enabled, PublicKey: s.Public(), Maker: d.Maker,
	}
	if e.secret, err = r.Sealer.Seal(s.bytes(), sealedAt(e.ID)); err != nil {
		return e, s, err
	}
	err = r.db.Write(ctx, append(d.Once.Locks(), event.Lock()), func(tx *db.Tx) error {
		if err := d.Once.Check(tx); err != nil {
			return err
		}
		if n >= EndpointsMax {
			return ErrTooMany
		}
		e.After = 0 // the function may run again
		r.tell(tx, &e, "webhook_endpoint.created", d.Origin, now)
		e.After = e.Sequence - 1 // it hears of itself first
		endpoints.Insert(tx, e)
		d.Once.Finish(tx, e.Sequence, now)
		return nil
	})
	return e, s, err
}

// tell writes down what somebody did to e, as its last event.
func (r *Room) tell(tx *db.Tx, e *Endpoint, kind string, origin event.Origin, now time.Time) {
	if r.note != nil {
		r.note(tx, kind, string(e.ID), now)
	}
	e.tell(tx, kind, origin, now)
}

// tell writes down what happened to e, as its last event.
func (e *Endpoint) tell(tx *db.Tx, kind string, origin event.Origin, now time.Time) {
	e.Sequence = event.Append(tx, event.Fact{
		Merchant: e.Merchant, Live: e.Live, Type: kind, Object: string(e.ID), Origin: origin, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_WebhookEndpoint{WebhookEndpoint: View(*e)}},
	})
}

// change runs fn on an owner's endpoint and keeps what it made of it.
func (r *Room) change(ctx context.Context, o Owner, key id.Endpoint, more []db.Lock, fn func(*db.Tx, *Endpoint) error) (e Endpoint, err error) {
	if !id.Valid(key) {
		return e, fault.ErrNotFound
	}
	err = r.db.Write(ctx, append(more, lockEndpoint(key), event.Lock()), func(tx *db.Tx) error {
		if e, err = owned(tx, o, key); err != nil {
			return err
		}
		if err := fn(tx, &e); err != nil {
			return err
		}
		endpoints.Update(tx, e)
		return nil
	})
	return e, err
}

// Change changes an owner's endpoint. Errors: fault.ErrNotFound, fault.ErrInvalid with
// fields.
func (r *Room) Change(ctx context.Context, o Owner, key id.Endpoint, c Change, origin event.Origin) (Endpoint, error) {
	now := r.Clock.Now()
	return r.change(ctx, o, key, nil, func(tx *db.Tx, e *Endpoint) error {
		s := c.on(e.Settings)
		if err := s.check(r.Targets, e.URL); err != nil {
			return err
		}
		e.Settings = s
		kind := "webhook_endpoint.changed"
		switch {
		case c.Enabled == nil || *c.Enabled == (e.Status == Enabled):
		case *c.Enabled:
			kind = "webhook_endpoint.enabled"
			e.Status, e.DisabledReason, e.DisabledAt, e.FailingSince = Enabled, "", time.Time{}, time.Time{}
		default:
			kind = "webhook_endpoint.disabled"
			e.disable(Requested, now)
		}
		r.tell(tx, e, kind, origin, now)
		if kind == "webhook_endpoint.enabled" {
			e.After = e.Sequence - 1 // what happened meanwhile is sent on request only
		}
		return nil
	})
}

func (e *Endpoint) disable(reason string, now time.Time) {
	e.Status, e.DisabledReason, e.DisabledAt = Disabled, reason, now
}

// Delete ends an owner's endpoint and what is on its way to it. Error: fault.ErrNotFound.
func (r *Room) Delete(ctx context.Context, o Owner, key id.Endpoint, origin event.Origin) (Endpoint, error) {
	now := r.Clock.Now()
	return r.change(ctx, o, key, nil, func(tx *db.Tx, e *Endpoint) error {
		e.disable(Requested, now)
		r.tell(tx, e, "webhook_endpoint.deleted", origin, now)
		e.Status, e.secret, e.before = deleted, nil, nil
		return nil
	})
}

// OverlapMax is how long deliveries carry the signatures of an old secret at most.
const OverlapMax = 7 * 24 * time.Hour

// Rotation is an endpoint that is to get another secret.
type Rotation struct {
	Owner
	Endpoint id.Endpoint
	Overlap  time.Duration // in which deliveries carry the signatures of both
	Maker    string        // as of a [Draft]
	Once     *idempotency.Key
	Origin   event.Origin
}

// Rotate gives an endpoint another secret. Errors: fault.ErrNotFound, fault.ErrInvalid for
// an overlap outside 0..[OverlapMax], ErrRotating, those of t.Once.Check.
func (r *Room) Rotate(ctx context.Context, t Rotation) (Endpoint, Secret, error) {
	s, now := NewSecret(), r.Clock.Now()
	if t.Overlap < 0 || t.Overlap > OverlapMax {
		return Endpoint{}, s, fault.ErrInvalid.WithField("/overlap_seconds", "out_of_range", fmt.Sprintf("Send 0 to %d.", int(OverlapMax.Seconds())))
	}
	sealed, err := r.Sealer.Seal(s.bytes(), sealedAt(t.Endpoint))
	if err != nil {
		return Endpoint{}, s, err
	}
	e, err := r.change(ctx, t.Owner, t.Endpoint, t.Once.Locks(), func(tx *db.Tx, e *Endpoint) error {
		if err := t.Once.Check(tx); err != nil {
			return err
		}
		if t.Overlap > 0 && len(e.before) > 0 && now.Before(e.RotatedUntil) {
			return ErrRotating
		}
		e.before, e.secret, e.PublicKey, e.Maker = e.secret, sealed, s.Public(), t.Maker
		e.RotatedUntil = now.Add(t.Overlap)
		if t.Overlap == 0 {
			e.before, e.RotatedUntil = nil, time.Time{}
		}
		r.tell(tx, e, "webhook_endpoint.rotated", t.Origin, now)
		t.Once.Finish(tx, e.Sequence, now)
		return nil
	})
	return e, s, err
}
