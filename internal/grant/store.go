package grant

import (
	"context"
	"strings"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// "grant" is a word of SQL, so the table is named after who reads it.
var grants = db.NewTable("oauth_grant", func(g *Grant, f *db.Fields) {
	db.Text(f, "id", &g.ID)
	db.Text(f, "merchant", &g.Merchant)
	db.Bool(f, "live", &g.Live)
	db.Text(f, "person", &g.Person)
	db.Text(f, "payer", &g.Payer)
	db.Text(f, "client", &g.Client)
	db.Encoded(f, "scopes", func() string { return strings.Join(g.Scopes, " ") }, func(s string) { g.Scopes = strings.Fields(s) })
	db.Time(f, "created_at", &g.CreatedAt)
	db.Time(f, "expires_at", &g.ExpiresAt)
	f.Mutable()
	db.Text(f, "state", &g.State)
	db.Time(f, "revoked_at", &g.RevokedAt)
	db.Text(f, "revoked_by", &g.RevokedBy)
	db.Int(f, "sequence", &g.Sequence)
})

var limits = db.NewTable("oauth_grant_limit", func(l *Limit, f *db.Fields) {
	key := l.key()
	db.Text(f, "id", &key)
	db.Text(f, "grant_id", &l.Grant)
	db.Text(f, "payee", &l.Payee)
	db.Text(f, "currency", &l.Currency)
	db.Int(f, "period_max_minor", &l.Max)
	db.Int(f, "payment_max_minor", &l.PaymentMax)
	db.Encoded(f, "interval_text", l.Interval.String, l.read)
	f.Mutable()
	db.Time(f, "period_at", &l.PeriodAt)
	db.Int(f, "spent_minor", &l.Spent)
})

func (l *Limit) read(text string) {
	i, err := ParseInterval(text)
	if err != nil {
		panic("grant: a stored interval is not readable: " + text)
	}
	l.Interval = i
}

// Get reads a grant of one of merchant's payers, with its limits. Error:
// fault.ErrNotFound, also for another merchant's.
func (r *Room) Get(ctx context.Context, merchant id.Merchant, live bool, key id.Grant) (Grant, error) {
	if !id.Valid(key) {
		return Grant{}, fault.ErrNotFound
	}
	g, found, err := grants.First(ctx, r.db, "where id = $1 and merchant = $2 and live = $3", string(key), string(merchant), live)
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	if err != nil {
		return g, err
	}
	g.Limits, err = limits.Select(ctx, r.db, "where grant_id = $1 order by id", string(key))
	return g, err
}

// Live reports whether a grant still allows anything, as the database has it now.
func (r *Room) Live(ctx context.Context, key id.Grant) (bool, error) {
	g, found, err := grants.First(ctx, r.db, "where id = $1", string(key))
	return found && g.live(r.clock.Now()), err
}

// Filter says which grants to list: those that hold all of what is set.
type Filter struct {
	Page   db.Page
	Payer  id.Payer
	Client id.Client
	To     time.Time // given until then
}

// List reads the grants of a merchant's payers, newest first. next is the id to go on
// from in the direction of reading, "" if nothing is left. Error: fault.ErrNotFound if
// there is no such object as the page starts from.
func (r *Room) List(ctx context.Context, merchant id.Merchant, live bool, f Filter) (list []Grant, next string, err error) {
	if c := f.Page.Cursor(); c != "" { // a list starts from its own objects only
		if _, err := r.Get(ctx, merchant, live, id.Grant(c)); err != nil {
			return nil, "", err
		}
	}
	s := db.Search[Grant, string]{Limit: f.Page.Limit, Key: func(g *Grant) string { return string(g.ID) }}
	s.Ways = []db.Way{{Table: "oauth_grant", Key: "id", Where: owned, Each: [][]any{{string(merchant), live}}}}
	if f.Payer != "" {
		s.Ways = []db.Way{{Table: "oauth_grant", Key: "id", Where: "payer = $1", Each: [][]any{{string(f.Payer)}}}}
	}
	s.Check = owned + " and ($3 = '' or payer = $3) and ($4 = '' or client = $4) and created_at <= $5"
	s.Args = []any{string(merchant), live, string(f.Payer), string(f.Client), db.MicrosUntil(f.To)}
	s.Picky = f.Payer != "" || f.Client != "" || !f.To.IsZero()
	_, under := id.Between[id.Grant](time.Time{}, f.To)
	s.Under = string(under)
	s.Start(f.Page.After, f.Page.Before)
	if list, next, err = db.Walk(ctx, r.db, grants, s); err != nil {
		return nil, "", err
	}
	return list, next, r.fill(ctx, list)
}

// owned is what every row of a merchant's list holds.
const owned = "merchant = $1 and live = $2"

// Own reads a grant that a person has given, without its limits. Error: fault.ErrNotFound.
func (r *Room) Own(ctx context.Context, who id.Person, key id.Grant) (Grant, error) {
	if !id.Valid(key) {
		return Grant{}, fault.ErrNotFound
	}
	g, found, err := grants.First(ctx, r.db, "where id = $1 and person = $2", string(key), string(who))
	if err == nil && !found {
		err = fault.ErrNotFound
	}
	return g, err
}

// StandingOf reads all that a person has allowed and that has not ended, without limits;
// payer "" stands for all of theirs.
func (r *Room) StandingOf(ctx context.Context, who id.Person, payer id.Payer) ([]Grant, error) {
	const standing = "where person = $1 and state = $2 and expires_at > $3 and ($4 = '' or payer = $4)"
	return grants.Select(ctx, r.db, standing, string(who), string(Active), r.clock.Now(), string(payer))
}

// OfPerson reads what a person has allowed, at most as many as one page can show: what
// stands first, of that what is about money, and the newest of each first.
func (r *Room) OfPerson(ctx context.Context, who id.Person) ([]Grant, error) {
	const mattering = `where person = $1 order by case when state = $2 and expires_at > $3 then 0 else 1 end,
		case when exists (select 1 from oauth_grant_limit l where l.grant_id = oauth_grant.id) then 0 else 1 end, id desc limit 200`
	list, err := grants.Select(ctx, r.db, mattering, string(who), string(Active), r.clock.Now())
	if err != nil {
		return nil, err
	}
	return list, r.fill(ctx, list)
}

// fill reads the limits of grants.
func (r *Room) fill(ctx context.Context, list []Grant) error {
	for i := range list {
		own, err := limits.Select(ctx, r.db, "where grant_id = $1 order by id", string(list[i].ID))
		if err != nil {
			return err
		}
		list[i].Limits = own
	}
	return nil
}
