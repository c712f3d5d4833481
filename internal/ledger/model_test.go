package ledger

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/db/dbtest"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// model is the ledger as one would write it if nothing could fail and nobody else
// were there: some numbers in maps.
type model struct {
	accounts map[Name]Account
	holds    map[id.Transfer]hold
}

func (m model) clone() model { return model{maps.Clone(m.accounts), maps.Clone(m.holds)} }

// apply does all steps or none.
func (m *model) apply(steps []Step) error {
	next := m.clone()
	for _, s := range steps {
		if err := next.step(s); err != nil {
			return err
		}
	}
	*m = next
	return nil
}

func (m *model) step(s Step) error {
	if s.kind == Post || s.kind == Hold {
		return m.move(s)
	}
	h, found := m.holds[s.hold]
	if !found {
		return ErrHoldMissing
	}
	if h.state != holdPending {
		return ErrHoldFinished
	}
	left, n := h.amount.Minor-h.posted, h.amount.Minor-h.posted
	if s.kind == PostHold {
		n = s.amount.Minor
		switch {
		case n <= 0:
			return ErrNotPositive
		case s.amount.Currency != h.amount.Currency:
			return money.ErrCurrencyMismatch
		case n > left:
			return ErrHoldExceeded
		}
		h.posted += n
		if n == left {
			h.state = holdPosted
		}
	} else {
		h.state = map[Kind]holdState{VoidHold: holdVoided, ExpireHold: holdExpired}[s.kind]
		if h.posted > 0 {
			h.state = holdPosted
		}
	}
	m.holds[s.hold] = h
	posted := int64(0)
	if s.kind == PostHold {
		posted = n
	}
	return m.shift(m.named(h.debit), m.named(h.credit), posted, -n)
}

func (m *model) move(s Step) error {
	n := s.amount.Minor
	switch {
	case n <= 0:
		return ErrNotPositive
	case s.debit == s.credit:
		return ErrSameAccount
	case s.debit.Currency != s.amount.Currency || s.credit.Currency != s.amount.Currency || s.debit.Live != s.credit.Live:
		return money.ErrCurrencyMismatch
	case s.kind == Post:
		return m.shift(s.debit, s.credit, n, 0)
	}
	m.holds[s.id] = hold{s.id, s.debit.ID(), s.credit.ID(), s.amount, time.Time{}, 0, holdPending}
	return m.shift(s.debit, s.credit, 0, n)
}

// shift moves posted and held minor units, and holds the accounts to their limits.
func (m *model) shift(from, to Name, posted, held int64) error {
	a, b := m.accounts[from], m.accounts[to]
	if wraps(a.Posted, -posted) || wraps(b.Posted, posted) || wraps(a.HeldOut, held) || wraps(b.HeldIn, held) {
		return money.ErrOverflow
	}
	a.Posted, b.Posted, a.HeldOut, b.HeldIn = a.Posted-posted, b.Posted+posted, a.HeldOut+held, b.HeldIn+held
	for _, x := range []*Account{&a, &b} {
		x.Transfers++
		if x.Limits.Floored && (wraps(x.Posted, -x.HeldOut) || x.Posted-x.HeldOut < x.Limits.Floor) {
			return ErrInsufficientFunds
		}
		if x.Limits.Capped && (wraps(x.Posted, x.HeldIn) || x.Posted+x.HeldIn > x.Limits.Ceiling) {
			return ErrBalanceLimit
		}
	}
	for _, x := range []Account{a, b} {
		if wraps(x.Posted, -x.HeldOut) || wraps(x.Posted, x.HeldIn) {
			return money.ErrOverflow
		}
	}
	m.accounts[from], m.accounts[to] = a, b
	return nil
}

func wraps(x, y int64) bool { return y > 0 && x > math.MaxInt64-y || y < 0 && x < math.MinInt64-y }

func (m *model) named(key id.Account) Name {
	for n := range m.accounts {
		if n.ID() == key {
			return n
		}
	}
	panic("the model has no account " + key)
}

