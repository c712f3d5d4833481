package webhook

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// redeliverMax is how many events one call sends on their way again.
const redeliverMax = 500

// again lets a delivery begin anew.
func (d *Delivery) again(now time.Time) {
	d.Status, d.Tries, d.DueAt, d.DeliveredAt = Pending, 0, now, time.Time{}
}

// Redeliver sends an event on its way again, whatever became of it. Errors:
// fault.ErrNotFound, ErrDisabled.
func (r *Room) Redeliver(ctx context.Context, o Owner, key id.Delivery) (Delivery, error) {
	d, _, err := r.GetDelivery(ctx, o, key)
	if err != nil {
		return d, err
	}
	now := r.Clock.Now()
	err = r.db.Write(ctx, []db.Lock{deliveries.Lock(string(key)), lockEndpoint(d.Endpoint)}, func(tx *db.Tx) error {
		if e, err := owned(tx, o, d.Endpoint); err != nil {
			return fault.ErrNotFound.With("The delivery's endpoint was deleted.")
		} else if e.Status != Enabled {
			return ErrDisabled
		}
		row, found := deliveries.Get(tx, string(key))
		if !found {
			return fault.ErrNotFound
		}
		row.again(now)
		deliveries.Update(tx, row)
		d = row
		return nil
	})
	return d, err
}

// Span says which events to deliver to an endpoint again.
type Span struct {
	Owner
	Endpoint     id.Endpoint
	From, To     time.Time // both included; no To is until now
	After        int64     // and only those with a higher number
	DeliveredToo bool      // those too that were delivered already
}

// RedeliverSpan sends the events of a span of time on their way to an endpoint, those that
// came before it, too; 500 at most. next is the number to go on after, 0 if all are. Errors:
// fault.ErrNotFound, ErrDisabled.
func (r *Room) RedeliverSpan(ctx context.Context, s Span) (count int, next int64, err error) {
	e, err := r.Get(ctx, s.Owner, s.Endpoint)
	switch {
	case err != nil:
		return 0, 0, err
	case e.Status != Enabled:
		return 0, 0, ErrDisabled
	}
	list, err := r.Events.Span(ctx, event.Interest{Merchant: s.Merchant, Live: s.Live, Types: e.Types}, s.From, s.To, s.After, redeliverMax+1)
	if err != nil {
		return 0, 0, err
	}
	if len(list) > redeliverMax {
		list = list[:redeliverMax]
		next = list[redeliverMax-1].Sequence
	}
	now := r.Clock.Now()
	locks := make([]db.Lock, len(list))
	for i, x := range list {
		locks[i] = deliveries.Lock(string(idOf(e.ID, x)))
	}
	err = r.db.Write(ctx, locks, func(tx *db.Tx) error {
		count = 0
		for _, x := range list {
			if s.put(tx, &e, x, now) {
				count++
			}
		}
		return nil
	})
	return count, next, err
}

// put sends one event on its way again, or for the first time.
func (s *Span) put(tx *db.Tx, e *Endpoint, x event.Event, now time.Time) bool {
	d, found := deliveries.Get(tx, string(idOf(e.ID, x)))
	switch {
	case !found:
		deliveries.Insert(tx, newDelivery(e, x, now))
		return true
	case d.Status == Delivered && !s.DeliveredToo, d.Status == Pending && !d.DueAt.After(now): // it is on its way already
		return false
	}
	d.again(now)
	deliveries.Update(tx, d)
	return true
}

// keptFor is how long an ended delivery and its attempts are kept.
const keptFor = 30 * 24 * time.Hour

// sweepMax is how many rows one write of a sweep takes.
const sweepMax = 1000

func firstAt(t time.Time) id.Delivery {
	over, _ := id.Between[id.Delivery](t, time.Time{})
	return over
}

// Sweep forgets deliveries that nobody looks for any more, with their attempts, and deleted
// endpoints; limit at most. It returns how many.
func (r *Room) Sweep(ctx context.Context, limit int) (int, error) {
	before := r.Clock.Now().Add(-keptFor)
	list, err := r.old(ctx, before, limit)
	if err != nil {
		return 0, err
	}
	locks, n := []db.Lock{}, 0
	for n < len(list) && len(locks) < sweepMax { // payments wait for the write
		d := list[n]
		locks = append(locks, deliveries.Lock(string(d.ID)))
		for _, key := range d.attemptKeys() {
			locks = append(locks, attempts.Lock(key))
		}
		n++
	}
	list = list[:n]
	gone, err := r.bare(ctx, before, limit)
	if err != nil || len(list)+len(gone) == 0 {
		return 0, err
	}
	for _, e := range gone {
		locks = append(locks, lockEndpoint(e.ID))
	}
	return len(list) + len(gone), r.db.Write(ctx, locks, func(tx *db.Tx) error {
		for _, d := range list { // one that was sent on its way again stays
			if row, found := deliveries.Get(tx, string(d.ID)); !found || row != d {
				continue
			}
			deliveries.Delete(tx, string(d.ID))
			for _, key := range d.attemptKeys() {
				if _, found := attempts.Get(tx, key); found {
					attempts.Delete(tx, key)
				}
			}
		}
		for _, e := range gone {
			if _, found := endpoints.Get(tx, string(e.ID)); found {
				endpoints.Delete(tx, string(e.ID))
			}
		}
		return nil
	})
}
