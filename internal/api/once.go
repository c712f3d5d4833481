package api

import (
	"context"
	"errors"
	"fmt"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/idempotency"
)

// once gives the handler the request's idempotency key, and turns what the
// handler says of a retry into the first request's answer. It stands last in
// the chain: what was refused before it has used no key.
func (s *Server) once(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		if !s.methods[spec.Procedure].rule.Creates {
			return next(ctx, spec, stream)
		}
		call := callOf(ctx)
		info, _ := connect.CallInfoForServerContext(ctx)
		err := next(ctx, spec, onceStream{stream, s, call, info.RequestHeader().Values("Idempotency-Key")})
		if err == nil {
			return nil
		}
		if err = call.refuseToken(err); errors.Is(err, ErrProof) {
			return err // it was used up on another node: whoever sent it again learns nothing
		}
		if refused(err) && call.Once != nil && !call.Once.Written() && s.Seen != nil {
			if seen := s.Seen(ctx, call.Once); seen != nil {
				err = seen
			}
		}
		if replay, ok := errors.AsType[*idempotency.Replay](err); ok {
			answer, err := s.recall(ctx, replay)
			if err != nil {
				return err
			}
			call.Replayed = true
			info.ResponseHeader().Set("Idempotent-Replayed", "true")
			if replay.Refusal != nil {
				return replay.Refusal
			}
			return stream.Send(answer)
		}
		if running, ok := errors.AsType[*idempotency.Running](err); ok {
			return idempotency.ErrInUse.WithObject(running.Object)
		}
		return err
	}
}

// refused reports whether err is a handler's no, which an earlier yes outweighs.
func refused(err error) bool {
	switch fault.Of(err).Kind {
	case fault.Internal, fault.Unavailable:
		return false
	}
	return true
}

// recall is the first request's answer, nil for a refusal.
func (s *Server) recall(ctx context.Context, r *idempotency.Replay) (proto.Message, error) {
	if r.Refusal != nil {
		return nil, nil
	}
	answer, err := s.Recall(ctx, r.Sequence)
	if f := fault.Of(err); f != nil && f.Kind == fault.Unavailable {
		return nil, f
	}
	if err != nil {
		return nil, fault.ErrInternal.WithCause(err) // also if it is not found: the log never forgets
	}
	call := callOf(ctx)
	if got, want := answer.ProtoReflect().Descriptor().FullName(), call.method.output.Message.FullName(); got != want {
		return nil, fault.ErrInternal.WithCause(fmt.Errorf("api: event %d holds a %s, not the %s of this method", r.Sequence, got, want))
	}
	if key, isKey := answer.(*florinv1.ApiKey); isKey { // no event holds the secret
		key.Secret, err = s.Keys.Again(ctx, call.Caller.Merchant, call.Caller.Live, id.APIKey(key.Id), call.shown.text)
	}
	if e, isEndpoint := answer.(*florinv1.WebhookEndpoint); isEndpoint && s.WebhookSecret != nil {
		e.Secret, err = s.WebhookSecret(ctx, call.Caller, e)
	}
	return answer, err
}

type onceStream struct {
	connect.ServerStream
	door   *Server
	call   *Call
	header []string
}

// Receive implements [connect.ServerStream].
func (o onceStream) Receive(msg any) error {
	if err := o.ServerStream.Receive(msg); err != nil {
		return err
	}
	rule := o.call.method.rule
	switch {
	case len(o.header) == 0 && rule.MovesMoney && o.call.Caller.Live:
		return idempotency.ErrRequired
	case len(o.header) == 0 && o.call.proof != nil:
		return idempotency.ErrRequired.With("A call with a DPoP proof that creates something needs an Idempotency-Key header: the proof is used up with the key.")
	case len(o.header) == 0:
		return nil
	case len(o.header) > 1:
		return idempotency.ErrTooLong.With("Send one Idempotency-Key header.")
	case holdsCard(o.header[0]):
		return idempotency.ErrTooLong.With("The Idempotency-Key looks like a card number, and it is kept in the clear. Send a random one.")
	}
	return o.take(msg.(proto.Message))
}

func (o onceStream) take(m proto.Message) error {
	digest, err := o.door.fingerprint(o.call, m)
	if err != nil {
		return err
	}
	caller := o.call.Caller
	key, err := idempotency.New(caller.owner(), caller.Live, o.header[0], digest)
	if err != nil {
		return err
	}
	if o.call.proof != nil {
		key.Spend(o.call.proof, o.door.Clock.Now())
	}
	o.call.Once, o.call.IdempotencyText = key, o.header[0]
	return nil
}
