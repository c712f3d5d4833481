package api

import (
	"context"

	"connectrpc.com/connect/v2"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/gen/florin/v1/florinv1connect"
	"github.com/florinpay/florin/internal/dispute"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/id"
)

// Disputes serves DisputeService from desk, and what was from log.
func Disputes(desk *dispute.Desk, e Expander, log *event.Log) Service {
	return func(server *connect.Server) {
		florinv1connect.RegisterDisputeServiceHandler(server, disputes{desk, e, log})
	}
}

type disputes struct {
	desk   *dispute.Desk
	expand Expander
	log    *event.Log
}

func disputeAnswer(x dispute.Dispute, err error) (*florinv1.Dispute, error) {
	if err != nil {
		return nil, err
	}
	return dispute.View(x), nil
}

// GetDispute implements [florinv1connect.DisputeServiceHandler].
func (s disputes) GetDispute(ctx context.Context, q *florinv1.GetDisputeRequest) (*florinv1.Dispute, error) {
	wanted, err := openingOf(ctx, q.Expand, ofOrder)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	shown, err := disputeAnswer(s.desk.Get(ctx, c.Merchant, c.Live, id.Dispute(q.Id)))
	if err != nil {
		return nil, err
	}
	return shown, s.expand.ofDisputes(ctx, []*florinv1.Dispute{shown}, wanted)
}

// ListDisputes implements [florinv1connect.DisputeServiceHandler].
func (s disputes) ListDisputes(ctx context.Context, q *florinv1.ListDisputesRequest) (*florinv1.ListDisputesResponse, error) {
	p, err := spanOf(ctx, q)
	if err != nil {
		return nil, err
	}
	f := dispute.Filter{Page: p.page(), Payment: id.Payment(q.Payment), State: word[dispute.State](q.Status, "DISPUTE_STATUS_")}
	if f.From, f.To, err = timesOf(q); err != nil {
		return nil, err
	}
	past, err := momentOf(ctx, s.log, q)
	if err != nil {
		return nil, err
	}
	f.To = past.until(f.To)
	wanted, err := openingOf(ctx, q.Expand, ofOrder)
	if err != nil {
		return nil, err
	}
	c := callOf(ctx).Caller
	list, next, err := s.desk.List(ctx, c.Merchant, c.Live, f)
	if err != nil {
		return nil, p.blame(err)
	}
	shown, err := viewsAt(ctx, past, list, dispute.View)
	if err != nil {
		return nil, err
	}
	return &florinv1.ListDisputesResponse{Object: listObject, HasMore: next != "", Url: p.URL, NextCursor: next, Data: shown},
		s.expand.ofDisputes(ctx, shown, wanted)
}

// AcceptDispute implements [florinv1connect.DisputeServiceHandler].
func (s disputes) AcceptDispute(ctx context.Context, q *florinv1.AcceptDisputeRequest) (*florinv1.Dispute, error) {
	return disputeAnswer(s.desk.Accept(ctx, callOf(ctx).caller(), id.Dispute(q.Id)))
}

// ContestDispute implements [florinv1connect.DisputeServiceHandler].
func (s disputes) ContestDispute(ctx context.Context, q *florinv1.ContestDisputeRequest) (*florinv1.Dispute, error) {
	return disputeAnswer(s.desk.Contest(ctx, callOf(ctx).caller(), id.Dispute(q.Id), q.Evidence))
}
