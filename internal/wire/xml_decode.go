package wire

import (
	"bytes"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// xmlDecoder fills a message from XML in one pass.
type xmlDecoder struct{ xmlScanner }

// DecodeXML fills m, which must be empty, from data. The fields in given came by
// the URL and are refused in the body. Errors: fault.ErrInvalid with every bad place.
func (all Shapes) DecodeXML(data []byte, m proto.Message, given FieldSet) error {
	d := xmlDecoder{xmlScanner{walk: walk{data: data, xml: true}}}
	var room [8]Step
	d.path = room[:0]
	if d.blank(); d.pos == len(data) {
		return nil // no body is an empty message
	}
	d.pos = 0
	r := m.ProtoReflect()
	d.document(r, all[r.Descriptor().FullName()], given)
	return d.verdict()
}

func (d *xmlDecoder) document(m protoreflect.Message, s *Shape, given FieldSet) {
	d.prolog()
	if !d.broken && !d.at("<") {
		d.malformed("An element was expected.")
	}
	if d.broken {
		return
	}
	t := d.start()
	ours := string(t.local()) == s.root.name
	d.path = append(d.path, Step{Name: s.root.name})
	if !ours {
		d.path[0] = Step{Name: string(t.local()), Own: true}
	}
	if !ours || t.foreign {
		d.report(CodeWrongType, "The root element must be "+s.root.name+", in the namespace "+s.space+" or in none.")
		d.skip(t)
	} else {
		d.plain(t)
		d.object(m, s, given, t)
	}
	d.path = d.path[:0]
	if d.outside(); !d.broken && d.pos < len(d.data) {
		d.fail(CodeTrailingData, "Something follows after the root element.")
	}
}

// plain reports the attributes of an element: none has a meaning here.
func (d *xmlDecoder) plain(t tag) {
	for _, name := range t.attributes {
		d.path = append(d.path, Step{Name: "@" + string(name), Own: true})
		d.report(refusedUnknown.Code, "Attributes are not read here. Leave them out.")
		d.path = d.path[:len(d.path)-1]
	}
}

func (d *xmlDecoder) object(m protoreflect.Message, s *Shape, given FieldSet, t tag) {
	seen := FieldSet(0)
	for d.next(t) {
		inner := d.start()
		x := s.Named[string(inner.local())]
		if x == nil || inner.foreign {
			d.unknown(inner)
			continue
		}
		mark := len(d.path)
		d.path = append(d.path, Step{Name: x.Name})
		if x.List {
			d.path = append(d.path, Step{Index: m.Get(x.Field).List().Len(), List: true})
		}
		d.plain(inner)
		switch {
		case given&x.Bit() != 0:
			d.refuse(inner, refusedGiven)
		case seen&x.Bit() != 0 && !x.List:
			d.refuse(inner, refusedTwice)
		case seen&x.rivals != 0:
			d.refuse(inner, refusedConflict)
		default:
			d.value(m, x, inner)
		}
		seen |= x.Bit()
		d.path = d.path[:mark]
	}
}

// next moves to the next element inside t; text before it is refused.
func (d *xmlDecoder) next(t tag) bool {
	more, stray := d.child(t)
	if stray {
		d.report(CodeWrongType, "Text stands where only elements may.")
	}
	return more && !d.broken
}

// unknown refuses an element that has no place here.
func (d *xmlDecoder) unknown(t tag) {
	d.path = append(d.path, Step{Name: string(t.local()), Own: true})
	if t.foreign {
		d.refuse(t, Refusal{CodeUnknownField, "The element is in another namespace. Use " + contractSpace + ", or none."})
	} else {
		d.refuse(t, refusedUnknown)
	}
	d.path = d.path[:len(d.path)-1]
}

// refuse reports why an element is not taken, and passes it.
func (d *xmlDecoder) refuse(t tag, r Refusal) {
	d.report(r.Code, r.Detail)
	d.skip(t)
}

// value reads the element of x into m.
func (d *xmlDecoder) value(m protoreflect.Message, x *Member, t tag) {
	switch {
	case x.Dict:
		d.dict(m.Mutable(x.Field).Map(), t)
	case x.List && x.Kind == KindObject:
		d.object(m.Mutable(x.Field).List().AppendMutable().Message(), x.Sub, 0, t)
	case x.Kind == KindObject:
		d.object(m.Mutable(x.Field).Message(), x.Sub, 0, t)
	case x.List:
		list := m.Mutable(x.Field).List()
		v, ok := d.scalar(x, t)
		if !ok {
			v = list.NewElement() // keeps the count; the request is refused anyway
		}
		list.Append(v)
	default:
		if v, ok := d.scalar(x, t); ok {
			m.Set(x.Field, v)
		}
	}
}

// scalar reads one value of x's kind. White space around it is passed where it can be
// no part of it. false: refused.
func (d *xmlDecoder) scalar(x *Member, t tag) (protoreflect.Value, bool) {
	raw, ok := d.text(t, x)
	if !ok {
		return protoreflect.Value{}, false
	}
	if x.Kind == KindText {
		return protoreflect.ValueOfString(string(raw)), true
	}
	raw = bytes.Trim(raw, " \t\r\n")
	var v protoreflect.Value
	var r Refusal
	if x.Kind >= KindInt32 && x.Kind <= KindUint64 {
		v, r = wholeValue(x, raw)
	} else {
		v, r = x.Parse(string(raw))
	}
	if r.Code != "" {
		d.report(r.Code, r.Detail)
	}
	return v, r.Code == ""
}

// dict reads <entry><key>…</key><value>…</value></entry> as often as it is there.
func (d *xmlDecoder) dict(into protoreflect.Map, t tag) {
	for n := 0; d.next(t); {
		inner := d.start()
		if string(inner.local()) != entryElement.name || inner.foreign {
			d.unknown(inner)
			continue
		}
		d.path = append(d.path, Step{Name: entryElement.name}, Step{Index: n, List: true})
		d.plain(inner)
		d.entry(into, inner)
		d.path = d.path[:len(d.path)-2]
		n++
	}
}

// entry reads the two halves of a pair, each exactly once.
func (d *xmlDecoder) entry(into protoreflect.Map, t tag) {
	var halves [2]struct {
		text  protoreflect.Value
		there bool
	}
	names := [2]string{keyElement.name, valueElement.name}
	for d.next(t) {
		inner := d.start()
		i := 0
		if string(inner.local()) == names[1] {
			i = 1
		}
		if string(inner.local()) != names[i] || inner.foreign {
			d.unknown(inner)
			continue
		}
		d.path = append(d.path, Step{Name: names[i]})
		d.plain(inner)
		if halves[i].there {
			d.refuse(inner, refusedTwice)
		} else if v, ok := d.scalar(&textMember, inner); ok {
			halves[i].text = v
		}
		halves[i].there = true
		d.path = d.path[:len(d.path)-1]
	}
	for i, half := range halves {
		if !half.there {
			d.complain(names[i], Refusal{CodeRequired, "Must be given."})
		}
	}
	if !halves[0].text.IsValid() {
		return
	}
	key := halves[0].text.MapKey()
	if into.Has(key) {
		d.complain(names[0], refusedTwice)
	}
	if !halves[1].text.IsValid() {
		halves[1].text = protoreflect.ValueOfString("") // marks the name as taken; the request is refused anyway
	}
	into.Set(key, halves[1].text)
}

// complain reports a place that the walk has passed, or that is not there.
func (d *xmlDecoder) complain(name string, r Refusal) {
	d.path = append(d.path, Step{Name: name})
	d.report(r.Code, r.Detail)
	d.path = d.path[:len(d.path)-1]
}