// twin is one check: a ledger, its model, and where both stood after each commit.
type twin struct {
	d     *db.DB
	book  *Book
	names []Name
	locks []db.Lock
	model
	past []moment
}

type moment struct {
	at       time.Time
	accounts map[Name]Account
}

// TestTheLedgerDoesWhatItsModelDoes: random linked steps leave the same balances, the
// same holds and the same refusals, now and at any past moment.
func TestTheLedgerDoesWhatItsModelDoes(t *testing.T) {
	d := dbtest.SQLite(t)
	now, check := time.UnixMicro(1_700_000_000_000_000).UTC(), 0
	rapid.Check(t, func(t *rapid.T) {
		check++
		b := newTwin(t, d, fmt.Sprint("owner", check), now)
		for i := range rapid.IntRange(1, 25).Draw(t, "commits") {
			now = now.Add(time.Second)
			b.commit(t, now, fmt.Sprintf("%d.%d", check, i))
			b.past = append(b.past, moment{now, maps.Clone(b.accounts)})
		}
		for _, p := range b.past {
			b.compareThen(t, p)
			b.comparePages(t)
		}
		if r, err := b.book.Verify(context.Background(), nil); err != nil || r.Finding != "" {
			t.Fatalf("verify: %s, %v", r.Finding, err)
		}
	})
}

func newTwin(t *rapid.T, d *db.DB, owner string, now time.Time) *twin {
	b := &twin{d: d, book: NewBook(d), model: model{map[Name]Account{}, map[id.Transfer]hold{}}}
	for _, n := range []Name{
		{owner, Wallet, "USD", false}, {owner, Balance, "USD", false}, {owner, Clearing, "USD", false},
		{owner, Suspense, "USD", false}, {owner, Clearing, "EUR", false}, {owner, Clearing, "USD", true},
	} {
		l := openingLimits(n.Purpose)
		if n.Purpose == Suspense { // one with limits of its own
			l = Limits{true, -500, true, 2000}
			if err := d.Write(context.Background(), Locks(n), func(tx *db.Tx) error { return Open(tx, now, n, l) }); err != nil {
				t.Fatal(err)
			}
		}
		b.names, b.accounts[n] = append(b.names, n), Account{Limits: l}
	}
	b.locks = Locks(b.names...)
	return b
}

// commit applies some linked steps to both.
func (b *twin) commit(t *rapid.T, now time.Time, name string) {
	var steps []Step
	locks := b.locks
	for i := range rapid.IntRange(1, 4).Draw(t, "steps") {
		s := b.draw(t, id.Derive[id.Transfer](name, fmt.Sprint(i)))
		steps, locks = append(steps, s), append(locks, LockHold(s.id), LockHold(s.hold))
	}
	var made []Transfer
	err := b.d.Write(context.Background(), locks, func(tx *db.Tx) (err error) {
		made, err = Apply(tx, now, steps...)
		return err
	})
	want := b.apply(steps)
	if codeOf(err) != codeOf(want) {
		t.Fatalf("%+v\n the ledger answers %v\n its model %v", steps, err, want)
	}
	if err == nil && len(made) != len(steps) {
		t.Fatalf("%d steps made %d transfers", len(steps), len(made))
	}
	b.compare(t)
}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}

// draw makes a step. Holds of earlier steps of the same commit are not known yet, so
// those are finished a commit later.
func (b *twin) draw(t *rapid.T, key id.Transfer) Step {
	minor := rapid.OneOf(rapid.Int64Range(1, 600), rapid.Int64Range(-1, 3000),
		rapid.SampledFrom([]int64{math.MaxInt64, math.MaxInt64 - 500, math.MinInt64})).Draw(t, "minor")
	amount := money.New(minor, rapid.SampledFrom([]money.Currency{"USD", "USD", "USD", "USD", "EUR"}).Draw(t, "currency"))
	from, to := rapid.SampledFrom(b.names[:4]), rapid.SampledFrom(b.names[:4])
	if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
		from, to = rapid.SampledFrom(b.names), rapid.SampledFrom(b.names)
	}
	kind := rapid.SampledFrom([]Kind{Post, Post, Post, Hold, Hold, PostHold, PostHold, VoidHold, ExpireHold}).Draw(t, "kind")
	switch kind {
	case Post:
		return MovePost(from.Draw(t, "from"), to.Draw(t, "to"), amount, string(key))
	case Hold:
		return MoveHold(key, from.Draw(t, "from"), to.Draw(t, "to"), amount, string(key))
	}
	known := append(slices.Sorted(maps.Keys(b.holds)), "xfer_never")
	which := rapid.SampledFrom(known).Draw(t, "hold")
	switch kind {
	case PostHold:
		return MovePostHold(which, amount, string(key))
	case VoidHold:
		return MoveVoidHold(which, string(key))
	default:
		return MoveExpireHold(which, string(key))
	}
}

