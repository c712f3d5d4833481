package api

import (
	"context"
	"slices"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/ledger"
	"github.com/florinpay/florin/internal/payment"
	"github.com/florinpay/florin/internal/wallet"
)

// Exports serves ExportService: payments from till, transfers and balances from book.
// A merchant sees of the ledger what LedgerService shows it.
func Exports(till *payment.Desk, book *ledger.Book, desk *wallet.Desk) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterExportServiceHandler(server, exports{till, books{book, desk}})
	}
}

type exports struct {
	payments *payment.Desk
	books    books
}

// sink is where a handler's stream leads.
type sink[View any] interface {
	Send(View) error
	SendHeaders() error
}

// sendPage sends the rows and lets them go out: the next page may be long in coming.
func sendPage[Row, View any](to sink[View], rows []Row, view func(Row) View) error {
	for _, r := range rows {
		if err := to.Send(view(r)); err != nil {
			return err
		}
	}
	return to.SendHeaders()
}

// ExportPayments implements [florinv1connect.ExportServiceHandler].
func (s exports) ExportPayments(ctx context.Context, q *florinv1.ExportPaymentsRequest, stream florinv1connect.ExportServiceExportPaymentsServerStream) error {
	f, err := paymentFilter(span{}, &florinv1.ListPaymentsRequest{ // what a list filters by, an export does
		Status: q.Status, CreatedFrom: q.CreatedFrom, CreatedTo: q.CreatedTo, Amount: q.Amount, AmountMin: q.AmountMin, AmountMax: q.AmountMax,
		Currency: q.Currency, Reference: q.Reference, Source: q.Source, Metadata: q.Metadata,
	})
	if err != nil {
		return err
	}
	c := callOf(ctx).Caller
	return s.payments.Each(ctx, c.Merchant, c.Live, f, func(page []payment.Payment) error {
		return sendPage(stream, page, payment.View)
	})
}

// ExportTransfers implements [florinv1connect.ExportServiceHandler].
func (s exports) ExportTransfers(ctx context.Context, q *florinv1.ExportTransfersRequest, stream florinv1connect.ExportServiceExportTransfersServerStream) error {
	span := ledger.Span{Kind: word[ledger.Kind](q.Kind, "TRANSFER_KIND_"), Cause: q.Cause}
	var err error
	if span.From, span.To, err = timesOf(q); err != nil {
		return err
	}
	keys, err := s.accounts(ctx, id.Account(q.Account))
	if err != nil {
		return err
	}
	live := callOf(ctx).Caller.Live
	return s.books.book.Each(ctx, keys, span, func(page []ledger.Transfer) error {
		return sendPage(stream, page, func(t ledger.Transfer) *florinv1.Transfer { return ledger.View(t, live) })
	})
}

// accounts are the one that is named, or all of the caller's. Error: fault.ErrNotFound
// if it may not see that one.
func (s exports) accounts(ctx context.Context, named id.Account) ([]id.Account, error) {
	if named != "" {
		a, err := s.books.account(ctx, named)
		return []id.Account{a.ID}, err
	}
	c := callOf(ctx).Caller
	list, err := s.books.book.Owned(ctx, string(c.Merchant), c.Live)
	return views(list, func(a ledger.Account) id.Account { return a.ID }), err
}

// ExportBalances implements [florinv1connect.ExportServiceHandler]. A merchant has a
// handful of accounts: one query shows them as of one moment.
func (s exports) ExportBalances(ctx context.Context, q *florinv1.ExportBalancesRequest, stream florinv1connect.ExportServiceExportBalancesServerStream) error {
	c := callOf(ctx).Caller
	list, err := s.books.book.Owned(ctx, string(c.Merchant), c.Live)
	if q.At != nil {
		list, err = s.books.book.OwnedAt(ctx, string(c.Merchant), c.Live, q.At.AsTime())
	}
	if err != nil {
		return err
	}
	slices.SortFunc(list, func(a, b ledger.Account) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return sendPage(stream, list, ledger.ViewAccount)
}
