package ledger

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/chain"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

var accounts = db.NewTable("account", func(a *Account, f *db.Fields) {
	db.Text(f, "id", &a.ID)
	db.Text(f, "owner", &a.Name.Owner)
	db.Text(f, "purpose", &a.Name.Purpose)
	db.Text(f, "currency", &a.Name.Currency)
	db.Bool(f, "live", &a.Name.Live)
	db.Time(f, "created_at", &a.CreatedAt)
	f.Mutable()
	db.Bool(f, "floored", &a.Limits.Floored)
	db.Int(f, "floor_minor", &a.Limits.Floor)
	db.Bool(f, "capped", &a.Limits.Capped)
	db.Int(f, "ceiling_minor", &a.Limits.Ceiling)
	db.Int(f, "posted_minor", &a.Posted)
	db.Int(f, "held_out_minor", &a.HeldOut)
	db.Int(f, "held_in_minor", &a.HeldIn)
	db.Int(f, "transfers", &a.Transfers)
	db.Bytes(f, "trail", (*[]byte)(&a.trail))
})

var transfers = db.NewTable("transfer", func(t *Transfer, f *db.Fields) {
	db.Int(f, "sequence", &t.Sequence)
	db.Text(f, "id", &t.ID)
	db.Text(f, "kind", &t.Kind)
	db.Text(f, "debit", &t.Debit.Account)
	db.Text(f, "credit", &t.Credit.Account)
	db.Text(f, "currency", &t.Amount.Currency)
	db.Int(f, "amount_minor", &t.Amount.Minor)
	db.Text(f, "hold", &t.Hold)
	db.Int(f, "debit_posted_minor", &t.Debit.Posted)
	db.Int(f, "debit_held_out_minor", &t.Debit.HeldOut)
	db.Int(f, "debit_held_in_minor", &t.Debit.HeldIn)
	db.Int(f, "debit_rank", &t.Debit.Rank)
	db.Int(f, "debit_prev", &t.Debit.Prev)
	db.Int(f, "debit_skip", &t.Debit.Skip)
	db.Int(f, "credit_posted_minor", &t.Credit.Posted)
	db.Int(f, "credit_held_out_minor", &t.Credit.HeldOut)
	db.Int(f, "credit_held_in_minor", &t.Credit.HeldIn)
	db.Int(f, "credit_rank", &t.Credit.Rank)
	db.Int(f, "credit_prev", &t.Credit.Prev)
	db.Int(f, "credit_skip", &t.Credit.Skip)
	db.Text(f, "cause", &t.Cause)
	db.Time(f, "created_at", &t.CreatedAt)
	db.Bytes(f, "hash", &t.Hash)
})

var holds = db.NewTable("hold", func(h *hold, f *db.Fields) {
	db.Text(f, "id", &h.id)
	db.Text(f, "debit", &h.debit)
	db.Text(f, "credit", &h.credit)
	db.Text(f, "currency", &h.amount.Currency)
	db.Int(f, "amount_minor", &h.amount.Minor)
	db.Time(f, "created_at", &h.createdAt)
	f.Mutable()
	db.Int(f, "posted_minor", &h.posted)
	db.Text(f, "state", &h.state)
})

// some reads those of the accounts that are there.
func (b *Book) some(ctx context.Context, keys []string) (map[id.Account]Account, error) {
	list, err := accounts.Among(ctx, b.db, keys, "true")
	found := make(map[id.Account]Account, len(list))
	for _, a := range list {
		found[a.ID] = a
	}
	return found, err
}

// link gives the transfers their numbers, instants and hashes, and moves the
// chain's end to the last of them. Instants never run backwards along the chain.
func link(tx *db.Tx, now time.Time, list []Transfer) {
	end := chain.Of(tx, chain.Transfers)
	if now.After(end.At) {
		end.At = now
	}
	for i := range list {
		t := &list[i]
		end.Sequence++
		t.Sequence, t.CreatedAt = end.Sequence, end.At
		t.Hash = t.chain(end.Hash)
		end.Hash = t.Hash
	}
	end.Put(tx)
}

// of reads, in SQL, what a transfer knows of the account $1, whichever side it is on.
func of(what string) string {
	return "case when t.debit = $1 then t.debit_" + what + " else t.credit_" + what + " end"
}

