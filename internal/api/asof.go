package api

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// moment is the place in the log that a list is asked for as of. The zero moment is now.
type moment struct {
	log      *event.Log
	sequence int64
	at       time.Time // of the event; what is told of up to there was made until then
}

// dated is what a list request has that can be asked for as of an event.
type dated interface {
	proto.Message
	GetAsOf() int64
}

// onlyNow are parameters that say something of objects as they are now.
var onlyNow = []struct {
	name     protoreflect.Name
	sentence string
}{
	{"status", "status asks for what is so now. Leave it out and look at the objects, or leave out as_of."},
	{"expand", "expand opens what is there now. Leave it out, or leave out as_of."},
}

// momentOf reads the moment that q asks for. Errors: fault.ErrInvalid with fields if the
// log has not come so far, or if q asks for something that is only known of now.
func momentOf(ctx context.Context, log *event.Log, q dated) (m moment, err error) {
	if q.GetAsOf() == 0 { // the contract refuses a 0 that was sent
		return m, nil
	}
	r := q.ProtoReflect()
	for _, x := range onlyNow {
		if f := r.Descriptor().Fields().ByName(x.name); f != nil && r.Has(f) {
			return m, contradict("as_of", string(x.name), x.sentence)
		}
	}
	e, err := log.At(ctx, q.GetAsOf())
	if errors.Is(err, fault.ErrNotFound) {
		err = wire.Invalid(fault.Field{Pointer: "/as_of", Code: "unknown_sequence", Detail: "The log ends before it. Send the sequence of an event or of an object."})
	}
	return moment{log, e.Sequence, e.At}, err
}

// until is the end of a span of time, or the moment if that is earlier. Instants never run
// backwards along the log, so nothing that was made later is in a list as of the moment.
func (m moment) until(to time.Time) time.Time {
	if m.sequence == 0 || !to.IsZero() && to.Before(m.at) {
		return to
	}
	return m.at
}

// viewsAt shows each row of a page as it was at the moment; what was not there yet is left
// out, so that a page may come back short.
func viewsAt[Row any, View interface {
	proto.Message
	GetId() string
}](ctx context.Context, m moment, rows []Row, view func(Row) View,
) ([]View, error) {
	shown := views(rows, view)
	if m.sequence == 0 {
		return shown, nil
	}
	keys := make([]string, len(shown))
	for i, v := range shown {
		keys[i] = v.GetId()
	}
	were, err := m.log.AsOf(ctx, m.sequence, keys)
	if err != nil {
		return nil, err
	}
	past := make([]View, 0, len(shown))
	for _, key := range keys {
		if v, there := were[key].(View); there {
			past = append(past, v)
		}
	}
	return past, nil
}
