package payment

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/fx"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
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
	db.Int(f, "reversed_minor", &p.Reversed)
	db.Int(f, "returned_minor", &p.Returned)
	db.Int(f, "fee_minor", &p.Fee)
	db.Int(f, "fee_returned_minor", &p.FeeReturned)
	db.Bool(f, "disputed", &p.Disputed)
	db.Text(f, "attempt", &p.Attempt)
	db.Text(f, "authorized_by", &p.AuthorizedBy)
	db.Text(f, "decline_code", &p.DeclineCode)
	db.Text(f, "advice", &p.Advice)
	db.Time(f, "expires_at", &p.ExpiresAt)
	db.Int(f, "sequence", &p.Sequence)
})

// text is d as stored; what carries nothing is stored as nothing.
func (d *Details) text() string {
	if d.Description == "" && d.Reference == "" && len(d.Metadata) == 0 && d.Card == nil && d.Conversion == nil && d.Grant == "" {
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
	db.Int(f, "share_minor", &r.Share)
	db.Bool(f, "converted", &r.Converted)
	db.Int(f, "fee_returned_minor", &r.FeeReturned)
	db.Time(f, "created_at", &r.CreatedAt)
	f.Mutable()
	db.Text(f, "state", &r.State)
	db.Text(f, "failure_code", &r.FailureCode)
	db.Int(f, "sequence", &r.Sequence)
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

// marks are the words that p is found by.
func (p *Payment) marks() (words []string) {
	if p.Details.Reference != "" {
		words = append(words, p.word("reference", p.Details.Reference))
	}
	if p.Details.Grant != "" {
		words = append(words, p.word("grant", string(p.Details.Grant)))
	}
	for _, key := range slices.Sorted(maps.Keys(p.Details.Metadata)) {
		words = append(words, p.word("metadata", key, p.Details.Metadata[key]))
	}
	return words
}

func (p *Payment) word(parts ...string) string {
	return db.Word(append([]string{string(p.Merchant), strconv.FormatBool(p.Live), "payment"}, parts...)...)
}

func insert(tx *db.Tx, p Payment) {
	payments.Insert(tx, p)
	db.Mark(tx, string(p.ID), p.marks()...)
}

// List reads a merchant's payments, newest first. next is the id to go on from in the
// direction of reading, "" if nothing is left. Error: fault.ErrNotFound if there is no
// such object as the page starts from.
func (d *Desk) List(ctx context.Context, merchant id.Merchant, live bool, f Filter) (list []Payment, next string, err error) {
	if c := f.Page.Cursor(); c != "" { // a list starts from its own objects only
		first, err := d.Get(ctx, merchant, live, id.Payment(c))
		if err == nil && f.Grant != "" && first.Details.Grant != f.Grant {
			err = fault.ErrNotFound
		}
		if err != nil {
			return nil, "", err
		}
	}
	s := d.search(merchant, live, f)
	s.Limit = f.Page.Limit
	s.Start(f.Page.After, f.Page.Before)
	return db.Walk(ctx, d.db, payments, s)
}

// search is how a merchant's payments that hold f are found.
func (d *Desk) search(merchant id.Merchant, live bool, f Filter) db.Search[Payment, string] {
	s := db.Search[Payment, string]{Key: func(p *Payment) string { return string(p.ID) }, Picky: f.checks()}
	wanted := Payment{Merchant: merchant, Live: live, Details: Details{Reference: f.Reference, Metadata: f.Metadata, Grant: f.Grant}}
	for _, word := range wanted.marks() {
		s.Ways = append(s.Ways, db.ByWord(word))
	}
	if rare := f.State != "" && f.State != Succeeded; rare || len(s.Ways) == 0 {
		s.Ways = append(s.Ways, byState("payment", merchant, live, string(f.State), string(Succeeded)))
	}
	s.Check = owned + ` and ($3 = '' or state = $3) and created_at >= $4 and created_at <= $5
		and amount_minor >= $6 and amount_minor <= $7 and ($8 = '' or currency = $8) and ($9 = '' or source = $9)`
	s.Args = []any{string(merchant), live, string(f.State), db.Micros(f.From), db.MicrosUntil(f.To),
		f.AmountMin, cmp.Or(f.AmountMax, math.MaxInt64), f.Currency, f.Source}
	over, under := id.Between[id.Payment](f.From, f.To)
	s.Over, s.Under = string(over), string(under)
	return s
}

// owned is what every row of a merchant's list holds.
const owned = "merchant = $1 and live = $2"

// byState is the way to a merchant's rows in one state, or to all of them: the usual
// state, in which most rows end, has no index of its own.
func byState(table string, merchant id.Merchant, live bool, state, usual string) db.Way {
	w := db.Way{Table: table, Key: "id", Where: owned, Each: [][]any{{string(merchant), live}}}
	if state != "" && state != usual {
		w.Where = "merchant || state = $1 and live = $2 and state <> '" + usual + "'"
		w.Each[0][0] = string(merchant) + state
	}
	return w
}

// GetRefund reads a merchant's refund. Error: fault.ErrNotFound, also for another merchant's.
func (d *Desk) GetRefund(ctx context.Context, merchant id.Merchant, live bool, key id.Refund) (Refund, error) {
	if !id.Valid(key) {
		return Refund{}, fault.ErrNotFound
	}
	return one(refunds.First(ctx, d.db, "where id = $1 and merchant = $2 and live = $3", string(key), string(merchant), live))
}

// ListRefunds is [Desk.List] for refunds.
func (d *Desk) ListRefunds(ctx context.Context, merchant id.Merchant, live bool, f RefundFilter) (list []Refund, next string, err error) {
	if c := f.Page.Cursor(); c != "" { // a list starts from its own objects only
		if _, err := d.GetRefund(ctx, merchant, live, id.Refund(c)); err != nil {
			return nil, "", err
		}
	}
	s := db.Search[Refund, string]{Limit: f.Page.Limit, Key: func(r *Refund) string { return string(r.ID) }}
	if f.Payment != "" {
		s.Ways = append(s.Ways, db.Way{Table: "refund", Key: "id", Where: "payment = $1", Each: [][]any{{string(f.Payment)}}})
	} else {
		s.Ways = append(s.Ways, byState("refund", merchant, live, string(f.State), string(RefundSucceeded)))
	}
	s.Check = owned + " and ($3 = '' or payment = $3) and ($4 = '' or state = $4) and created_at >= $5 and created_at <= $6"
	s.Args = []any{string(merchant), live, string(f.Payment), string(f.State), db.Micros(f.From), db.MicrosUntil(f.To)}
	s.Picky = f.Payment != "" || f.State == RefundSucceeded || !f.From.IsZero() || !f.To.IsZero()
	over, under := id.Between[id.Refund](f.From, f.To)
	s.Over, s.Under = string(over), string(under)
	s.Start(f.Page.After, f.Page.Before)
	return db.Walk(ctx, d.db, refunds, s)
}

// Some reads those of a merchant's payments that are named, in no order.
func (d *Desk) Some(ctx context.Context, merchant id.Merchant, live bool, keys []string) ([]Payment, error) {
	return payments.Among(ctx, d.db, keys, owned, string(merchant), live)
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

// Filter says which payments to list: those that hold all of what is set.
type Filter struct {
	Page                 Page
	State                State
	From, To             time.Time // created between, both included
	AmountMin, AmountMax int64     // minor units, both included; AmountMax 0: no bound
	Currency             string
	Source               string
	Reference            string
	Metadata             map[string]string // every pair
	Grant                id.Grant          // that paid
}

// checks reports whether rows must be looked at one by one.
func (f *Filter) checks() bool {
	return f.State == Succeeded || !f.From.IsZero() || !f.To.IsZero() || f.AmountMin != 0 || f.AmountMax != 0 || f.Currency != "" || f.Source != ""
}

// RefundFilter says which refunds to list: those that hold all of what is set.
type RefundFilter struct {
	Page     Page
	Payment  id.Payment
	State    RefundState
	From, To time.Time // created between, both included
}

// FindAll reads payments of any merchant, for the platform's own flows; those that are
// not there are left out.
func FindAll(ctx context.Context, d *db.DB, keys []string) (map[id.Payment]*Payment, error) {
	slices.Sort(keys)
	list, err := payments.Among(ctx, d, slices.Compact(keys), "true")
	found := make(map[id.Payment]*Payment, len(list))
	for i := range list {
		found[list[i].ID] = &list[i]
	}
	return found, err
}

// FindRefunds tells which payment each of the refunds belongs to, of any merchant, for the
// platform's own flows; those that are not there are left out.
func FindRefunds(ctx context.Context, d *db.DB, keys []string) (map[id.Refund]id.Payment, error) {
	slices.Sort(keys)
	list, err := refunds.Among(ctx, d, slices.Compact(keys), "true")
	found := make(map[id.Refund]id.Payment, len(list))
	for _, r := range list {
		found[r.ID] = r.Payment
	}
	return found, err
}

// after reads the next rows of a table in the order of their ids.
func after[T any](ctx context.Context, d *db.DB, t *db.Table[T], key string, limit int) ([]T, error) {
	return t.Select(ctx, d, "where id > $1 order by id limit $2", key, limit)
}

// within reads the rows that belong to payments after one and up to another.
func within[T any](ctx context.Context, d *db.DB, t *db.Table[T], after, upTo string, fn func(*T) error) error {
	return t.Each(ctx, d, "where payment > $1 and payment <= $2 order by payment, id", fn, after, upTo)
}

// addRounding adds what stands on the accounts for roundings, in 1/money.ResidueUnit
// minor units, modulo 2^64.
func addRounding(ctx context.Context, d *db.DB, booked map[string]int64) error {
	return d.Query(ctx, "select currency, live, posted_minor from account where purpose = 'rounding'", func(r db.Row) error {
		booked[fx.ResidueKey(money.Currency(r.Text(0)), r.Int(1) == 1)] += r.Int(2) * money.ResidueUnit
		return nil
	})
}
