package wire

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// protobufChecker walks over the bytes of one message before they are decoded. The
// library's decoder keeps what it does not know and lets the last of two values win;
// here each of that is a bad place.
type protobufChecker struct{ walk }

var decodeOptions = proto.UnmarshalOptions{AllowPartial: true} // proto3 has no required fields

// DecodeProtobuf fills m, which must be empty, from data. The fields in given came by
// the URL and are refused in the body. Errors: fault.ErrInvalid with every bad place.
func (all Shapes) DecodeProtobuf(data []byte, m proto.Message, given FieldSet) error {
	var c protobufChecker
	var room [8]Step
	c.path = room[:0]
	c.message(data, all[m.ProtoReflect().Descriptor().FullName()], given)
	if err := c.verdict(); err != nil {
		return err
	}
	if decodeOptions.Unmarshal(data, m) != nil {
		c.malformed("The message cannot be read.")
	}
	return c.verdict()
}

func (c *protobufChecker) malformed(detail string) { c.fail(CodeMalformedProtobuf, detail) }

// message checks the fields of one message.
func (c *protobufChecker) message(data []byte, s *Shape, given FieldSet) {
	if c.depth++; c.depth > depthMax {
		c.fail(CodeTooDeep, "Messages may be at most 64 levels deep.")
		return
	}
	var counts [fieldsMax]int // of the items of lists
	var entries []entry
	seen := FieldSet(0)
	for len(data) > 0 && !c.broken {
		number, kind, value, rest := c.field(data)
		if c.broken {
			return
		}
		data = rest
		x := s.at(number)
		if x == nil {
			c.path = append(c.path, Step{Name: "#" + strconv.Itoa(int(number))})
			c.refuse(refusedUnknown)
			c.path = c.path[:len(c.path)-1]
			continue
		}
		c.path = append(c.path, Step{Name: x.Name})
		switch {
		case given&x.Bit() != 0:
			c.refuse(refusedGiven)
		case seen&x.Bit() != 0 && !x.List && !x.Dict:
			c.refuse(refusedTwice)
		case seen&x.rivals != 0:
			c.refuse(refusedConflict)
		case x.Dict && len(entries) == entriesMax:
			c.fail(CodeTooMany, "A map may have at most 1000 entries.")
		case x.Dict && kind == protowire.BytesType:
			entries = append(entries, c.entry(x, length(value)))
		case x.List:
			c.items(x, kind, value, &counts[x.index])
		default:
			c.value(x, kind, value)
		}
		seen |= x.Bit()
		c.path = c.path[:len(c.path)-1]
	}
	c.unique(entries)
	c.depth--
}

// field reads a tag, and how far its value goes.
func (c *protobufChecker) field(data []byte) (number protowire.Number, kind protowire.Type, value, rest []byte) {
	number, kind, n := protowire.ConsumeTag(data)
	if n < 0 {
		c.malformed("A field's tag cannot be read.")
		return 0, 0, nil, nil
	}
	if kind == protowire.StartGroupType || kind == protowire.EndGroupType {
		c.malformed("Groups are not read. Is the body Protobuf?")
		return 0, 0, nil, nil
	}
	data = data[n:]
	if n = protowire.ConsumeFieldValue(number, kind, data); n < 0 {
		c.malformed("A field ends early, or is not encoded as its tag says.")
		return 0, 0, nil, nil
	}
	return number, kind, data[:n], data[n:]
}

// length is a value without the length before it.
func length(value []byte) []byte {
	b, _ := protowire.ConsumeBytes(value) // it was measured before
	return b
}

func (c *protobufChecker) refuse(r Refusal) { c.report(r.Code, r.Detail) }

// items checks one or more items of a list: numbers may come packed.
func (c *protobufChecker) items(x *Member, kind protowire.Type, value []byte, count *int) {
	if kind != protowire.BytesType || x.wire() == protowire.BytesType {
		c.item(x, kind, value, count)
		return
	}
	for packed := length(value); len(packed) > 0; {
		_, n := protowire.ConsumeVarint(packed)
		if n < 0 {
			c.malformed("A packed list ends early.")
			return
		}
		c.item(x, protowire.VarintType, packed[:n], count)
		packed = packed[n:]
	}
}

func (c *protobufChecker) item(x *Member, kind protowire.Type, value []byte, count *int) {
	c.path = append(c.path, Step{Index: *count, List: true})
	c.value(x, kind, value)
	c.path = c.path[:len(c.path)-1]
	*count++
}

