package api

import (
	"cmp"
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/clock"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/money"
	"github.com/florinpay/florin/internal/statement"
)

// SignStatement signs the bytes of a statement and its file's name, and gives a detached JWS.
type SignStatement func(ctx context.Context, name string, content []byte) (string, error)

// Statements serves StatementService from desk. A nil sign leaves files without a
// signature.
func Statements(desk *statement.Desk, c clock.Clock, sign SignStatement) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterStatementServiceHandler(server, statements{desk, c, sign})
	}
}

type statements struct {
	desk  *statement.Desk
	clock clock.Clock
	sign  SignStatement
}

// which reads what statement is asked for. Error: fault.ErrInvalid with fields.
func (s statements) which(ctx context.Context, date, currency string) (w statement.Which, err error) {
	c := callOf(ctx).Caller
	w = statement.Which{Merchant: c.Merchant, Live: c.Live}
	if w.Day, err = statement.ParseDay(date, s.clock.Now()); err != nil {
		return w, err
	}
	if w.Currency, err = money.ParseCurrency(currency); err != nil {
		return w, fault.ErrInvalid.WithField("/currency", money.ErrCurrencyUnknown.Code, "Send an active ISO 4217 code, such as USD.")
	}
	return w, nil
}

const entriesDefault = 100

// GetStatement implements [florinv1connect.StatementServiceHandler].
func (s statements) GetStatement(ctx context.Context, q *florinv1.GetStatementRequest) (*florinv1.Statement, error) {
	w, err := s.which(ctx, q.Date, q.Currency)
	if err != nil {
		return nil, err
	}
	head, list, more, err := s.desk.Read(ctx, w, id.Transfer(q.StartingAfter), cmp.Or(int(q.GetLimit()), entriesDefault))
	if err != nil {
		return nil, err
	}
	return statement.View(head, list, more), nil
}

// GetStatementFile implements [florinv1connect.StatementServiceHandler].
func (s statements) GetStatementFile(ctx context.Context, q *florinv1.GetStatementFileRequest) (*florinv1.StatementFile, error) {
	w, err := s.which(ctx, q.Date, q.Currency)
	if err != nil {
		return nil, err
	}
	f, err := s.desk.File(ctx, w, cmp.Or(statement.Format(q.Format), statement.JSON), int(cmp.Or(q.GetPage(), 1)))
	if err != nil {
		return nil, err
	}
	answer := &florinv1.StatementFile{
		Object: "statement_file", Statement: string(f.ID), Name: f.Name(), MediaType: f.Format.Media(), Page: int32(f.Page), Pages: int32(f.Pages), //nolint:gosec // 999 at most
		Sha256: f.SHA256(), Content: string(f.Content), Livemode: f.Live,
	}
	if s.sign != nil {
		answer.Signature, err = s.sign(ctx, f.Name(), f.Content)
	}
	return answer, err
}
