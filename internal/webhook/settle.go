package webhook

import (
	"context"
	"net/http"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
)

// writeFor is how long a line waits for an attempt to be written down: a stop must not wait
// for a database that hangs.
const writeFor = 10 * time.Second

// settle writes an attempt down, and what follows from it for the delivery and its
// endpoint. doubted says that another attempt at the endpoint has failed.
func (c *Courier) settle(ctx context.Context, doubted bool, e Endpoint, d Delivery, a Attempt, asked time.Duration) error {
	now, again, more := c.Clock.Now(), time.Duration(0), true
	failed := a.Error != ""
	if failed {
		again, more = wait(d.Tries+1, asked)
	}
	locks := []db.Lock{deliveries.Lock(string(d.ID)), attempts.Lock(a.key())}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeFor)
	defer cancel()
	ends := failed && (!more || a.StatusCode == http.StatusGone)
	if ends {
		locks = append(locks, event.Lock())
	}
	if failed || doubted || !e.FailingSince.IsZero() {
		locks = append(locks, lockEndpoint(e.ID))
	}
	return c.db.Write(ctx, locks, func(tx *db.Tx) error {
		row, found := deliveries.Get(tx, string(d.ID))
		if !found || row.Attempts != d.Attempts {
			return nil // forgotten, or another node's: what that has written stands
		}
		row.Attempts = a.Number
		if _, there := attempts.Get(tx, a.key()); there {
			attempts.Delete(tx, a.key())
		}
		attempts.Insert(tx, a)
		if row.Tries == 0 {
			row.BeganAt = a.CreatedAt
		}
		switch {
		case row.Status != Pending || row.Tries != d.Tries: // sent on its way again meanwhile, or ended
		case !failed:
			row.Status, row.DeliveredAt = Delivered, now
		case !more:
			row.Status, row.Tries = Failed, row.Tries+1
		default:
			row.Tries, row.DueAt = row.Tries+1, now.Add(again)
		}
		deliveries.Update(tx, row)
		if !failed && !doubted && e.FailingSince.IsZero() {
			return nil
		}
		at, found := endpoints.Get(tx, string(e.ID))
		if !found || at.Status != Enabled || at.URL != e.URL || at.After != e.After {
			return nil // the attempt says nothing of what the endpoint is now
		}
		switch {
		case !failed:
			at.FailingSince = time.Time{}
		case at.FailingSince.IsZero():
			at.FailingSince = a.CreatedAt
		}
		if ends {
			c.give(tx, &at, row, a, now)
		}
		endpoints.Update(tx, at)
		return nil
	})
}

// give disables an endpoint that says that it is gone, or that has let nothing through
// since the delivery was tried first.
func (c *Courier) give(tx *db.Tx, e *Endpoint, d Delivery, a Attempt, now time.Time) {
	reason := Exhausted
	switch {
	case a.StatusCode == http.StatusGone:
		reason = Gone
	case e.FailingSince.After(d.BeganAt): // something got through meanwhile: this one is at fault
		return
	}
	e.disable(reason, now)
	e.tell(tx, "webhook_endpoint.disabled", event.Origin{}, now)
	tx.After(func() {
		c.Log.Warn("a webhook endpoint is disabled", "endpoint", e.ID, "merchant", e.Merchant, "reason", reason)
	})
}
