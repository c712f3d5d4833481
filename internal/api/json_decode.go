package api

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// decoder fills a message from JSON in one pass.
type decoder struct{ scanner }

// decodeJSON fills m, which must be empty, from data. The fields in given came by
// the URL and are refused in the body. Errors: fault.ErrInvalid with every bad place.
func (all shapes) decodeJSON(data []byte, m proto.Message, given fieldSet) error {
	d := decoder{scanner{data: data}}
	var room [8]step
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
		d.report(codeWrongType, "The body must be an object.")
	}
	if !d.broken && (d.peek() != 0 || d.pos < len(data)) {
		d.fail(codeTrailingData, "Something follows after the JSON value.")
	}
	if len(d.bad) > 0 {
		return invalid(d.bad...)
	}
	return nil
}

func (d *decoder) object(m protoreflect.Message, s *shape, given fieldSet) {
	d.open()
	seen := fieldSet(0)
	for n := 0; d.next('}', n); n++ {
		x := d.enter(s)
		if d.broken {
			return
		}
		switch {
		case x == nil:
			d.report(codeUnknownField, "There is no such field here. Check its spelling, or leave it out.")
			d.skip()
		case given&x.bit() != 0:
			d.report(codeUnknownField, "The URL gives this field; leave it out of the body.")
			d.skip()
		case seen&x.bit() != 0:
			d.report(codeDuplicateField, "The field is there more than once.")
			d.skip()
		default:
			seen |= x.bit()
			d.value(m, x)
		}
		d.path = d.path[:len(d.path)-1]
	}
}

// enter reads a name and stands on it; nil means that s has no such member.
func (d *decoder) enter(s *shape) *member {
	raw, plain := d.label()
	if d.broken {
		return nil
	}
	if x := s.named[string(raw)]; x != nil && plain {
		d.path = append(d.path, step{name: x.name})
		return x
	}
	name := string(raw)
	if !plain {
		var code string
		if name, code = unescape(raw); code != "" {
			d.fail(code, refusals[code].detail)
			return nil
		}
	}
	x := s.named[name]
	d.path = append(d.path, step{name: name, own: x == nil})
	return x
}

// value reads the value of x into m. null is the same as leaving the field out.
func (d *decoder) value(m protoreflect.Message, x *member) {
	c := d.peek()
	switch {
	case c == 'n':
		d.word("null")
	case x.choice != nil && m.WhichOneof(x.choice) != nil:
		d.report(codeConflictingFields, "Another field is given that excludes this one.")
		d.skip()
	case x.dict:
		if d.begins(c, '{', x) {
			d.dict(m.Mutable(x.field).Map())
		}
	case x.list:
		if c != '[' {
			d.refuse(refusal{codeWrongType, "Must be a list."})
			return
		}
		d.items(m.Mutable(x.field).List(), x)
	case x.kind == kindObject:
		if d.begins(c, '{', x) {
			d.object(m.Mutable(x.field).Message(), x.sub, 0)
		}
	default:
		if v, ok := d.scalar(c, x); ok {
			m.Set(x.field, v)
		}
	}
}

func (d *decoder) items(list protoreflect.List, x *member) {
	d.open()
	for n := 0; d.next(']', n); n++ {
		d.path = append(d.path, step{index: n, list: true})
		c := d.peek()
		if x.kind != kindObject {
			if v, ok := d.scalar(c, x); ok {
				list.Append(v)
			}
		} else if d.begins(c, '{', x) {
			d.object(list.AppendMutable().Message(), x.sub, 0)
		}
		d.path = d.path[:len(d.path)-1]
	}
}

func (d *decoder) dict(into protoreflect.Map) {
	d.open()
	for n := 0; d.next('}', n); n++ {
		raw, plain := d.label()
		if d.broken {
			return
		}
		name, code := d.plainText(raw, plain)
		if code != "" {
			d.fail(code, refusals[code].detail)
			return
		}
		d.path = append(d.path, step{name: name, own: true})
		d.pair(into, protoreflect.ValueOfString(name).MapKey())
		d.path = d.path[:len(d.path)-1]
	}
}

func (d *decoder) pair(into protoreflect.Map, key protoreflect.MapKey) {
	if into.Has(key) {
		d.report(codeDuplicateField, "The name is there more than once.")
		d.skip()
		return
	}
	v, ok := d.scalar(d.peek(), &textMember)
	if !ok {
		v = protoreflect.ValueOfString("") // marks the name as taken; the request is refused anyway
	}
	into.Set(key, v)
}

// textMember stands for the values of maps, which are all strings.
var textMember = member{kind: kindText}

// scalar reads one value of x's kind, which begins with c. false: refused, and passed.
func (d *decoder) scalar(c byte, x *member) (protoreflect.Value, bool) {
	var v protoreflect.Value
	var r refusal
	switch {
	case c == '"' && x.kind != kindBool:
		v, r = d.stringValue(x)
	case (c == 't' || c == 'f') && x.kind == kindBool:
		return protoreflect.ValueOfBool(c == 't'), d.boolean(c)
	case (c == '-' || c-'0' <= 9) && x.kind >= kindInt32 && x.kind <= kindUint64:
		token, whole := d.number()
		if d.broken {
			return v, false
		}
		if whole {
			v, r = wholeValue(x, token)
		} else {
			r = refusals[codeNotAnInteger]
		}
	default:
		d.refuse(x.wrongType())
		return v, false
	}
	if d.broken || r.code != "" {
		d.report(r.code, r.detail)
		return v, false
	}
	return v, true
}

func (d *decoder) boolean(c byte) bool {
	if c == 't' {
		return d.word("true")
	}
	return d.word("false")
}

func (d *decoder) stringValue(x *member) (protoreflect.Value, refusal) {
	raw, plain := d.quoted()
	if d.broken {
		return protoreflect.Value{}, refusal{}
	}
	if x.kind >= kindInt32 && x.kind <= kindUint64 {
		return wholeValue(x, raw)
	}
	text, code := d.plainText(raw, plain)
	if code != "" {
		return protoreflect.Value{}, refusals[code]
	}
	if x.kind == kindText {
		return protoreflect.ValueOfString(text), refusal{}
	}
	return x.parse(text)
}

func (d *decoder) plainText(raw []byte, plain bool) (text, code string) {
	if plain {
		return string(raw), ""
	}
	return unescape(raw)
}

// begins reports whether the value begins as x's must; otherwise it is refused and passed.
func (d *decoder) begins(c, want byte, x *member) bool {
	if c == want {
		return true
	}
	d.refuse(x.wrongType())
	return false
}

// refuse passes the value that is next and reports why it is not taken.
func (d *decoder) refuse(r refusal) {
	d.skip()
	d.report(r.code, r.detail)
}
