package api

import (
	"context"
	"slices"
	"strings"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/wallet"
)

// Ledger serves LedgerService from book. A merchant sees its own accounts and
// those of its payers' wallets; the trial balance has a scope of its own.
func Ledger(book *ledger.Book, desk *wallet.Desk) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterLedgerServiceHandler(server, books{book, desk})
	}
}

type books struct {
	book    *ledger.Book
	wallets *wallet.Desk
}

// own reports whether the account belongs to the caller: fault.ErrNotFound if not.
func (s books) own(ctx context.Context, a ledger.Account) error {
	c := callOf(ctx).Caller
	if a.Name.Live != c.Live {
		return fault.ErrNotFound
	}
	if a.Name.Owner == string(c.Merchant) {
		return nil
	}
	_, err := s.wallets.Get(ctx, c.Merchant, c.Live, id.Wallet(a.Name.Owner))
	return err
}

func (s books) account(ctx context.Context, key id.Account) (ledger.Account, error) {
	if !id.Valid(key) {
		return ledger.Account{}, fault.ErrNotFound
	}
	a, err := s.book.Account(ctx, key)
	if err == nil {
		err = s.own(ctx, a)
	}
	return a, err
}

// GetAccount implements [florinv1connect.LedgerServiceHandler].
func (s books) GetAccount(ctx context.Context, q *florinv1.GetAccountRequest) (*florinv1.Account, error) {
	a, err := s.account(ctx, id.Account(q.Id))
	if err == nil && q.At != nil {
		a, err = s.book.AccountAt(ctx, a.ID, q.At.AsTime())
	}
	if err != nil {
		return nil, err
	}
	return ledger.ViewAccount(a), nil
}

// ListAccounts implements [florinv1connect.LedgerServiceHandler]. A merchant has a
// handful of accounts, so the page is cut here.
func (s books) ListAccounts(ctx context.Context, q *florinv1.ListAccountsRequest) (*florinv1.ListAccountsResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	list, err := s.book.Owned(ctx, string(c.Merchant), c.Live)
	if err != nil {
		return nil, err
	}
	slices.Reverse(list)
	list = slices.DeleteFunc(list, func(a ledger.Account) bool {
		return p.After != "" && string(a.ID) >= p.After || p.Before != "" && string(a.ID) <= p.Before
	})
	answer := &florinv1.ListAccountsResponse{Object: listObject, Url: p.URL, HasMore: len(list) > p.Limit}
	if answer.HasMore && p.Before != "" {
		list = list[len(list)-p.Limit:]
	} else if answer.HasMore {
		list = list[:p.Limit]
	}
	answer.Data = views(list, ledger.ViewAccount)
	answer.NextCursor = farthest(p, answer.Data, answer.HasMore)
	return answer, nil
}

// GetTransfer implements [florinv1connect.LedgerServiceHandler].
func (s books) GetTransfer(ctx context.Context, q *florinv1.GetTransferRequest) (*florinv1.Transfer, error) {
	t, err := s.transfer(ctx, q.Id)
	if err != nil {
		return nil, err
	}
	return ledger.View(t, callOf(ctx).Caller.Live), nil
}

// transfer reads a transfer that touches an account of the caller's.
func (s books) transfer(ctx context.Context, key string) (ledger.Transfer, error) {
	if !id.Valid(id.Transfer(key)) {
		return ledger.Transfer{}, fault.ErrNotFound
	}
	t, err := s.book.Transfer(ctx, id.Transfer(key))
	if err != nil {
		return t, err
	}
	if _, err = s.account(ctx, t.Debit.Account); err != nil {
		_, err = s.account(ctx, t.Credit.Account)
	}
	return t, err
}

// ListTransfers implements [florinv1connect.LedgerServiceHandler].
func (s books) ListTransfers(ctx context.Context, q *florinv1.ListTransfersRequest) (*florinv1.ListTransfersResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	a, err := s.account(ctx, id.Account(q.Account))
	if err != nil {
		return nil, err
	}
	span := ledger.Span{Limit: p.Limit, Kind: word[ledger.Kind](q.Kind, "TRANSFER_KIND_"), Cause: q.Cause}
	if span.From, span.To, err = timesOf(q); err != nil {
		return nil, err
	}
	if cursor := p.After + p.Before; cursor != "" {
		t, err := s.transfer(ctx, cursor)
		if err != nil {
			return nil, p.blame(err)
		}
		if p.After != "" {
			span.Under = t.Sequence
		} else {
			span.Over = t.Sequence
		}
	}
	list, next, err := s.book.Transfers(ctx, a.ID, span)
	if err != nil {
		return nil, err
	}
	live := callOf(ctx).Caller.Live
	return &florinv1.ListTransfersResponse{Object: listObject, HasMore: next != "", Url: p.URL, NextCursor: string(next),
		Data: views(list, func(t ledger.Transfer) *florinv1.Transfer { return ledger.View(t, live) })}, nil
}

// GetTrialBalance implements [florinv1connect.LedgerServiceHandler].
func (s books) GetTrialBalance(ctx context.Context, _ *florinv1.GetTrialBalanceRequest) (*florinv1.TrialBalance, error) {
	live := callOf(ctx).Caller.Live
	lines, sequence, err := s.book.TrialBalance(ctx, live)
	if err != nil {
		return nil, err
	}
	answer := &florinv1.TrialBalance{Object: "trial_balance", Sequence: sequence, Livemode: live}
	for _, l := range lines {
		answer.Lines = append(answer.Lines, &florinv1.TrialBalanceLine{
			Currency: string(l.Currency), Purpose: string(l.Purpose), Accounts: l.Accounts, Debit: l.Debit, Credit: l.Credit,
		})
	}
	return answer, nil
}

// Balance reads what a merchant may dispose of, from its accounts.
func Balance(book *ledger.Book) BalanceOf {
	return func(ctx context.Context, m id.Merchant, live bool) (*florinv1.Balance, error) {
		list, err := book.Owned(ctx, string(m), live)
		if err != nil {
			return nil, err
		}
		answer := &florinv1.Balance{Object: "balance", Merchant: string(m), Livemode: live}
		for _, a := range list {
			if a.Name.Purpose == ledger.Balance {
				answer.Lines = append(answer.Lines, &florinv1.BalanceLine{
					Currency: string(a.Name.Currency), Available: a.Available(), Incoming: a.HeldIn, Outgoing: a.HeldOut,
				})
			}
		}
		slices.SortFunc(answer.Lines, func(x, y *florinv1.BalanceLine) int { return strings.Compare(x.Currency, y.Currency) })
		return answer, nil
	}
}
