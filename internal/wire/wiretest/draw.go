// Package wiretest draws messages of the contract for property tests.
package wiretest

import (
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/florinpay/florin/internal/wire"
)

const safeInteger = 1<<53 - 1

// Text draws texts of the characters that every format can carry, often those that
// mean something to one.
var Text = rapid.StringOfN(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("\t\n\r<>&]'\"\\ \u2028é金😀"))).Filter(carried), 0, 12, -1)

// carried are XML's characters. Source: XML 1.0 §2.2.
func carried(r rune) bool {
	return utf8.ValidRune(r) && (r >= ' ' || r == '\t' || r == '\n' || r == '\r') && r != 0xFFFE && r != 0xFFFF
}

// Message draws messages of the shape, in values that every format can carry.
func Message(s *wire.Shape) *rapid.Generator[proto.Message] {
	return rapid.Custom(func(t *rapid.T) proto.Message {
		kind, err := protoregistry.GlobalTypes.FindMessageByName(s.Message.FullName())
		if err != nil {
			t.Fatal(err)
		}
		m := kind.New()
		if !rapid.Bool().Draw(t, "empty") { // also: rapid wants a draw for a message without fields
			fill(t, s, m)
		}
		return m.Interface()
	})
}

func fill(t *rapid.T, s *wire.Shape, m protoreflect.Message) {
	for _, x := range s.Members {
		if x.Choice != nil && m.WhichOneof(x.Choice) != nil || !rapid.Bool().Draw(t, x.Name+" is there") {
			continue
		}
		switch {
		case x.Dict:
			into := m.Mutable(x.Field).Map()
			for name, value := range rapid.MapOfN(Text, Text, 0, 3).Draw(t, x.Name) {
				into.Set(protoreflect.ValueOfString(name).MapKey(), protoreflect.ValueOfString(value))
			}
		case x.List:
			into := m.Mutable(x.Field).List()
			for range rapid.IntRange(0, 3).Draw(t, "items of "+x.Name) {
				item := into.NewElement()
				if x.Kind == wire.KindObject {
					fill(t, x.Sub, item.Message())
				} else {
					item = value(t, x)
				}
				into.Append(item)
			}
		case x.Kind == wire.KindObject:
			fill(t, x.Sub, m.Mutable(x.Field).Message())
		default:
			m.Set(x.Field, value(t, x))
		}
	}
}

func value(t *rapid.T, x *wire.Member) protoreflect.Value {
	switch x.Kind {
	case wire.KindText:
		return protoreflect.ValueOfString(Text.Draw(t, x.Name))
	case wire.KindInt32:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, x.Name))
	case wire.KindInt64:
		return protoreflect.ValueOfInt64(rapid.Int64Range(-safeInteger, safeInteger).Draw(t, x.Name))
	case wire.KindUint32:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, x.Name))
	case wire.KindUint64:
		return protoreflect.ValueOfUint64(rapid.Uint64Range(0, safeInteger).Draw(t, x.Name))
	case wire.KindBool:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, x.Name))
	case wire.KindBytes:
		return protoreflect.ValueOfBytes(rapid.SliceOf(rapid.Byte()).Draw(t, x.Name))
	case wire.KindWord:
		values := x.Field.Enum().Values()
		return protoreflect.ValueOfEnum(values.Get(rapid.IntRange(1, values.Len()-1).Draw(t, x.Name)).Number())
	}
	return protoreflect.ValueOfMessage((&timestamppb.Timestamp{
		Seconds: rapid.Int64Range(-62135596800, 253402300799).Draw(t, x.Name),
		Nanos:   rapid.Int32Range(0, 999_999).Draw(t, x.Name+"'s microseconds") * 1000,
	}).ProtoReflect())
}
