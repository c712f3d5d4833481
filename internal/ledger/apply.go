package ledger

import (
	"fmt"
	"math"
	"time"

	"github.com/florinpay/florin/internal/chain"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// Locks are the rows that a write names to Apply steps between these accounts.
// Name the holds it posts or voids with [LockHold].
func Locks(names ...Name) []db.Lock {
	locks := make([]db.Lock, 0, len(names)+1)
	locks = append(locks, chain.Lock(chain.Transfers))
	for _, n := range names {
		locks = append(locks, accounts.Lock(string(n.ID())))
	}
	return locks
}

// LockHold is the row of a hold that a write makes, posts or voids.
func LockHold(hold id.Transfer) db.Lock { return holds.Lock(string(hold)) }

// Apply makes all steps, in order, or none of them. The accounts and holds must
// be locked. Errors: ErrInsufficientFunds, ErrBalanceLimit, ErrHoldFinished,
// ErrHoldExceeded, ErrHoldMissing, ErrSameAccount, ErrNotPositive, and
// money.ErrOverflow; after an error nothing has been written.
func Apply(tx *db.Tx, now time.Time, steps ...Step) ([]Transfer, error) {
	w := work{tx: tx, now: now, out: make([]Transfer, 0, len(steps))}
	for _, s := range steps {
		if err := w.step(s); err != nil {
			return nil, err
		}
	}
	w.write()
	return w.out, nil
}

// Open makes an account with limits of its own, or changes the limits of one
// that is there. Errors: ErrInsufficientFunds, ErrBalanceLimit if its balance
// is outside them already.
func Open(tx *db.Tx, now time.Time, n Name, l Limits) error {
	w := work{tx: tx, now: now}
	a := w.account(n)
	a.Limits = l
	if err := a.check(); err != nil {
		return err
	}
	a.dirty = true
	w.write()
	return nil
}

// work holds the working copies of what the steps touch, so that a refusal in
// the last step leaves no trace of the first.
type work struct {
	tx       *db.Tx
	now      time.Time
	accounts []*workAccount
	holds    []*workHold
	out      []Transfer
}

type workAccount struct {
	Account
	fresh, dirty bool
}

type workHold struct {
	hold
	fresh bool
}

func (w *work) account(n Name) *workAccount {
	key := n.ID()
	if a := w.byID(key); a != nil {
		return a
	}
	row, found := accounts.Get(w.tx, string(key))
	if !found {
		row = Account{ID: key, Name: n, CreatedAt: w.now, Limits: openingLimits(n.Purpose)}
	}
	return w.keep(row, !found)
}

// byID finds an account among the working copies.
func (w *work) byID(key id.Account) *workAccount {
	for _, a := range w.accounts {
		if a.ID == key {
			return a
		}
	}
	return nil
}

func (w *work) keep(row Account, fresh bool) *workAccount {
	a := &workAccount{row, fresh, false}
	w.accounts = append(w.accounts, a)
	return a
}

// stored is the account of a hold: it is there, or the ledger is broken.
func (w *work) stored(key id.Account) (*workAccount, error) {
	if a := w.byID(key); a != nil {
		return a, nil
	}
	row, found := accounts.Get(w.tx, string(key))
	if !found {
		return nil, errImpossible.WithCause(fmt.Errorf("account %s of a hold is missing", key))
	}
	return w.keep(row, false), nil
}

func (w *work) step(s Step) error {
	switch s.kind {
	case Post, Hold:
		return w.move(s)
	default:
		return w.finish(s)
	}
}

func (w *work) move(s Step) error {
	if s.amount.Minor <= 0 {
		return ErrNotPositive
	}
	if s.debit == s.credit {
		return ErrSameAccount
	}
	if s.debit.Currency != s.amount.Currency || s.credit.Currency != s.amount.Currency || s.debit.Live != s.credit.Live {
		return money.ErrCurrencyMismatch
	}
	from, to := w.account(s.debit), w.account(s.credit)
	if s.kind == Hold {
		return w.set(s, from, to)
	}
	if err := shift(&from.Posted, -s.amount.Minor); err != nil {
		return err
	}
	if err := shift(&to.Posted, s.amount.Minor); err != nil {
		return err
	}
	return w.record(s, Post, from, to, s.amount)
}

func (w *work) set(s Step, from, to *workAccount) error {
	if err := shift(&from.HeldOut, s.amount.Minor); err != nil {
		return err
	}
	if err := shift(&to.HeldIn, s.amount.Minor); err != nil {
		return err
	}
	w.holds = append(w.holds, &workHold{hold{s.id, from.ID, to.ID, s.amount, w.now, 0, holdPending}, true})
	return w.record(s, Hold, from, to, s.amount)
}

// finish posts part of a hold, or gives back what it still has.
func (w *work) finish(s Step) error {
	h, err := w.hold(s.hold)
	if err != nil {
		return err
	}
	from, err := w.stored(h.debit)
	if err != nil {
		return err
	}
	to, err := w.stored(h.credit)
	if err != nil {
		return err
	}
	left := money.New(h.amount.Minor-h.posted, h.amount.Currency)
	amount := left
	if s.kind == PostHold {
		amount = s.amount
		if amount.Minor <= 0 {
			return ErrNotPositive
		}
		if amount.Currency != left.Currency {
			return money.ErrCurrencyMismatch
		}
		if amount.Minor > left.Minor {
			return ErrHoldExceeded
		}
		if err := shift(&from.Posted, -amount.Minor); err != nil {
			return err
		}
		if err := shift(&to.Posted, amount.Minor); err != nil {
			return err
		}
		h.posted += amount.Minor
	}
	from.HeldOut -= amount.Minor
	to.HeldIn -= amount.Minor
	h.state = stateAfter(h.hold, s.kind)
	return w.record(s, s.kind, from, to, amount)
}

func stateAfter(h hold, k Kind) holdState {
	switch {
	case k == PostHold && h.posted < h.amount.Minor:
		return holdPending
	case h.posted > 0:
		return holdPosted
	case k == ExpireHold:
		return holdExpired
	default:
		return holdVoided
	}
}

func (w *work) hold(key id.Transfer) (*workHold, error) {
	var h *workHold
	for _, x := range w.holds {
		if x.id == key {
			h = x
		}
	}
	if h == nil {
		row, found := holds.Get(w.tx, string(key))
		if !found {
			return nil, ErrHoldMissing
		}
		h = &workHold{row, false}
		w.holds = append(w.holds, h)
	}
	if h.state != holdPending {
		return nil, ErrHoldFinished
	}
	return h, nil
}

// record checks both accounts and appends the transfer's content; numbers,
// hashes and the way back come with write, when nothing can be refused any more.
func (w *work) record(s Step, kind Kind, from, to *workAccount, amount money.Amount) error {
	if err := from.check(); err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	if err := from.fits(); err != nil {
		return err
	}
	if err := to.fits(); err != nil {
		return err
	}
	from.Transfers++
	to.Transfers++
	from.dirty, to.dirty = true, true
	key := s.id
	if key == "" {
		key = id.New[id.Transfer](w.now)
	}
	w.out = append(w.out, Transfer{
		ID: key, Kind: kind, Debit: from.side(), Credit: to.side(), Amount: amount, Hold: s.hold, Cause: s.cause,
	})
	return nil
}

func (w *work) write() {
	if len(w.out) > 0 {
		link(w.tx, w.now, w.out)
	}
	for i := range w.out {
		t := &w.out[i]
		for _, s := range []*Side{&t.Debit, &t.Credit} {
			a := w.byID(s.Account)
			a.trail = a.trail.join(s, t.Sequence)
		}
		transfers.Insert(w.tx, *t)
	}
	for _, a := range w.accounts {
		switch {
		case a.fresh:
			accounts.Insert(w.tx, a.Account)
		case a.dirty:
			accounts.Update(w.tx, a.Account)
		}
	}
	for _, h := range w.holds {
		if h.fresh {
			holds.Insert(w.tx, h.hold)
		} else {
			holds.Update(w.tx, h.hold)
		}
	}
}

// side is a as a transfer records it right after moving it.
func (a *Account) side() Side {
	return Side{Account: a.ID, Posted: a.Posted, HeldOut: a.HeldOut, HeldIn: a.HeldIn, Rank: a.Transfers}
}

// shift adds n to *p. Error: money.ErrOverflow, and *p is as it was.
func shift(p *int64, n int64) error {
	if n > 0 && *p > math.MaxInt64-n || n < 0 && *p < math.MinInt64-n {
		return money.ErrOverflow
	}
	*p += n
	return nil
}

// Room reports money.ErrOverflow if a later move of minor units, negative ones out of
// the account, could leave its range. It is for what no hold sets aside: half of the
// range is kept for moves of others that come between. Name [Locks] in that write.
func Room(tx *db.Tx, n Name, minor int64) error {
	a, _ := accounts.Get(tx, string(n.ID()))
	for _, held := range []int64{a.HeldIn, -a.HeldOut} {
		if sum := saturated(saturated(a.Posted, held), minor); sum > math.MaxInt64/2 || sum < math.MinInt64/2 {
			return money.ErrOverflow
		}
	}
	return nil
}

// Read gives a locked account as the write sees it, and whether it was ever used.
func Read(tx *db.Tx, n Name) (Account, bool) { return accounts.Get(tx, string(n.ID())) }
