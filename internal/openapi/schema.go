package openapi

import (
	"errors"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/dynamicpb"

	"buf.build/go/protovalidate"

	"github.com/florinpay/florin/internal/wire"
)

// form is which way a message goes, and in what. A request is strict in what it may
// hold, an answer in what it must.
type form struct {
	answer bool // else a request
	xml    bool // else JSON
}

// largest is the largest whole number that a request may hold.
const largest = 1<<53 - 1

// name of a message's schema among the components.
func (to form) name(s *wire.Shape) string {
	name := string(s.Message.Name())
	if !to.answer && !strings.HasSuffix(name, "Request") {
		name += "Input"
	}
	if to.xml {
		name += "XML"
	}
	return name
}

// shape adds the schema of a message to the components, and names it.
func (w *writer) shape(s *wire.Shape, to form) string {
	name := to.name(s)
	if _, there := w.schemas[name]; !there {
		w.schemas[name] = nil // before its members: a message may contain itself
		w.schemas[name] = w.object(s, to, 0)
	}
	return name
}

// request is the schema of an operation's body: what the URL gives is not in it.
func (w *writer) request(o *Operation, to form) tree {
	schema := w.object(o.Input, to, o.Given)
	if to.xml {
		schema.set("xml", rootElement(o.Input)) // no other message contains a request
	}
	name := to.name(o.Input)
	if before, there := w.schemas[name]; there && string(plain(before, "")) != string(plain(schema, "")) {
		return schema // another URL of the method, which gives other fields
	}
	w.schemas[name] = schema
	return reference("schemas", name)
}

func (w *writer) needsBody(o *Operation) bool {
	must := required(o.Input)
	return slices.ContainsFunc(o.Input.Members, func(x *wire.Member) bool { return must[x.Name] && o.Given&x.Bit() == 0 })
}

// object is the schema of a message, without the fields that are given elsewhere.
func (w *writer) object(s *wire.Shape, to form, given wire.FieldSet) tree {
	t := of("type", "object")
	if about := comment(s.Message.FullName()); about != "" {
		t.set("description", about)
	}
	var must []string
	need, properties, choices := required(s), tree{}, 0
	for _, x := range s.Members {
		if given&x.Bit() != 0 {
			continue
		}
		if x.Choice != nil {
			choices++
		}
		switch {
		case !to.answer && need[x.Name], to.answer && !s.Sparse() && !x.Secret && x.Choice == nil && !to.leavesOut(x),
			s.Sparse() && slices.Contains(problemHas, x.Name):
			must = append(must, x.Name)
		}
		properties.set(x.Name, w.described(x, to, !to.answer && !need[x.Name]))
	}
	if len(must) > 0 {
		t.set("required", must)
	}
	t.set("properties", properties)
	if !to.answer {
		t.set("additionalProperties", false)
	}
	if choices > 0 && choices == len(s.Members) {
		t.set("minProperties", 1)
		t.set("maxProperties", 1)
	}
	return t
}

// problemHas are the members that every problem has.
var problemHas = []string{"type", "title", "status", "detail", "instance", "code", "request_id", "doc_url"}

// required are the fields that a request must have: those that an empty message
// is refused for.
func required(s *wire.Shape) map[string]bool {
	must := map[string]bool{}
	broken, is := errors.AsType[*protovalidate.ValidationError](protovalidate.Validate(dynamicpb.NewMessage(s.Message)))
	if !is {
		return must
	}
	for _, v := range broken.Violations {
		if path := v.Proto.GetField().GetElements(); len(path) == 1 {
			must[path[0].GetFieldName()] = true
		}
	}
	return must
}

// described is the schema of a field with what the contract says of it.
func (w *writer) described(x *wire.Member, to form, absent bool) tree {
	t := w.field(x, to, absent)
	about := comment(x.Field.FullName())
	if x.Words != nil {
		about = strings.TrimSpace(about + " " + words(x))
	}
	if about != "" {
		t = append(tree{{"description", about}}, t...)
	}
	if word, isConst := strings.CutPrefix(about, `Always "`); isConst && to.answer && strings.HasSuffix(word, `".`) {
		t = t.with("const", strings.TrimSuffix(word, `".`))
	}
	return t
}

