package event

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Newest is the last event about an object: what the log says the object is now.
type Newest struct {
	Event
	Count int64 // of all events about the object
	Begun int64 // of these, the ones that only say that a rail is being asked again
}

// begun is the type of event that came when there were payments already.
const begun = "payment.processing"

// Newest gives fn the last event about each object whose id comes after one and not
// after another, in the order of the ids.
func (l *Log) Newest(ctx context.Context, after, upTo string, fn func(Newest) error) error {
	var last Newest
	tell := func() error {
		if last.Count == 0 {
			return nil
		}
		if err := last.decode(); err != nil {
			return err
		}
		return fn(last)
	}
	err := events.Each(ctx, l.db, "where object > $1 and object <= $2 order by object, sequence", func(e *Event) error {
		if e.Fact.Object != last.Fact.Object {
			if err := tell(); err != nil {
				return err
			}
			last.Count, last.Begun = 0, 0
		}
		last.Event, last.Count = *e, last.Count+1
		if e.Type == begun {
			last.Begun++
		}
		return nil
	}, after, upTo)
	if err != nil {
		return err
	}
	return tell()
}

// Differs names the first field in which an object is another than the log says, ""
// for none. So a field that the contract gets later must be empty in objects of before;
// only sequence need not: an event that lacks it is read with its own number.
func (n Newest) Differs(now proto.Message) string {
	was := n.Object()
	if n.Count == 0 || was.ProtoReflect().Descriptor() != now.ProtoReflect().Descriptor() {
		return "object"
	}
	return differing(was.ProtoReflect(), now.ProtoReflect())
}

func differing(was, now protoreflect.Message) string {
	if proto.Equal(was.Interface(), now.Interface()) {
		return ""
	}
	fields := now.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		one, other := was.New(), now.New()
		if was.Has(f) {
			one.Set(f, was.Get(f))
		}
		if now.Has(f) {
			other.Set(f, now.Get(f))
		}
		switch {
		case proto.Equal(one.Interface(), other.Interface()):
		case f.Message() == nil || f.IsList() || f.IsMap() || !was.Has(f) || !now.Has(f):
			return string(f.Name())
		default:
			return string(f.Name()) + "." + differing(was.Get(f).Message(), now.Get(f).Message())
		}
	}
	return "object"
}
