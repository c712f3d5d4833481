package ledger

import (
	"context"
	"time"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// head is the end of the chain.
type head struct {
	name     string
	sequence int64
	hash     []byte
	at       time.Time // of the last transfer
}

const headName = "chain"

var heads = db.NewTable("ledger_head", func(h *head, f *db.Fields) {
	db.Text(f, "name", &h.name)
	f.Mutable()
	db.Int(f, "sequence", &h.sequence)
	db.Bytes(f, "hash", &h.hash)
	db.Time(f, "at", &h.at)
})

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
})

var transfers = db.NewTable("transfer", func(t *Transfer, f *db.Fields) {
	db.Int(f, "sequence", &t.Sequence)
	db.Text(f, "id", &t.ID)
	db.Text(f, "kind", &t.Kind)
	db.Text(f, "debit", &t.Debit)
	db.Text(f, "credit", &t.Credit)
	db.Text(f, "currency", &t.Amount.Currency)
	db.Int(f, "amount_minor", &t.Amount.Minor)
	db.Text(f, "hold", &t.Hold)
	db.Int(f, "debit_after_minor", &t.DebitAfter)
	db.Int(f, "credit_after_minor", &t.CreditAfter)
	db.Int(f, "debit_held_minor", &t.DebitHeld)
	db.Int(f, "credit_held_minor", &t.CreditHeld)
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

// link gives the transfers their numbers, instants and hashes, and moves the
// chain's head to the last of them. Instants never run backwards along the chain.
func link(tx *db.Tx, now time.Time, list []Transfer) {
	h, found := heads.Get(tx, headName)
	if !found {
		panic("ledger: the chain has no head row")
	}
	if now.After(h.at) {
		h.at = now
	}
	for i := range list {
		t := &list[i]
		h.sequence++
		t.Sequence, t.CreatedAt = h.sequence, h.at
		t.Hash = t.chain(h.hash)
		h.hash = t.Hash
	}
	heads.Update(tx, h)
}

// countUpTo counts an account's transfers up to number last.
func (b *Book) countUpTo(ctx context.Context, key id.Account, last int64) (n int64, err error) {
	err = b.db.Query(ctx, `select (select count(*) from transfer where debit = $1 and sequence <= $2) +
		(select count(*) from transfer where credit = $1 and sequence <= $2)`,
		func(r db.Row) error { n = r.Int(0); return nil }, string(key), last)
	return n, err
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
