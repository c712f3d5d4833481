package dispute

import (
	"context"
	"slices"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

var disputes = db.NewTable("dispute", func(x *Dispute, f *db.Fields) {
	db.Text(f, "id", &x.ID)
	db.Text(f, "payment", &x.Payment)
	db.Text(f, "merchant", &x.Merchant)
	db.Bool(f, "live", &x.Live)
	db.Text(f, "currency", &x.Amount.Currency)
	db.Int(f, "amount_minor", &x.Amount.Minor)
	db.Text(f, "share_currency", &x.Share.Currency)
	db.Int(f, "share_minor", &x.Share.Minor)
	db.Text(f, "reason", &x.Reason)
	db.Time(f, "created_at", &x.CreatedAt)
	db.Text(f, "hold", &x.Hold)
	f.Mutable()
	db.Text(f, "stage", &x.Stage)
	db.Text(f, "state", &x.State)
	db.Text(f, "evidence", &x.Evidence)
	db.Time(f, "respond_by", &x.RespondBy)
	db.Int(f, "sequence", &x.Sequence)
})

// Get reads a merchant's dispute. Error: fault.ErrNotFound, also for another merchant's.
func (d *Desk) Get(ctx context.Context, merchant id.Merchant, live bool, key id.Dispute) (Dispute, error) {
	x, err := d.byID(ctx, key)
	if err == nil && (x.Merchant != merchant || x.Live != live) {
		return Dispute{}, fault.ErrNotFound
	}
	return x, err
}

// List reads a merchant's disputes, newest first. next is the id to go on from in the
// direction of reading, "" if nothing is left. Error: fault.ErrNotFound if there is no
// such object as the page starts from.
func (d *Desk) List(ctx context.Context, merchant id.Merchant, live bool, f Filter) (list []Dispute, next string, err error) {
	if c := f.Page.Cursor(); c != "" { // a list starts from its own objects only
		if _, err := d.Get(ctx, merchant, live, id.Dispute(c)); err != nil {
			return nil, "", err
		}
	}
	way := db.Way{Table: "dispute", Key: "id", Where: owned, Each: [][]any{{string(merchant), live}}}
	switch {
	case f.Payment != "":
		way.Where, way.Each = "payment = $1", [][]any{{string(f.Payment)}}
	case f.State != "":
		way.Where, way.Each = "merchant || state = $1 and live = $2", [][]any{{string(merchant) + string(f.State), live}}
	}
	s := db.Search[Dispute, string]{Limit: f.Page.Limit, Key: func(x *Dispute) string { return string(x.ID) }, Ways: []db.Way{way}}
	s.Check = owned + " and ($3 = '' or payment = $3) and ($4 = '' or state = $4) and created_at >= $5 and created_at <= $6"
	s.Args = []any{string(merchant), live, string(f.Payment), string(f.State), db.Micros(f.From), db.MicrosUntil(f.To)}
	s.Picky = f.Payment != "" || !f.From.IsZero() || !f.To.IsZero()
	over, under := id.Between[id.Dispute](f.From, f.To)
	s.Over, s.Under = string(over), string(under)
	s.Start(f.Page.After, f.Page.Before)
	return db.Walk(ctx, d.db, disputes, s)
}

// owned is what every row of a merchant's list holds.
const owned = "merchant = $1 and live = $2"

func (d *Desk) byID(ctx context.Context, key id.Dispute) (Dispute, error) {
	if !id.Valid(key) {
		return Dispute{}, fault.ErrNotFound
	}
	x, found, err := disputes.First(ctx, d.db, "where id = $1", string(key))
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return x, err
}

// Filter says which disputes to list: those that hold all of what is set.
type Filter struct {
	Page     db.Page
	Payment  id.Payment
	State    State
	From, To time.Time // created between, both included
}

// opened reports whether the payment has been disputed.
func (d *Desk) opened(ctx context.Context, of id.Payment) (bool, error) {
	_, found, err := disputes.First(ctx, d.db, "where payment = $1", string(of))
	return found, err
}

// FindPayments tells which payment each of the disputes is about, of any merchant, for the
// platform's own flows; those that are not there are left out.
func FindPayments(ctx context.Context, d *db.DB, keys []string) (map[id.Dispute]id.Payment, error) {
	slices.Sort(keys)
	list, err := disputes.Among(ctx, d, slices.Compact(keys), "true")
	found := make(map[id.Dispute]id.Payment, len(list))
	for _, x := range list {
		found[x.ID] = x.Payment
	}
	return found, err
}

// after reads the next disputes in the order of their ids.
func after(ctx context.Context, d *db.DB, key string, limit int) ([]Dispute, error) {
	return disputes.Select(ctx, d, "where id > $1 order by id limit $2", key, limit)
}

// within reads the disputes of payments after one and up to another.
func within(ctx context.Context, d *db.DB, after, upTo id.Payment, fn func(*Dispute) error) error {
	return disputes.Each(ctx, d, "where payment > $1 and payment <= $2 order by payment, id", fn, string(after), string(upTo))
}
