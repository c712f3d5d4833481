package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var encodeOptions = proto.MarshalOptions{Deterministic: true, AllowPartial: true}

// EncodeProtobuf appends m in Protobuf's binary format, the same bytes for the same
// message in the same build.
func (all Shapes) EncodeProtobuf(out []byte, m proto.Message) []byte {
	encoded, err := encodeOptions.MarshalAppend(out, m)
	if err == nil {
		return encoded
	}
	// A text that is not UTF-8: the one thing that cannot be written.
	m = proto.Clone(m)
	mend(m.ProtoReflect())
	encoded, _ = encodeOptions.MarshalAppend(out, m)
	return encoded
}

// mend makes every text of m one that can be carried, as the other formats do while
// they write.
func mend(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			mended := map[string]string{}
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				mended[sayable(k.String())] = sayable(v.String())
				return true
			})
			m.Clear(f)
			for k, v := range mended {
				m.Mutable(f).Map().Set(protoreflect.ValueOfString(k).MapKey(), protoreflect.ValueOfString(v))
			}
		case f.Kind() == protoreflect.StringKind && f.IsList():
			for i := range v.List().Len() {
				v.List().Set(i, protoreflect.ValueOfString(sayable(v.List().Get(i).String())))
			}
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString(sayable(v.String())))
		case f.Kind() == protoreflect.MessageKind && f.IsList():
			for i := range v.List().Len() {
				mend(v.List().Get(i).Message())
			}
		case f.Kind() == protoreflect.MessageKind:
			mend(v.Message())
		}
		return true
	})
}
