package payment

import (
	"context"
	"encoding/json"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

var payments = db.NewTable("payment", func(p *Payment, f *db.Fields) {
	db.Text(f, "id", &p.ID)
	db.Text(f, "merchant", &p.Merchant)
	db.Bool(f, "live", &p.Live)
	db.Text(f, "currency", &p.Amount.Currency)
	db.Int(f, "amount_minor", &p.Amount.Minor)
	db.Text(f, "source", &p.Source)
	db.Text(f, "destination", &p.Destination)
	db.Bool(f, "manual", &p.Manual)
	db.Text(f, "connector", &p.Connector)
	db.Text(f, "hold", &p.Hold)
	db.Encoded(f, "details", p.Details.text, p.Details.read)
	db.Time(f, "created_at", &p.CreatedAt)
	f.Mutable()
	db.Text(f, "state", &p.State)
	db.Int(f, "captured_minor", &p.Captured)
	db.Int(f, "refunded_minor", &p.Refunded)
	db.Int(f, "refunding_minor", &p.Refunding)
	db.Int(f, "fee_minor", &p.Fee)
	db.Int(f, "fee_returned_minor", &p.FeeReturned)
	db.Bool(f, "disputed", &p.Disputed)
	db.Text(f, "attempt", &p.Attempt)
	db.Text(f, "authorized_by", &p.AuthorizedBy)
	db.Text(f, "decline_code", &p.DeclineCode)
	db.Text(f, "advice", &p.Advice)
	db.Time(f, "expires_at", &p.ExpiresAt)
})

// text is d as stored; what carries nothing is stored as nothing.
func (d *Details) text() string {
	if d.Description == "" && d.Reference == "" && len(d.Metadata) == 0 && d.Card == nil {
		return ""
	}
	b, err := json.Marshal(d)
	if err != nil {
		panic("payment: details do not marshal: " + err.Error()) // strings and numbers: a bug
	}
	return string(b)
}

func (d *Details) read(text string) {
	if text == "" {
		return
	}
	if err := json.Unmarshal([]byte(text), d); err != nil {
		panic("payment: stored details are not readable: " + err.Error())
	}
}

var attempts = db.NewTable("attempt", func(a *Attempt, f *db.Fields) {
	db.Text(f, "id", &a.ID)
	db.Text(f, "payment", &a.Payment)
	db.Text(f, "refund", &a.Refund)
	db.Text(f, "connector", &a.Connector)
	db.Text(f, "kind", &a.Kind)
	db.Text(f, "currency", &a.Amount.Currency)
	db.Int(f, "amount_minor", &a.Amount.Minor)
	db.Bool(f, "release", &a.Release)
	db.Text(f, "once", &a.Once)
	db.Text(f, "request", &a.Origin.Request)
	db.Text(f, "idempotency_key", &a.Origin.IdempotencyKey)
	db.Time(f, "created_at", &a.CreatedAt)
	f.Mutable()
	db.Text(f, "state", &a.State)
	db.Text(f, "rail_ref", &a.RailRef)
	db.Text(f, "network_code", &a.NetworkCode)
	db.Text(f, "failure_code", &a.FailureCode)
	db.Int(f, "asks", &a.Asks)
	db.Time(f, "finished_at", &a.FinishedAt)
})

var refunds = db.NewTable("refund", func(r *Refund, f *db.Fields) {
	db.Text(f, "id", &r.ID)
	db.Text(f, "payment", &r.Payment)
	db.Text(f, "merchant", &r.Merchant)
	db.Bool(f, "live", &r.Live)
	db.Text(f, "currency", &r.Amount.Currency)
	db.Int(f, "amount_minor", &r.Amount.Minor)
	db.Text(f, "reason", &r.Reason)
	db.Encoded(f, "metadata", func() string { return metadataText(r.Metadata) }, func(s string) { r.Metadata = metadataOf(s) })
	db.Text(f, "hold", &r.Hold)
	db.Int(f, "fee_returned_minor", &r.FeeReturned)
	db.Time(f, "created_at", &r.CreatedAt)
	f.Mutable()
	db.Text(f, "state", &r.State)
	db.Text(f, "failure_code", &r.FailureCode)
})

func metadataText(m map[string]string) string {
	if len(m) == 0 {
		return ""
	}
	d := Details{Metadata: m}
	return d.text()
}

func metadataOf(text string) map[string]string {
	var d Details
	d.read(text)
	return d.Metadata
}

// Get reads a merchant's payment. Error: fault.ErrNotFound, also for another merchant's.
func (d *Desk) Get(ctx context.Context, merchant id.Merchant, live bool, key id.Payment) (Payment, error) {
	if !id.Valid(key) {
		return Payment{}, fault.ErrNotFound
	}
	return one(payments.First(ctx, d.db, "where id = $1 and merchant = $2 and live = $3", string(key), string(merchant), live))
}

// List reads a merchant's payments, newest first. Error:
// fault.ErrNotFound if there is no such object as the page starts from.
func (d *Desk) List(ctx context.Context, merchant id.Merchant, live bool, p Page) ([]Payment, bool, error) {
	if c := p.Cursor(); c != "" { // a list starts from its own objects only
		if _, err := d.Get(ctx, merchant, live, id.Payment(c)); err != nil {
			return nil, false, err
		}
	}
	return payments.Page(ctx, d.db, p, "merchant = $1 and live = $2", string(merchant), live)
}

// GetRefund reads a merchant's refund. Error: fault.ErrNotFound, also for another merchant's.
func (d *Desk) GetRefund(ctx context.Context, merchant id.Merchant, live bool, key id.Refund) (Refund, error) {
	if !id.Valid(key) {
		return Refund{}, fault.ErrNotFound
	}
	return one(refunds.First(ctx, d.db, "where id = $1 and merchant = $2 and live = $3", string(key), string(merchant), live))
}

// ListRefunds reads a merchant's refunds, newest first; of one payment if it is named.
func (d *Desk) ListRefunds(ctx context.Context, merchant id.Merchant, live bool, of id.Payment, p Page) ([]Refund, bool, error) {
	if c := p.Cursor(); c != "" { // a list starts from its own objects only
		if _, err := d.GetRefund(ctx, merchant, live, id.Refund(c)); err != nil {
			return nil, false, err
		}
	}
	if of != "" {
		return refunds.Page(ctx, d.db, p, "payment = $1 and merchant = $2 and live = $3", string(of), string(merchant), live)
	}
	return refunds.Page(ctx, d.db, p, "merchant = $1 and live = $2", string(merchant), live)
}

func one[T any](row T, found bool, err error) (T, error) {
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return row, err
}

// byID reads a payment of any merchant: for the platform's own work.
func (d *Desk) byID(ctx context.Context, key id.Payment) (Payment, error) {
	return one(payments.First(ctx, d.db, "where id = $1", string(key)))
}

func (d *Desk) attempt(ctx context.Context, key id.Attempt) (Attempt, error) {
	return one(attempts.First(ctx, d.db, "where id = $1", string(key)))
}

// Attempts reads a payment's attempts, oldest first.
func (d *Desk) Attempts(ctx context.Context, of id.Payment) ([]Attempt, error) {
	return attempts.Select(ctx, d.db, "where payment = $1 order by id", string(of))
}

func (d *Desk) countOpen(ctx context.Context) (n int64, err error) {
	err = d.db.Query(ctx, "select count(*) from attempt where state in ('started', 'unknown')", func(r db.Row) error { n = r.Int(0); return nil })
	return n, err
}

// startedBefore reads attempts that began before an instant and have no word of the
// rail yet, the oldest first.
func (d *Desk) startedBefore(ctx context.Context, at time.Time, limit int) ([]Attempt, error) {
	return attempts.Select(ctx, d.db, "where state in ('started', 'unknown') and state = 'started' and created_at < $1 order by created_at limit $2", db.Micros(at), limit)
}

const whereID = "where id = $1"

// Find reads a payment of any merchant, for the platform's own flows. Error:
// fault.ErrNotFound.
func Find(ctx context.Context, d *db.DB, key id.Payment) (Payment, error) {
	return one(payments.First(ctx, d, whereID, string(key)))
}

// Page says which part of a list to read.
type Page = db.Page

// postedByCause sums what the ledger posted to payees, by payment. Fees are posted
// for the same cause, but out of a merchant's balance and not into one.
func postedByCause(ctx context.Context, d *db.DB) (map[string]int64, error) {
	posted := map[string]int64{}
	err := d.Query(ctx, `select t.cause, cast(sum(t.amount_minor) as bigint) from transfer t join account a on a.id = t.credit
		where t.cause like 'pay\_%' escape '\' and t.kind in ('post', 'post_hold') and a.purpose in ('balance', 'wallet')
		group by t.cause`, func(r db.Row) error {
		posted[r.Text(0)] = r.Int(1)
		return nil
	})
	return posted, err
}
