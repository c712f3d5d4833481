package webhook

import (
	"context"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

var endpoints = db.NewTable("webhook_endpoint", func(e *Endpoint, f *db.Fields) {
	db.Text(f, "id", &e.ID)
	db.Text(f, "merchant", &e.Merchant)
	db.Bool(f, "live", &e.Live)
	db.Time(f, "created_at", &e.CreatedAt)
	f.Mutable()
	db.Int(f, "after_sequence", &e.After)
	db.Text(f, "url", &e.URL)
	db.Text(f, "description", &e.Description)
	db.Encoded(f, "types", func() string { return strings.Join(e.Types, " ") }, func(s string) { e.Types = strings.Fields(s) })
	db.Text(f, "version", &e.Version)
	db.Bool(f, "thin", &e.Thin)
	db.Bool(f, "ordered", &e.Ordered)
	db.Int(f, "concurrency", &e.Concurrency)
	db.Text(f, "status", &e.Status)
	db.Text(f, "disabled_reason", &e.DisabledReason)
	db.Time(f, "disabled_at", &e.DisabledAt)
	db.Bytes(f, "secret", &e.secret)
	db.Bytes(f, "secret_before", &e.before)
	db.Text(f, "public_key", &e.PublicKey)
	db.Time(f, "rotated_until", &e.RotatedUntil)
	db.Time(f, "failing_since", &e.FailingSince)
	db.Int(f, "sequence", &e.Sequence)
	db.Text(f, "maker", &e.Maker)
})

// lease says which node carries an endpoint's deliveries.
type lease struct {
	endpoint id.Endpoint
	holder   string
	until    time.Time
}

var leases = db.NewTable("webhook_line", func(l *lease, f *db.Fields) {
	db.Text(f, "endpoint", &l.endpoint)
	f.Mutable()
	db.Text(f, "holder", &l.holder)
	db.Time(f, "held_until", &l.until)
})

var deliveries = db.NewTable("webhook_delivery", func(d *Delivery, f *db.Fields) {
	db.Text(f, "id", &d.ID)
	db.Text(f, "endpoint", &d.Endpoint)
	db.Text(f, "merchant", &d.Merchant)
	db.Bool(f, "live", &d.Live)
	db.Int(f, "sequence", &d.Sequence)
	db.Text(f, "event", &d.Event)
	db.Text(f, "type", &d.Type)
	db.Text(f, "object", &d.Object)
	db.Time(f, "created_at", &d.CreatedAt)
	f.Mutable()
	db.Text(f, "status", &d.Status)
	db.Int(f, "tries", &d.Tries)
	db.Int(f, "attempts", &d.Attempts)
	db.Time(f, "began_at", &d.BeganAt)
	db.Time(f, "due_at", &d.DueAt)
	db.Time(f, "delivered_at", &d.DeliveredAt)
})

var attempts = db.NewTable("webhook_attempt", func(a *Attempt, f *db.Fields) {
	key := a.key()
	db.Text(f, "id", &key)
	db.Text(f, "delivery", &a.Delivery)
	db.Int(f, "number", &a.Number)
	db.Time(f, "created_at", &a.CreatedAt)
	db.Int(f, "status_code", &a.StatusCode)
	db.Text(f, "error", &a.Error)
	db.Text(f, "detail", &a.Detail)
	latency := a.Latency.Microseconds()
	db.Int(f, "latency_us", &latency)
	a.Latency = time.Duration(latency) * time.Microsecond
	db.Text(f, "version", &a.Version)
	db.Bool(f, "thin", &a.Thin)
	db.Text(f, "request_headers", &a.RequestHeaders)
	db.Text(f, "response_headers", &a.ResponseHeaders)
	db.Text(f, "response_body", &a.ResponseBody)
})

// place is how far the log has been sorted into deliveries.
type place struct {
	id       string
	sequence int64
}

var places = db.NewTable("webhook_sorter", func(p *place, f *db.Fields) {
	db.Text(f, "id", &p.id)
	f.Mutable()
	db.Int(f, "sequence", &p.sequence)
})

const thePlace = "sorter"

func lockEndpoint(key id.Endpoint) db.Lock { return endpoints.Lock(string(key)) }

// owned reads an owner's endpoint inside a write that locked it.
func owned(tx *db.Tx, o Owner, key id.Endpoint) (Endpoint, error) {
	e, found := endpoints.Get(tx, string(key))
	if !found || e.Merchant != o.Merchant || e.Live != o.Live || e.Status == deleted {
		return e, fault.ErrNotFound
	}
	return e, nil
}

func (r *Room) find(ctx context.Context, key id.Endpoint) (Endpoint, bool, error) {
	return endpoints.First(ctx, r.db, "where id = $1", string(key))
}

// count is how many endpoints an owner has.
func (r *Room) count(ctx context.Context, o Owner) (n int64, err error) {
	err = r.db.Query(ctx, "select count(*) from webhook_endpoint where merchant = $1 and live = $2 and status <> $3",
		func(row db.Row) error { n = row.Int(0); return nil }, string(o.Merchant), o.Live, string(deleted))
	return n, err
}

// listening reads the endpoints of an owner that are there.
func (r *Room) listening(ctx context.Context, o Owner) ([]Endpoint, error) {
	return endpoints.Select(ctx, r.db, "where merchant = $1 and live = $2 and status <> 'deleted'", string(o.Merchant), o.Live)
}

// first is the least number after which an endpoint gets events; any is false if there is
// no endpoint.
func (r *Room) first(ctx context.Context) (after int64, any bool, err error) {
	err = r.db.Query(ctx, "select after_sequence from webhook_endpoint where status <> 'deleted' order by after_sequence limit 1", func(row db.Row) error {
		after, any = row.Int(0), true
		return nil
	})
	return after, any, err
}

// busy reads the endpoints for which something is due and that no other node carries.
func (r *Room) busy(ctx context.Context, now time.Time, holder string) (list []id.Endpoint, err error) {
	const work = `select e.id from webhook_endpoint e where e.status = 'enabled'
		and exists (select 1 from webhook_delivery d where d.endpoint = e.id and d.status = 'pending' and d.due_at <= $1)
		and not exists (select 1 from webhook_line l where l.endpoint = e.id and l.holder <> $2 and l.held_until > $1)`
	err = r.db.Query(ctx, work, func(row db.Row) error {
		list = append(list, id.Endpoint(row.Text(0)))
		return nil
	}, now, holder)
	return list, err
}

// due reads the deliveries of an endpoint that are to be tried now, the longest due
// first; of one that asked for order, of each object the first only.
func (r *Room) due(ctx context.Context, e *Endpoint, now time.Time, limit int) ([]Delivery, error) {
	if e.Ordered {
		// The least number of an object's is one look into an index, on both engines. Asking that
		// no earlier one exists is not: PostgreSQL then compares all with all.
		const heads = `where endpoint = $1 and status = 'pending' and due_at <= $2 and sequence = (select min(p.sequence) from webhook_delivery p
			where p.endpoint = $1 and p.object = webhook_delivery.object and p.status = 'pending') order by due_at, id limit $3`
		return deliveries.Select(ctx, r.db, heads, string(e.ID), now, limit)
	}
	return deliveries.Select(ctx, r.db, "where endpoint = $1 and status = 'pending' and due_at <= $2 order by due_at, id limit $3", string(e.ID), now, limit)
}

// tried reads the last attempts of a delivery, the newest first.
func (r *Room) tried(ctx context.Context, key id.Delivery) ([]Attempt, error) {
	return attempts.Select(ctx, r.db, "where delivery = $1 order by number desc limit $2", string(key), attemptsKept)
}

// Get reads an owner's endpoint. Error: fault.ErrNotFound, also for another's.
func (r *Room) Get(ctx context.Context, o Owner, key id.Endpoint) (Endpoint, error) {
	if !id.Valid(key) {
		return Endpoint{}, fault.ErrNotFound
	}
	e, found, err := r.find(ctx, key)
	if err == nil && (!found || e.Merchant != o.Merchant || e.Live != o.Live || e.Status == deleted) {
		err = fault.ErrNotFound
	}
	return e, err
}

// List reads an owner's endpoints, newest first. next is the id to go on from in the
// direction of reading, "" if nothing is left. Error: fault.ErrNotFound if there is no
// such object as the page starts from.
func (r *Room) List(ctx context.Context, o Owner, p db.Page) (list []Endpoint, next string, err error) {
	if c := p.Cursor(); c != "" {
		if _, err := r.Get(ctx, o, id.Endpoint(c)); err != nil {
			return nil, "", err
		}
	}
	s := db.Search[Endpoint, string]{Limit: p.Limit, Key: func(e *Endpoint) string { return string(e.ID) }, Picky: true}
	s.Ways = []db.Way{{Table: "webhook_endpoint", Key: "id", Where: "merchant = $1 and live = $2", Each: [][]any{{string(o.Merchant), o.Live}}}}
	s.Check, s.Args = "merchant = $1 and live = $2 and status <> $3", []any{string(o.Merchant), o.Live, string(deleted)}
	s.Start(p.After, p.Before)
	return db.Walk(ctx, r.db, endpoints, s)
}

// GetDelivery reads an owner's delivery and its last attempts, the newest first. Error:
// fault.ErrNotFound, also for another's.
func (r *Room) GetDelivery(ctx context.Context, o Owner, key id.Delivery) (Delivery, []Attempt, error) {
	if !id.Valid(key) {
		return Delivery{}, nil, fault.ErrNotFound
	}
	d, found, err := deliveries.First(ctx, r.db, "where id = $1", string(key))
	if err == nil && (!found || d.Merchant != o.Merchant || d.Live != o.Live) {
		err = fault.ErrNotFound
	}
	if err != nil {
		return d, nil, err
	}
	list, err := r.tried(ctx, key)
	return d, list, err
}

// Page is where a page of a list begins, and how long it is.
type Page = db.Page

// Filter says which deliveries to list: those that hold all of what is set.
type Filter struct {
	Page     db.Page
	Endpoint id.Endpoint
	Event    id.Event
	Status   State
}

// Deliveries reads an owner's deliveries, those of the newest events first. next is the id
// to go on from in the direction of reading, "" if nothing is left. Error:
// fault.ErrNotFound if there is no such object as the page starts from.
func (r *Room) Deliveries(ctx context.Context, o Owner, f Filter) (list []Delivery, next string, err error) {
	if c := f.Page.Cursor(); c != "" {
		if _, _, err := r.GetDelivery(ctx, o, id.Delivery(c)); err != nil {
			return nil, "", err
		}
	}
	s := db.Search[Delivery, string]{Limit: f.Page.Limit, Key: func(d *Delivery) string { return string(d.ID) }}
	s.Ways = []db.Way{{Table: "webhook_delivery", Key: "id", Where: "merchant = $1 and live = $2", Each: [][]any{{string(o.Merchant), o.Live}}}}
	if f.Endpoint != "" {
		s.Ways = append(s.Ways, db.Way{Table: "webhook_delivery", Key: "id", Where: "endpoint = $1", Each: [][]any{{string(f.Endpoint)}}})
	}
	if f.Event != "" {
		s.Ways = append(s.Ways, db.Way{Table: "webhook_delivery", Key: "id", Where: "event = $1", Each: [][]any{{string(f.Event)}}})
	}
	s.Check = "merchant = $1 and live = $2 and ($3 = '' or endpoint = $3) and ($4 = '' or event = $4) and ($5 = '' or status = $5)"
	s.Args = []any{string(o.Merchant), o.Live, string(f.Endpoint), string(f.Event), string(f.Status)}
	s.Picky = f.Endpoint != "" || f.Event != "" || f.Status != ""
	s.Start(f.Page.After, f.Page.Before)
	return db.Walk(ctx, r.db, deliveries, s)
}

// sorted is how far the log has been sorted.
func (r *Room) sorted(ctx context.Context) (int64, error) {
	p, _, err := places.First(ctx, r.db, "where id = $1", thePlace)
	return p.sequence, err
}

// old reads deliveries that nobody looks for any more: that ended long ago, or that go
// nowhere because their endpoint has long been disabled or deleted.
func (r *Room) old(ctx context.Context, before time.Time, limit int) ([]Delivery, error) {
	const ended = `where id < $1 and (status <> 'pending' and delivered_at < $2 and due_at < $2
		or endpoint in (select e.id from webhook_endpoint e where e.status <> 'enabled' and e.disabled_at < $2)) order by id limit $3`
	return deliveries.Select(ctx, r.db, ended, string(firstAt(before)), before, limit)
}

// bare reads deleted endpoints that nothing is left of.
func (r *Room) bare(ctx context.Context, before time.Time, limit int) ([]Endpoint, error) {
	const bare = `where status = 'deleted' and disabled_at < $1 and not exists (select 1 from webhook_delivery d where d.endpoint = webhook_endpoint.id) limit $2`
	return endpoints.Select(ctx, r.db, bare, before, limit)
}
