package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/florinpay/florin/internal/chain"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
)

// Report is what Verify found.
type Report struct {
	Transfers int64
	Accounts  int64
	Holds     int64 // pending
	Hash      []byte
	Finding   string // the first difference, "" if everything holds
}

// errFound ends a scan at the first difference.
var errFound = errors.New("ledger: difference found")

// Verify recomputes the whole ledger: numbers, hashes, every balance, every hold,
// and that each currency sums to zero. It needs memory for the accounts and the
// pending holds, not for the transfers. Run it while nothing writes, or on a copy;
// progress, if set, is called now and then with the transfers checked so far.
func (b *Book) Verify(ctx context.Context, progress func(done int64)) (Report, error) {
	v := &verifier{accounts: map[id.Account]*Account{}, holds: map[id.Transfer]*hold{}, progress: progress,
		sums: map[string]int64{}, Report: Report{Hash: make([]byte, 32)}}
	for _, stage := range []func(context.Context, *db.DB) error{v.transfers, v.stored, v.pending, v.end} {
		if err := stage(ctx, b.db); err != nil && !errors.Is(err, errFound) {
			return v.Report, err
		}
		if v.Finding != "" {
			break
		}
	}
	return v.Report, nil
}

type verifier struct {
	Report
	accounts map[id.Account]*Account // recomputed
	holds    map[id.Transfer]*hold   // recomputed, pending only
	finished int64
	sums     map[string]int64 // posted by currency and mode
	last     time.Time
	progress func(int64)
}

func (v *verifier) found(format string, args ...any) error {
	v.Finding = fmt.Sprintf(format, args...)
	return errFound
}

const progressEvery = 100_000

func (v *verifier) transfers(ctx context.Context, d *db.DB) error {
	return transfers.Each(ctx, d, "order by sequence", func(t *Transfer) error {
		v.Report.Transfers++
		if v.progress != nil && v.Report.Transfers%progressEvery == 0 {
			v.progress(v.Report.Transfers)
		}
		if t.Sequence != v.Report.Transfers {
			return v.found("transfer %d is missing: the next one found is %d (%s)", v.Report.Transfers, t.Sequence, t.ID)
		}
		if !bytes.Equal(t.Hash, t.chain(v.Hash)) {
			return v.found("transfer %d (%s) does not match its hash: it, or its hash, was changed", t.Sequence, t.ID)
		}
		if t.CreatedAt.Before(v.last) {
			return v.found("transfer %d (%s) is dated before the one in front of it", t.Sequence, t.ID)
		}
		v.Hash, v.last = t.Hash, t.CreatedAt
		return v.replay(t)
	})
}

// replay moves the recomputed balances as t says and compares with what t recorded.
func (v *verifier) replay(t *Transfer) error {
	from, to := v.account(t.Debit.Account), v.account(t.Credit.Account)
	n := t.Amount.Minor
	if n <= 0 || from == to {
		return v.found("transfer %d (%s) moves nothing", t.Sequence, t.ID)
	}
	switch t.Kind {
	case Post:
		from.Posted, to.Posted = from.Posted-n, to.Posted+n
	case Hold:
		from.HeldOut, to.HeldIn = from.HeldOut+n, to.HeldIn+n
		v.holds[t.ID] = &hold{id: t.ID, debit: from.ID, credit: to.ID, amount: t.Amount, state: holdPending}
	case PostHold, VoidHold, ExpireHold:
		if err := v.replayHold(t); err != nil {
			return err
		}
		from.HeldOut, to.HeldIn = from.HeldOut-n, to.HeldIn-n
		if t.Kind == PostHold {
			from.Posted, to.Posted = from.Posted-n, to.Posted+n
		}
	default:
		return v.found("transfer %d (%s) is of the unknown kind %q", t.Sequence, t.ID, t.Kind)
	}
	if err := v.replaySide(t, t.Debit, from); err != nil {
		return err
	}
	return v.replaySide(t, t.Credit, to)
}

// replaySide compares what t recorded of an account with the recomputed one.
func (v *verifier) replaySide(t *Transfer, recorded Side, a *Account) error {
	a.Transfers++
	s := a.side()
	a.trail = a.trail.join(&s, t.Sequence)
	if s.Posted != recorded.Posted || s.HeldOut != recorded.HeldOut || s.HeldIn != recorded.HeldIn {
		return v.found("transfer %d (%s) records balances that do not follow from the transfers before it", t.Sequence, t.ID)
	}
	if s != recorded {
		return v.found("transfer %d (%s) records a way back that does not lead to the transfers before it", t.Sequence, t.ID)
	}
	return nil
}

