package wire

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// jsonDecoder fills a message from JSON in one pass.
type jsonDecoder struct{ jsonScanner }

// DecodeJSON fills m, which must be empty, from data. The fields in given came by
// the URL and are refused in the body. Errors: fault.ErrInvalid with every bad place.
func (all Shapes) DecodeJSON(data []byte, m proto.Message, given FieldSet) error {
	d := jsonDecoder{jsonScanner{walk{data: data}}}
	var room [8]Step
	d.path = room[:0]
	r := m.ProtoReflect()
	switch d.peek() {
	case 0:
		if d.pos == len(data) {
			return nil // no body is an empty object
		}
		d.malformed("A value was expected.")
	case '{':
		d.object(r, all[r.Descriptor().FullName()], given)
	default:
		d.skip()
		d.report(CodeWrongType, "The body must be an object.")
	}
	if !d.broken && (d.peek() != 0 || d.pos < len(data)) {
		d.fail(CodeTrailingData, "Something follows after the JSON value.")
	}
	return d.verdict()
}

func (d *jsonDecoder) object(m protoreflect.Message, s *Shape, given FieldSet) {
	d.open()
	seen := FieldSet(0)
	for n := 0; d.next('}', n); n++ {
		x := d.enter(s)
		if d.broken {
			return
		}
		switch {
		case x == nil:
			d.refuse(refusedUnknown)
		case given&x.Bit() != 0:
			d.refuse(refusedGiven)
		case seen&x.Bit() != 0:
			d.refuse(refusedTwice)
		default:
			seen |= x.Bit()
			d.value(m, x)
		}
		d.path = d.path[:len(d.path)-1]
	}
}

// enter reads a name and stands on it; nil means that s has no such member.
func (d *jsonDecoder) enter(s *Shape) *Member {
	raw, plain := d.label()
	if d.broken {
		return nil
	}
	if x := s.Named[string(raw)]; x != nil && plain {
		d.path = append(d.path, Step{Name: x.Name})
		return x
	}
	name := string(raw)
	if !plain {
		var code string
		if name, code = unescape(raw); code != "" {
			d.fail(code, refusals[code].Detail)
			return nil
		}
	}
	x := s.Named[name]
	d.path = append(d.path, Step{Name: name, Own: x == nil})
	return x
}

// value reads the value of x into m. null is the same as leaving the field out.
func (d *jsonDecoder) value(m protoreflect.Message, x *Member) {
	c := d.peek()
	switch {
	case c == 'n':
		d.word("null")
	case x.Choice != nil && m.WhichOneof(x.Choice) != nil:
		d.refuse(refusedConflict)
	case x.Dict:
		if d.begins(c, '{', x) {
			d.dict(m.Mutable(x.Field).Map())
		}
	case x.List:
		if c != '[' {
			d.refuse(Refusal{CodeWrongType, "Must be a list."})
			return
		}
		d.items(m.Mutable(x.Field).List(), x)
	case x.Kind == KindObject:
		if d.begins(c, '{', x) {
			d.object(m.Mutable(x.Field).Message(), x.Sub, 0)
		}
	default:
		if v, ok := d.scalar(c, x); ok {
			m.Set(x.Field, v)
		}
	}
}

func (d *jsonDecoder) items(list protoreflect.List, x *Member) {
	d.open()
	for n := 0; d.next(']', n); n++ {
		d.path = append(d.path, Step{Index: n, List: true})
		c := d.peek()
		if x.Kind != KindObject {
			if v, ok := d.scalar(c, x); ok {
				list.Append(v)
			}
		} else if d.begins(c, '{', x) {
			d.object(list.AppendMutable().Message(), x.Sub, 0)
		}
		d.path = d.path[:len(d.path)-1]
	}
}

func (d *jsonDecoder) dict(into protoreflect.Map) {
	d.open()
	for n := 0; d.next('}', n); n++ {
		raw, plain := d.label()
		if d.broken {
			return
		}
		name, code := d.plainText(raw, plain)
		if code != "" {
			d.fail(code, refusals[code].Detail)
			return
		}
		d.path = append(d.path, Step{Name: name, Own: true})
		d.pair(into, protoreflect.ValueOfString(name).MapKey())
		d.path = d.path[:len(d.path)-1]
	}
}

func (d *jsonDecoder) pair(into protoreflect.Map, key protoreflect.MapKey) {
	if into.Has(key) {
		d.refuse(refusedTwice)
		return
	}
	v, ok := d.scalar(d.peek(), &textMember)
	if !ok {
		v = protoreflect.ValueOfString("") // marks the name as taken; the request is refused anyway
	}
	into.Set(key, v)
}

// textMember stands for the values of maps, which are all strings.
var textMember = Member{Kind: KindText}

// scalar reads one value of x's kind, which begins with c. false: refused, and passed.
func (d *jsonDecoder) scalar(c byte, x *Member) (protoreflect.Value, bool) {
	var v protoreflect.Value
	var r Refusal
	switch {
	case c == '"' && x.Kind != KindBool:
		v, r = d.stringValue(x)
	case (c == 't' || c == 'f') && x.Kind == KindBool:
		return protoreflect.ValueOfBool(c == 't'), d.boolean(c)
	case (c == '-' || c-'0' <= 9) && x.Kind >= KindInt32 && x.Kind <= KindUint64:
		token, whole := d.number()
		if d.broken {
			return v, false
		}
		if whole {
			v, r = wholeValue(x, token)
		} else {
			r = refusals[CodeNotAnInteger]
		}
	default:
		d.refuse(x.wrongType())
		return v, false
	}
	if d.broken || r.Code != "" {
		d.report(r.Code, r.Detail)
		return v, false
	}
	return v, true
}

func (d *jsonDecoder) boolean(c byte) bool {
	if c == 't' {
		return d.word("true")
	}
	return d.word("false")
}

func (d *jsonDecoder) stringValue(x *Member) (protoreflect.Value, Refusal) {
	raw, plain := d.quoted()
	if d.broken {
		return protoreflect.Value{}, Refusal{}
	}
	if x.Kind >= KindInt32 && x.Kind <= KindUint64 {
		return wholeValue(x, raw)
	}
	text, code := d.plainText(raw, plain)
	if code != "" {
		return protoreflect.Value{}, refusals[code]
	}
	if x.Kind == KindText {
		return protoreflect.ValueOfString(text), Refusal{}
	}
	return x.Parse(text)
}

func (d *jsonDecoder) plainText(raw []byte, plain bool) (text, code string) {
	if !plain {
		return unescape(raw)
	}
	if holdsNoncharacter(raw) {
		return "", CodeInvalidCharacter
	}
	return string(raw), ""
}

// begins reports whether the value begins as x's must; otherwise it is refused and passed.
func (d *jsonDecoder) begins(c, want byte, x *Member) bool {
	if c == want {
		return true
	}
	d.refuse(x.wrongType())
	return false
}

// refuse passes the value that is next and reports why it is not taken.
func (d *jsonDecoder) refuse(r Refusal) {
	d.skip()
	d.report(r.Code, r.Detail)
}