// wire is how values of x are encoded.
func (x *Member) wire() protowire.Type {
	switch x.Kind {
	case KindText, KindBytes, KindInstant, KindObject:
		return protowire.BytesType
	}
	return protowire.VarintType
}

// value checks one value of x.
func (c *protobufChecker) value(x *Member, kind protowire.Type, value []byte) {
	switch {
	case x.Dict || kind != x.wire():
		c.refuse(x.wrongType())
	case x.Kind == KindText:
		c.text(length(value))
	case x.Kind == KindObject:
		c.message(length(value), x.Sub, 0)
	case x.Kind == KindInstant:
		c.instant(length(value))
	case x.Kind == KindBytes:
	default:
		n, _ := protowire.ConsumeVarint(value)
		if r := x.varint(n); r.Code != "" {
			c.refuse(r)
		}
	}
}

func (c *protobufChecker) text(text []byte) {
	if code := textFault(text); code != "" {
		c.refuse(refusals[code])
	}
}

// varint says why x does not take a number.
func (x *Member) varint(n uint64) Refusal {
	switch x.Kind {
	case KindBool:
		if n > 1 {
			return x.wrongType()
		}
	case KindWord:
		if _, known := x.Words.words[protoreflect.EnumNumber(n)]; n > math.MaxInt32 || n != 0 && !known {
			return x.unknownWord()
		}
	}
	if low, high := x.span(); int64(n) < low || int64(n) > high {
		return refusals[CodeOutOfRange]
	}
	return Refusal{}
}

// Fields of google.protobuf.Timestamp, and of an entry of a map.
const (
	secondsField, nanosField = 1, 2
	keyField, valueField     = 1, 2
)

// instant checks a timestamp: of whole microseconds, in the years that RFC 3339 has.
func (c *protobufChecker) instant(data []byte) {
	var parts [nanosField + 1]uint64
	c.halves(data, protowire.VarintType, func(n protowire.Number, value []byte) {
		parts[n], _ = protowire.ConsumeVarint(value)
	})
	switch nanos := parts[nanosField]; {
	case !inYears(int64(parts[secondsField])):
		c.refuse(refusedYear)
	case nanos >= 1e9 || nanos%1000 != 0:
		c.refuse(Refusal{CodeInvalidTime, "Must have 0 to 999999999 nanoseconds, in whole microseconds."})
	}
}

// entriesMax is how many entries of maps one message may have: two bytes can be one.
const entriesMax = 1000

// entry is one entry of a map.
type entry struct {
	of   *Member
	name []byte
}

// entry checks one entry of a map. A half that is not there is an empty text.
func (c *protobufChecker) entry(x *Member, data []byte) entry {
	var parts [valueField + 1][]byte
	c.halves(data, protowire.BytesType, func(n protowire.Number, value []byte) {
		parts[n] = length(value)
		c.text(parts[n])
	})
	return entry{x, parts[keyField]}
}

// halves walks over a message of two fields, 1 and 2, of the same encoding.
func (c *protobufChecker) halves(data []byte, want protowire.Type, take func(protowire.Number, []byte)) {
	var seen [3]bool
	for len(data) > 0 {
		number, kind, value, rest := c.field(data)
		if c.broken {
			return
		}
		data = rest
		if number <= 2 && kind == want && !seen[number] {
			seen[number] = true
			take(number, value)
			continue
		}
		c.path = append(c.path, Step{Name: "#" + strconv.Itoa(int(number))})
		switch {
		case number > 2:
			c.refuse(refusedUnknown)
		case kind != want:
			c.refuse(Refusal{CodeWrongType, "The field has another encoding."})
		default:
			c.refuse(refusedTwice)
		}
		c.path = c.path[:len(c.path)-1]
	}
}

// unique reports the names that stand more than once in a map.
func (c *protobufChecker) unique(entries []entry) {
	if len(entries) < 2 || c.broken {
		return
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.of != b.of {
			return a.of.index - b.of.index
		}
		return bytes.Compare(a.name, b.name)
	})
	for i, e := range entries[1:] {
		if before := entries[i]; before.of == e.of && bytes.Equal(before.name, e.name) {
			c.path = append(c.path, Step{Name: e.of.Name}, Step{Name: string(e.name), Own: true})
			c.refuse(refusedTwice)
			c.path = c.path[:len(c.path)-2]
		}
	}
}