func (v *verifier) replayHold(t *Transfer) error {
	h := v.holds[t.Hold]
	if h == nil || h.debit != t.Debit.Account || h.credit != t.Credit.Account || t.Amount.Minor > h.amount.Minor-h.posted {
		return v.found("transfer %d (%s) finishes more of the hold %s than there was", t.Sequence, t.ID, t.Hold)
	}
	if t.Kind == PostHold {
		h.posted += t.Amount.Minor
	}
	if h.state = stateAfter(*h, t.Kind); h.state != holdPending {
		delete(v.holds, t.Hold)
		v.finished++
	}
	return nil
}

func (v *verifier) account(key id.Account) *Account {
	a := v.accounts[key]
	if a == nil {
		a = &Account{ID: key}
		v.accounts[key] = a
	}
	return a
}

// stored compares the accounts' rows with the recomputed ones.
func (v *verifier) stored(ctx context.Context, d *db.DB) error {
	err := accounts.Each(ctx, d, "order by id", func(row *Account) error {
		v.Report.Accounts++
		a := v.account(row.ID)
		if row.ID != row.Name.ID() {
			return v.found("account %s is not the one its owner, purpose and currency name", row.ID)
		}
		if row.Posted != a.Posted || row.HeldOut != a.HeldOut || row.HeldIn != a.HeldIn || row.Transfers != a.Transfers {
			return v.found("account %s (%s of %s) stands at %s, its transfers add up to %s", row.ID, row.Name.Purpose,
				row.Name.Owner, money.New(row.Posted, row.Name.Currency), money.New(a.Posted, row.Name.Currency))
		}
		if !bytes.Equal(row.trail, a.trail) {
			return v.found("account %s (%s of %s) has a way back that does not lead to its transfers", row.ID, row.Name.Purpose, row.Name.Owner)
		}
		if err := row.check(); err != nil {
			return v.found("account %s (%s of %s) is outside its limits", row.ID, row.Name.Purpose, row.Name.Owner)
		}
		delete(v.accounts, row.ID)
		v.sums[fmt.Sprintf("%s live=%t", row.Name.Currency, row.Name.Live)] += row.Posted
		return nil
	})
	if err != nil {
		return err
	}
	for key := range v.accounts {
		return v.found("account %s has transfers but no row", key)
	}
	for currency, sum := range v.sums {
		if sum != 0 {
			return v.found("the accounts in %s sum to %d, not to zero", currency, sum)
		}
	}
	return nil
}

// pending compares the holds' rows with the recomputed ones.
func (v *verifier) pending(ctx context.Context, d *db.DB) error {
	rows := int64(0)
	err := holds.Each(ctx, d, "order by id", func(row *hold) error {
		rows++
		h := v.holds[row.id]
		if row.state != holdPending {
			if h != nil {
				return v.found("hold %s is marked %s but its transfers leave it pending", row.id, row.state)
			}
			return nil
		}
		if h == nil || h.posted != row.posted {
			return v.found("hold %s does not stand where its transfers leave it", row.id)
		}
		v.Holds++
		return nil
	})
	if err != nil {
		return err
	}
	if rows != v.finished+int64(len(v.holds)) {
		return v.found("there are %d holds, the transfers made %d", rows, v.finished+int64(len(v.holds)))
	}
	odd, err := oddHold(ctx, d)
	if err == nil && odd != "" {
		err = v.found("hold %s is not the one that its transfers made and posted", odd)
	}
	return err
}

// end compares the chain's recorded end with the last transfer: a chain cut short is found here.
func (v *verifier) end(ctx context.Context, d *db.DB) error {
	end, found, err := chain.Read(ctx, d, chain.Transfers)
	if err != nil {
		return err
	}
	if !found || end.Sequence != v.Report.Transfers || !bytes.Equal(end.Hash, v.Hash) || !end.At.Equal(v.last) {
		return v.found("the chain's end is recorded at %d, the last transfer found is %d", end.Sequence, v.Report.Transfers)
	}
	return nil
}

// VerifyLimits finds an account whose limits are not those that its purpose gives it.
// The platform sets no others; a book that does, through [Open], does not ask.
func (b *Book) VerifyLimits(ctx context.Context) (finding string, err error) {
	err = accounts.Each(ctx, b.db, "order by id", func(a *Account) error {
		if a.Limits == openingLimits(a.Name.Purpose) {
			return nil
		}
		finding = fmt.Sprintf("account %s (%s of %s) has other limits than its purpose gives it", a.ID, a.Name.Purpose, a.Name.Owner)
		return errFound
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return finding, err
}