// words says what the words of an enum mean, as far as the contract does.
func words(x *wire.Member) string {
	var list []string
	values := x.Field.Enum().Values()
	for i := range values.Len() {
		if about := comment(values.Get(i).FullName()); about != "" && values.Get(i).Number() != 0 {
			word := x.Words.List()[i-1]
			list = append(list, "`"+word+"`: "+strings.ToLower(about[:1])+strings.TrimSuffix(about[1:], "."))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return strings.Join(list, "; ") + "."
}

// field is the schema of a field's values. absent: null may stand for it.
func (w *writer) field(x *wire.Member, to form, absent bool) tree {
	rules := rulesOf(x)
	switch {
	case x.Dict && to.xml:
		return entries(rules, to)
	case x.Dict:
		t := typed("object", absent)
		t.set("additionalProperties", of("type", "string").and(rules.values()))
		if names := rules.names(); len(names) > 0 {
			t.set("propertyNames", names)
		}
		return t.and(rules.own())
	case x.List:
		t := typed("array", absent && !to.xml).with("items", w.value(x, to, false).and(rules.values())).and(rules.own())
		return within(x, t, to)
	}
	null := !to.xml && (absent || to.answer && mayLack(x))
	t := w.value(x, to, null).and(rules.own())
	for i, m := range t {
		if list, isEnum := m.value.([]any); isEnum && null && !slices.Contains(list, nil) {
			t[i].value = slices.Concat(list, []any{nil})
		}
	}
	if x.Secret {
		t = t.with("format", "password").with(map[bool]string{false: "writeOnly", true: "readOnly"}[to.answer], true)
	}
	return t
}

// mayLack reports whether an answer may have nothing for x.
func mayLack(x *wire.Member) bool {
	return x.Presence || !x.List && x.Kind == wire.KindInstant || !x.List && x.Kind == wire.KindObject && x.Choice == nil
}

func typed(name string, null bool) tree {
	if null {
		return of("type", []string{name, "null"})
	}
	return of("type", name)
}

// value is the schema of one value of x's kind.
func (w *writer) value(x *wire.Member, to form, null bool) tree {
	switch x.Kind {
	case wire.KindText:
		return typed("string", null)
	case wire.KindBool:
		return typed("boolean", null)
	case wire.KindBytes:
		return typed("string", null).with("contentEncoding", "base64")
	case wire.KindWord:
		words := []any{}
		for _, word := range x.Words.List() {
			words = append(words, word)
		}
		if null {
			words = append(words, nil)
		}
		return typed("string", null).with("enum", words)
	case wire.KindInstant:
		return typed("string", null).with("format", "date-time")
	case wire.KindObject:
		ref := reference("schemas", w.shape(x.Sub, to))
		if null {
			return of("anyOf", []tree{ref, of("type", "null")})
		}
		return ref
	}
	return w.whole(x, to, null)
}

func (w *writer) whole(x *wire.Member, to form, null bool) tree {
	t := typed("integer", null)
	low, high := int64(-largest), int64(largest)
	switch x.Kind {
	case wire.KindInt32:
		t.set("format", "int32")
		low, high = -1<<31, 1<<31-1
	case wire.KindUint32:
		low, high = 0, 1<<32-1
	case wire.KindUint64:
		low = 0
	default:
		t.set("format", "int64")
	}
	if to.answer && high == largest && to.xml {
		return t // digits, however many
	}
	if to.answer && high == largest {
		// A sum may be larger than what every reader of JSON keeps exact.
		t = t.and(of("type", []string{"integer", "string"})).with("pattern", "^-?[1-9][0-9]{15,19}$")
		if null {
			t = t.and(of("type", []string{"integer", "string", "null"}))
		}
	}
	return t.with("minimum", low).with("maximum", high)
}
