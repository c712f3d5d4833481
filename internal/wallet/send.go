package wallet

import (
	"context"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/money"
)

// Sending is money on its way from one wallet to another.
type Sending struct {
	From, To id.Wallet
	Amount   int64 // minor units of both wallets' currency
	Once     *idempotency.Key
	Origin   event.Origin
}

// Send moves money to another wallet, of the same currency, and returns the
// transfer. Errors: fault.ErrNotFound for the sender's wallet, fault.ErrInvalid
// with fields for the receiver's, the limits of [Spend], ledger.ErrInsufficientFunds,
// those of idempotency. A refusal is remembered under the key.
func (d *Desk) Send(ctx context.Context, merchant id.Merchant, live bool, s Sending) (ledger.Transfer, error) {
	from, err := d.Get(ctx, merchant, live, s.From)
	if err != nil {
		return ledger.Transfer{}, err
	}
	to, err := d.Get(ctx, merchant, live, s.To)
	if err != nil {
		return ledger.Transfer{}, missingField(err, "/to", "There is no such wallet.")
	}
	if to.Currency != from.Currency {
		return ledger.Transfer{}, fault.ErrInvalid.WithField("/to", ErrCurrency.Code, "The receiving wallet holds "+string(to.Currency)+", this one "+string(from.Currency)+".")
	}
	if to.ID == from.ID {
		return ledger.Transfer{}, fault.ErrInvalid.WithField("/to", ledger.ErrSameAccount.Code, "Name another wallet than the one that pays.")
	}
	var out ledger.Transfer
	locks := append(s.Once.Locks(), event.Lock(), Lock(s.From), Lock(s.To))
	locks = append(locks, ledger.Locks(from.Account(), to.Account())...)
	var refusal *fault.Fault
	err = d.db.Write(ctx, locks, func(tx *db.Tx) error {
		refusal = nil
		if err := s.Once.Check(tx); err != nil {
			return err
		}
		out, err = d.send(tx, from, to, s)
		if f := fault.Of(err); f != nil && f.Kind == fault.Refused {
			s.Once.Refuse(tx, f, d.clock.Now())
			refusal = f
			return nil
		}
		return err
	})
	if err == nil && refusal != nil {
		return out, refusal
	}
	return out, err
}

func (d *Desk) send(tx *db.Tx, from, to Wallet, s Sending) (ledger.Transfer, error) {
	now, amount := d.clock.Now(), money.New(s.Amount, from.Currency)
	var list []ledger.Transfer
	err := Spend(tx, now, from.Merchant, from.Live, from.ID, amount, func() (err error) {
		list, err = ledger.Apply(tx, now, ledger.MovePost(from.Account(), to.Account(), amount, string(from.ID)))
		return err
	})
	if err != nil {
		return ledger.Transfer{}, err
	}
	sequence := event.Append(tx, event.Fact{
		Merchant: from.Merchant, Live: from.Live, Type: "wallet.sent", Object: string(from.ID), Origin: s.Origin, At: now,
		Data: &florinv1.EventData{Object: &florinv1.EventData_Transfer{Transfer: ledger.View(list[0], from.Live)}},
	})
	from, _ = wallets.Get(tx, string(from.ID)) // as the limits have left it
	from.Sequence = sequence
	wallets.Update(tx, from)
	s.Once.Finish(tx, sequence, now)
	if to, found := wallets.Get(tx, string(to.ID)); found { // with what it has spent today as of now
		a, _ := ledger.Read(tx, to.Account())
		to.tell(tx, "wallet.received", a, s.Origin, now)
		wallets.Update(tx, to)
	}
	return list[0], nil
}