// compare holds the ledger against its model.
func (b *twin) compare(t *rapid.T) {
	ctx := context.Background()
	for n, want := range b.accounts {
		got, err := b.book.Named(ctx, n)
		if err != nil || !same(got, want) {
			t.Fatalf("%s of %s: the ledger has %+v, its model %+v, %v", n.Purpose, n.Currency, got, want, err)
		}
	}
	for key, want := range b.holds {
		got, found, err := holds.First(ctx, b.d, "where id = $1", string(key))
		got.createdAt = time.Time{}
		if err != nil || !found || got != want {
			t.Fatalf("hold: the ledger has %+v, its model %+v, %v", got, want, err)
		}
	}
}

// compareThen holds the past that the ledger tells against the one that was seen.
func (b *twin) compareThen(t *rapid.T, p moment) {
	ctx := context.Background()
	for n, want := range p.accounts {
		if b.accounts[n].Transfers == 0 {
			continue // never opened
		}
		got, err := b.book.AccountAt(ctx, n.ID(), p.at)
		if err != nil || !same(got, want) {
			t.Fatalf("%s of %s at %s: the ledger tells %+v, it was %+v, %v", n.Purpose, n.Currency, p.at, got, want, err)
		}
	}
}

// comparePages reads an account's transfers page by page, from a random place in
// either direction, and holds them against a plain scan.
func (b *twin) comparePages(t *rapid.T) {
	ctx := context.Background()
	for n, a := range b.accounts {
		if a.Transfers == 0 {
			continue
		}
		all, err := transfers.Select(ctx, b.d, "where debit = $1 or credit = $1 order by sequence desc", string(n.ID()))
		if err != nil {
			t.Fatal(err)
		}
		s := Span{Limit: rapid.IntRange(1, 5).Draw(t, "limit")}
		place := rapid.Int64Range(0, all[0].Sequence+1).Draw(t, "place")
		want := slices.DeleteFunc(slices.Clone(all), func(x Transfer) bool { return x.Sequence >= place })
		if s.Under = place; rapid.Bool().Draw(t, "over") || place == 0 {
			s.Under, s.Over = 0, place
			want = slices.DeleteFunc(slices.Clone(all), func(x Transfer) bool { return x.Sequence <= place })
			if more := len(want) - s.Limit; place > 0 && more > 0 {
				want = want[more:]
			}
		}
		got, next, err := b.book.Transfers(ctx, n.ID(), s)
		if err != nil || !slices.EqualFunc(got, want[:min(s.Limit, len(want))], func(x, y Transfer) bool { return x.Sequence == y.Sequence }) {
			t.Fatalf("%+v of %v: %d transfers, %v, want %d", s, n, len(got), err, min(s.Limit, len(want)))
		}
		first, last := all[0].Sequence, all[len(all)-1].Sequence
		if more := next != ""; more != (len(got) > 0 && (s.Over > 0 && got[0].Sequence < first || s.Over == 0 && got[len(got)-1].Sequence > last)) {
			t.Fatalf("%+v of %v: more is %t", s, n, more)
		}
	}
}

func same(a, b Account) bool {
	return a.Posted == b.Posted && a.HeldOut == b.HeldOut && a.HeldIn == b.HeldIn && a.Transfers == b.Transfers && a.Limits == b.Limits
}
