package apikey

import (
	"context"
	"time"
)

// Authenticate gives the key of secret, and notes that it was used. What the
// database said is remembered for up to 5 seconds, that it knows no such key
// for one. Error: fault.ErrBadCredentials.
func (r *Room) Authenticate(ctx context.Context, secret string) (Key, error) {
	h, _, whole := read(secret)
	if !whole {
		return Key{}, errNotKey
	}
	now := r.clock.Now()
	e := r.known.get(h, now)
	if e == nil {
		var err error
		if e, err = r.look(ctx, h, now); err != nil {
			return Key{}, err
		}
	}
	if err := e.key.refusal(now); err != nil {
		return Key{}, err
	}
	e.use.note(now)
	return e.key, nil
}

// look asks the database for the key of h, unless it said just now that there is none.
func (r *Room) look(ctx context.Context, h hash, now time.Time) (*entry, error) {
	if r.unknown.get(h, now) != nil {
		return nil, errUnknown
	}
	known, unknown := r.known.mark(), r.unknown.mark()
	k, found, err := r.byHash(ctx, h)
	if err != nil {
		return nil, err
	}
	if !found {
		r.unknown.put(h, &entry{readAt: now}, unknown)
		return nil, errUnknown
	}
	e := &entry{key: k, use: r.uses.of(k.ID, now), readAt: now}
	r.known.put(h, e, known)
	return e, nil
}