// Ways to find a place on an account's way back: by number, or by rank. Each step
// takes the skip unless that leads past the place.
var (
	toNumber = wayBack("walk.sequence", "walk.skip > $3")
	toRank   = wayBack("walk.rank", "walk.rank - (walk.rank & -walk.rank) >= $3")
)

func wayBack(place, skips string) string {
	known := "t.sequence, " + of("rank") + ", " + of("prev") + ", " + of("skip")
	return "with recursive walk (sequence, rank, prev, skip) as (select " + known + " from transfer t where t.sequence = $2" +
		" union all select " + known + " from walk join transfer t on t.sequence = case when " + skips +
		" then walk.skip else walk.prev end where " + place + " > $3) select sequence, rank from walk where " + place + " <= $3"
}

// find gives the number and rank of the newest of a's transfers that is not past the
// place: toNumber a number, toRank a rank. 0 if there is none.
func (b *Book) find(ctx context.Context, a Account, how string, place int64) (number, rank int64, err error) {
	err = b.db.Query(ctx, how, func(r db.Row) error { number, rank = r.Int(0), r.Int(1); return nil }, string(a.ID), a.trail.last(), place)
	return number, rank, err
}

// back reads up to limit of an account's transfers from number on backwards, newest first.
func (b *Book) back(ctx context.Context, key id.Account, number int64, limit int) ([]Transfer, error) {
	return transfers.Select(ctx, b.db, "where sequence in (with recursive walk (sequence, prev, more) as ("+
		"select t.sequence, "+of("prev")+", cast($3 as bigint) - 1 from transfer t where t.sequence = $2 union all "+
		"select t.sequence, "+of("prev")+", walk.more - 1 from walk join transfer t on t.sequence = walk.prev where walk.more > 0) "+
		"select sequence from walk) order by sequence desc", string(key), number, limit)
}

// byCause gives fn the transfers whose cause is an id with the prefix, in the order of
// the causes. The leg's Posted is the amount, its Hold the transfer itself.
func (b *Book) byCause(ctx context.Context, prefix string, fn func(cause string, kind Kind, l Leg) error) error {
	return b.db.Query(ctx, "select cause, kind, id, debit, credit, amount_minor from transfer where cause > $1 and cause < $2 order by cause",
		func(r db.Row) error {
			return fn(r.Text(0), Kind(r.Text(1)), Leg{Hold: id.Transfer(r.Text(2)), Debit: id.Account(r.Text(3)), Credit: id.Account(r.Text(4)), Posted: r.Int(5)})
		}, prefix+"_", prefix+"_~")
}

// sums adds up the accounts of one mode by currency and purpose.
func (b *Book) sums(ctx context.Context, live bool) (lines []Line, err error) {
	err = b.db.Query(ctx, `select currency, purpose, count(*),
		cast(sum(case when posted_minor < 0 then -posted_minor else 0 end) as bigint),
		cast(sum(case when posted_minor > 0 then posted_minor else 0 end) as bigint)
		from account where live = $1 group by currency, purpose order by currency, purpose`,
		func(r db.Row) error {
			lines = append(lines, Line{money.Currency(r.Text(0)), Purpose(r.Text(1)), r.Int(2), r.Int(3), r.Int(4)})
			return nil
		}, live)
	return lines, err
}

// oddHold finds a hold whose row differs from the transfer that made it, or from
// what later transfers posted of it; "" if there is none.
func oddHold(ctx context.Context, d *db.DB) (key id.Transfer, err error) {
	err = d.Query(ctx, `select h.id from hold h
		left join transfer t on t.id = h.id and t.kind = 'hold'
		left join (select hold, cast(sum(case when kind = 'post_hold' then amount_minor else 0 end) as bigint) as posted
			from transfer where hold <> '' group by hold) p on p.hold = h.id
		where t.id is null or t.debit <> h.debit or t.credit <> h.credit or t.currency <> h.currency
			or t.amount_minor <> h.amount_minor or h.posted_minor <> coalesce(p.posted, 0)
			or h.state = 'posted' and h.posted_minor = 0 or h.state in ('voided', 'expired') and h.posted_minor > 0 limit 1`,
		func(r db.Row) error { key = id.Transfer(r.Text(0)); return nil })
	return key, err
}
