package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/id"
)

// Disputes serves DisputeService from desk.
func Disputes(desk *dispute.Desk) Service {
	return func(server *connect.Server) { florinv1connect.RegisterDisputeServiceHandler(server, disputes{desk}) }
}

type disputes struct{ desk *dispute.Desk }

func disputeAnswer(x dispute.Dispute, err error) (*florinv1.Dispute, error) {
	if err != nil {
		return nil, err
	}
	return dispute.View(x), nil
}

// GetDispute implements [florinv1connect.DisputeServiceHandler].
func (s disputes) GetDispute(ctx context.Context, q *florinv1.GetDisputeRequest) (*florinv1.Dispute, error) {
	c := callOf(ctx).Caller
	return disputeAnswer(s.desk.Get(ctx, c.Merchant, c.Live, id.Dispute(q.Id)))
}

// ListDisputes implements [florinv1connect.DisputeServiceHandler].
func (s disputes) ListDisputes(ctx context.Context, q *florinv1.ListDisputesRequest) (*florinv1.ListDisputesResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	list, more, err := s.desk.List(ctx, c.Merchant, c.Live, p.page())
	if err != nil {
		return nil, p.blame(err)
	}
	return &florinv1.ListDisputesResponse{Object: listObject, HasMore: more, Url: p.URL, Data: views(list, dispute.View)}, nil
}

// AcceptDispute implements [florinv1connect.DisputeServiceHandler].
func (s disputes) AcceptDispute(ctx context.Context, q *florinv1.AcceptDisputeRequest) (*florinv1.Dispute, error) {
	return disputeAnswer(s.desk.Accept(ctx, callOf(ctx).caller(), id.Dispute(q.Id)))
}

// ContestDispute implements [florinv1connect.DisputeServiceHandler].
func (s disputes) ContestDispute(ctx context.Context, q *florinv1.ContestDisputeRequest) (*florinv1.Dispute, error) {
	return disputeAnswer(s.desk.Contest(ctx, callOf(ctx).caller(), id.Dispute(q.Id), q.Evidence))
}
