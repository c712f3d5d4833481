package wire

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// EncodeJSON appends m as JSON, its members in the order of their field numbers.
func (all Shapes) EncodeJSON(out []byte, m proto.Message) []byte {
	r := m.ProtoReflect()
	return all[r.Descriptor().FullName()].appendObject(out, r)
}

func (s *Shape) appendObject(out []byte, m protoreflect.Message) []byte {
	out = append(out, '{')
	for _, x := range s.Members {
		if !s.shows(x, m) {
			continue
		}
		if out[len(out)-1] != '{' {
			out = append(out, ',')
		}
		out = append(out, x.label...)
		out = x.appendMember(out, m)
	}
	return append(out, '}')
}

// shows reports whether x is written at all. What has a value always is.
func (s *Shape) shows(x *Member, m protoreflect.Message) bool {
	return !s.sparse && !x.Secret && x.Choice == nil || m.Has(x.Field)
}

func (x *Member) appendMember(out []byte, m protoreflect.Message) []byte {
	switch {
	case x.Dict:
		return appendDict(out, m.Get(x.Field).Map())
	case x.List:
		return x.appendList(out, m.Get(x.Field).List())
	case (x.Presence || x.Kind >= KindInstant) && !m.Has(x.Field):
		return append(out, "null"...)
	}
	return x.appendValue(out, m.Get(x.Field))
}

func (x *Member) appendValue(out []byte, v protoreflect.Value) []byte {
	switch x.Kind {
	case KindText:
		return appendQuoted(out, v.String())
	case KindInt32, KindInt64:
		return appendWhole(out, v.Int())
	case KindUint32, KindUint64:
		return appendUnsigned(out, v.Uint())
	case KindBool:
		return strconv.AppendBool(out, v.Bool())
	case KindBytes:
		out = append(out, '"')
		out = base64.StdEncoding.AppendEncode(out, v.Bytes())
		return append(out, '"')
	case KindWord:
		return x.appendWord(out, v.Enum())
	case KindInstant:
		return appendTime(out, v.Message().Interface().(*timestamppb.Timestamp).AsTime())
	}
	return x.Sub.appendObject(out, v.Message())
}

// appendWhole writes a number, or a string of digits where a reader that keeps
// numbers as floats would round it.
func appendWhole(out []byte, n int64) []byte {
	if n >= -safeInteger && n <= safeInteger {
		return strconv.AppendInt(out, n, 10)
	}
	out = append(out, '"')
	return append(strconv.AppendInt(out, n, 10), '"')
}

func appendUnsigned(out []byte, n uint64) []byte {
	if n <= safeInteger {
		return strconv.AppendUint(out, n, 10)
	}
	out = append(out, '"')
	return append(strconv.AppendUint(out, n, 10), '"')
}

func (x *Member) appendWord(out []byte, n protoreflect.EnumNumber) []byte {
	word, ok := x.Words.words[n]
	if !ok {
		return append(out, "null"...)
	}
	out = append(out, '"')
	return append(append(out, word...), '"')
}

func appendTime(out []byte, t time.Time) []byte {
	out = append(out, '"')
	out = t.AppendFormat(out, instantLayout)
	return append(out, '"')
}

func (x *Member) appendList(out []byte, list protoreflect.List) []byte {
	out = append(out, '[')
	for i := range list.Len() {
		if i > 0 {
			out = append(out, ',')
		}
		out = x.appendValue(out, list.Get(i))
	}
	return append(out, ']')
}

func appendDict(out []byte, dict protoreflect.Map) []byte {
	out = append(out, '{')
	for i, p := range sorted(dict) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendQuoted(out, p.name), ':')
		out = appendQuoted(out, p.value)
	}
	return append(out, '}')
}

// pair is one entry of a map.
type pair struct{ name, value string }

// sorted lists a map by name, so that the same message gives the same bytes.
func sorted(dict protoreflect.Map) []pair {
	if dict.Len() == 0 {
		return nil
	}
	pairs := make([]pair, 0, dict.Len())
	dict.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		pairs = append(pairs, pair{k.String(), v.String()})
		return true
	})
	slices.SortFunc(pairs, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	return pairs
}
