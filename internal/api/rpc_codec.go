package api

import (
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// protoCodec is Protobuf for the RPC protocols: strict with what callers send.
type protoCodec struct{}

// Name implements [connect.Codec].
func (protoCodec) Name() string { return connect.CodecNameProto }

// MarshalWrite implements [connect.Codec].
func (protoCodec) MarshalWrite(_ context.Context, to io.Writer, msg any) error {
	data, err := proto.Marshal(msg.(proto.Message))
	if err != nil {
		return err
	}
	_, err = to.Write(data)
	return err
}

// UnmarshalRead implements [connect.Codec].
func (protoCodec) UnmarshalRead(_ context.Context, from io.Reader, msg any) error {
	return decodeFrom(from, func(data []byte) error { return decodeProtobuf(data, msg.(proto.Message)) })
}

// jsonCodec is the contract's own JSON for the RPC protocols, not protojson: there is
// one JSON. Messages that are not the contract's are protojson's.
type jsonCodec struct{ shapes wire.Shapes }

// Name implements [connect.Codec].
func (jsonCodec) Name() string { return connect.CodecNameJSON }

// MarshalWrite implements [connect.Codec].
func (c jsonCodec) MarshalWrite(_ context.Context, to io.Writer, msg any) (err error) {
	m := msg.(proto.Message)
	var data []byte
	if c.ours(m) {
		data = c.shapes.EncodeJSON(nil, m)
	} else if data, err = protojson.Marshal(m); err != nil {
		return err
	}
	_, err = to.Write(data)
	return err
}

// UnmarshalRead implements [connect.Codec].
func (c jsonCodec) UnmarshalRead(_ context.Context, from io.Reader, msg any) error {
	m := msg.(proto.Message)
	return decodeFrom(from, func(data []byte) error {
		if c.ours(m) {
			return c.shapes.DecodeJSON(data, m, 0)
		}
		return protojson.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(data, m)
	})
}

func (c jsonCodec) ours(m proto.Message) bool {
	return c.shapes[m.ProtoReflect().Descriptor().FullName()] != nil
}

// decodeFrom decodes a whole message and wipes its bytes: they may have held a card
// number, and the library keeps its buffers.
func decodeFrom(from io.Reader, decode func([]byte) error) error {
	if buffer, ok := from.(interface{ Bytes() []byte }); ok {
		data := buffer.Bytes()
		defer clear(data)
		return decode(data)
	}
	data, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	defer clear(data)
	return decode(data)
}

// integerMax is the largest whole number that every format of the contract keeps exact.
const integerMax = 1<<53 - 1

// decodeProtobuf reads a message strictly: a request of the contract may hold nothing
// that the contract does not know. Places are JSON pointers, unknown fields "#" and
// their number. Error: fault.ErrInvalid, ErrIncomplete.
func decodeProtobuf(data []byte, m proto.Message) error {
	if err := proto.Unmarshal(data, m); err != nil {
		return ErrIncomplete.With("The message is not the Protobuf message that this method takes.").WithCause(err)
	}
	r := m.ProtoReflect()
	if r.Descriptor().ParentFile().Package() != "florin.v1" {
		return nil // health and reflection: their makers may add fields
	}
	bad := strictly(nil, r, "")
	if len(bad) > 0 {
		return wire.Invalid(bad[:min(len(bad), wire.PlacesMax)]...)
	}
	return nil
}

// strictly appends what the contract forbids in m, which lies at place.
func strictly(bad []fault.Field, m protoreflect.Message, place string) []fault.Field {
	for unknown := m.GetUnknown(); len(unknown) > 0 && len(bad) < wire.PlacesMax; {
		number, _, n := protowire.ConsumeField(unknown)
		if n < 0 {
			break
		}
		bad = append(bad, fault.Field{Pointer: fmt.Sprintf("%s/#%d", place, number), Code: wire.CodeUnknownField, Detail: "There is no such field."})
		unknown = unknown[n:]
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := place + "/" + string(f.Name())
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, x protoreflect.Value) bool {
				bad = strictText(strictText(bad, k.String(), at), x.String(), at)
				return true
			})
		case f.IsList():
			for i := range v.List().Len() {
				bad = strictValue(bad, f, v.List().Get(i), fmt.Sprintf("%s/%d", at, i))
			}
		default:
			bad = strictValue(bad, f, v, at)
		}
		return len(bad) < wire.PlacesMax
	})
	return bad
}

func strictValue(bad []fault.Field, f protoreflect.FieldDescriptor, v protoreflect.Value, at string) []fault.Field {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return strictly(bad, v.Message(), at)
	case protoreflect.StringKind:
		return strictText(bad, v.String(), at)
	case protoreflect.EnumKind:
		if f.Enum().Values().ByNumber(v.Enum()) == nil {
			return append(bad, fault.Field{Pointer: at, Code: wire.CodeUnknownValue, Detail: "There is no such value."})
		}
	case protoreflect.Int64Kind:
		if n := v.Int(); n > integerMax || n < -integerMax {
			return append(bad, fault.Field{Pointer: at, Code: wire.CodeOutOfRange, Detail: "Whole numbers go to 9007199254740991."})
		}
	}
	return bad
}

func strictText(bad []fault.Field, text, at string) []fault.Field {
	if strings.IndexByte(text, 0) >= 0 || !utf8.ValidString(text) {
		return append(bad, fault.Field{Pointer: at, Code: wire.CodeInvalidCharacter, Detail: "U+0000 is not allowed."})
	}
	return bad
}
