package dispute

import (
	"context"
	"fmt"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/payment"
)

// pageMax is how many rows are in memory at once.
var pageMax = 1000

// disputeIDs is what ids begin with: the log tells of other nouns too.
var disputeIDs = id.Dispute("").Prefix() + "_"

// lastID stands after a prefix: no id comes after it.
const lastID = "~"

// Verify recomputes every dispute from its last event, which is chained, and from its
// transfers, which are too. It returns the number of disputes and the first difference
// as text, "" for none. What disputes did to payments is for [payment.Verify], which gets
// it by [Contests]. d must not change meanwhile: give it a snapshot.
func Verify(ctx context.Context, d *db.DB) (count int64, finding string, err error) {
	v := verification{ctx: ctx, db: d, walk: ledger.NewWalk[id.Dispute](ctx, ledger.NewBook(d))}
	defer v.walk.Close()
	for from, full := "", true; full; {
		rows, err := after(ctx, d, from, pageMax)
		if err != nil {
			return v.count, v.finding, err
		}
		upTo := disputeIDs + lastID
		if full = len(rows) == pageMax; full {
			upTo = string(rows[pageMax-1].ID)
		}
		if err := v.page(rows, from, upTo); err != nil {
			return v.count, v.finding, err
		}
		from = upTo
	}
	passed, err := v.walk.End()
	v.missed(passed)
	return v.count, v.finding, err
}

// verification is one run over all disputes.
type verification struct {
	ctx     context.Context
	db      *db.DB
	walk    *ledger.Walk
	count   int64
	finding string
}

// finds keeps the first difference.
func (v *verification) finds(format string, a ...any) {
	if v.finding == "" {
		v.finding = fmt.Sprintf(format, a...)
	}
}

func (v *verification) missed(cause string) {
	if cause != "" {
		v.finds("the ledger moved money for %s, which is not there", cause)
	}
}

func (v *verification) page(rows []Dispute, after, upTo string) error {
	keys := make([]string, len(rows))
	for i := range rows {
		keys[i] = string(rows[i].Payment)
	}
	of, err := payment.FindAll(v.ctx, v.db, keys)
	if err != nil {
		return err
	}
	last := make(map[id.Dispute]event.Newest, len(rows))
	err = event.NewLog(v.db).Newest(v.ctx, max(after, disputeIDs), upTo, func(e event.Newest) error {
		last[id.Dispute(e.Fact.Object)] = e
		return nil
	})
	if err != nil {
		return err
	}
	for _, x := range rows {
		v.count++
		cause, passed, err := v.walk.To(string(x.ID))
		v.missed(passed)
		if err != nil {
			return err
		}
		if what := x.fault(of[x.Payment], last[x.ID], cause); what != "" {
			v.finds("dispute %s %s", x.ID, what)
		}
		delete(last, x.ID)
	}
	for key := range last {
		v.finds("the log tells of the dispute %s, which is not there", key)
	}
	return nil
}

// fault says the first thing that is wrong with a dispute of p, "" for none.
func (x *Dispute) fault(p *payment.Payment, last event.Newest, cause ledger.Cause) string {
	if p == nil {
		return fmt.Sprintf("is about the payment %s, which is not there", x.Payment)
	}
	if p.Merchant != x.Merchant || p.Live != x.Live || p.Amount.Currency != x.Amount.Currency || p.Settles() != x.Share.Currency ||
		p.Amount.Currency == x.Share.Currency && x.Share != x.Amount {
		return fmt.Sprintf("does not fit its payment %s", p.ID)
	}
	if field := last.Differs(View(*x)); field != "" {
		return fmt.Sprintf("has another %s than its last event (%s) says", field, last.ID)
	}
	return p.Differs(cause, x.legs(p))
}

// legs is what the ledger must have moved for a dispute of p: see hold and settle.
func (x *Dispute) legs(p *payment.Payment) (legs []ledger.Leg) {
	from := platform(ledger.Suspense, *x)
	if x.Hold != "" {
		from = platform(ledger.Disputes, *x)
		var posted, released int64
		switch {
		case x.State.gone():
			posted = x.Share.Minor
		case x.State == Won:
			released = x.Share.Minor
		}
		legs = ledger.HeldLeg(x.Hold, p.Payee(), from, x.Share.Minor, posted, released)
	}
	if x.State.gone() {
		legs = append(legs, p.ReverseLegs(from, x.Amount.Minor, x.Share.Minor)...)
	}
	return legs
}

// Contests gives fn what disputes did to payments: see [payment.Contests].
func Contests(ctx context.Context, d *db.DB, after, upTo id.Payment, fn func(payment.Contest) error) error {
	return within(ctx, d, after, upTo, func(x *Dispute) error {
		c := payment.Contest{Payment: x.Payment, Won: x.State == Won}
		if x.State.gone() {
			c.Minor, c.Share = x.Amount.Minor, x.Share.Minor
		}
		return fn(c)
	})
}
