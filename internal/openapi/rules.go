package openapi

import (
	"fmt"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/wire"
)

// rules are what buf.validate holds a field to.
type rules struct {
	member *wire.Member
	field  *validate.FieldRules
}

func rulesOf(x *wire.Member) rules {
	field, _ := proto.GetExtension(x.Field.Options(), validate.E_Field).(*validate.FieldRules)
	return rules{x, field}
}

// own are the keywords for the field itself.
func (r rules) own() tree {
	t := keywords(r.member, r.field)
	if r.field.GetIgnore() == validate.Ignore_IGNORE_IF_ZERO_VALUE && r.member.Kind == wire.KindText && len(t) > 0 {
		return of("anyOf", []tree{t, of("const", "")})
	}
	return t
}

// values are the keywords for each item of a list, or each value of a map.
func (r rules) values() tree {
	if r.member.Dict {
		return keywords(r.member, r.field.GetMap().GetValues())
	}
	return keywords(r.member, r.field.GetRepeated().GetItems())
}

// names are the keywords for the names in a map.
func (r rules) names() tree { return keywords(r.member, r.field.GetMap().GetKeys()) }

// keywords writes rules in JSON Schema. It panics on one that it cannot write: a
// document that leaves a rule out lies.
func keywords(x *wire.Member, field *validate.FieldRules) tree {
	var t tree
	if field == nil {
		return t
	}
	kind := field.ProtoReflect().WhichOneof(field.ProtoReflect().Descriptor().Oneofs().ByName("type"))
	if kind == nil {
		return t
	}
	set := field.ProtoReflect().Get(kind).Message()
	fields := set.Descriptor().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); set.Has(f) {
			t = t.and(keyword(x, string(f.Name()), set.Get(f)))
		}
	}
	return t
}

// plainly are the rules that JSON Schema has under another name.
var plainly = map[string]string{
	"min_len": "minLength", "max_len": "maxLength", "pattern": "pattern", "gte": "minimum", "lte": "maximum",
	"min_items": "minItems", "max_items": "maxItems", "unique": "uniqueItems", "min_pairs": "minProperties", "max_pairs": "maxProperties",
	"const": "const",
}

func keyword(x *wire.Member, rule string, v protoreflect.Value) tree {
	if name, ok := plainly[rule]; ok {
		return of(name, v.Interface())
	}
	switch rule {
	case "gt": // of whole numbers
		return of("minimum", v.Int()+1)
	case "lt":
		return of("maximum", v.Int()-1)
	case "len":
		return tree{{"minLength", v.Interface()}, {"maxLength", v.Interface()}}
	case "email", "uuid", "uri":
		return of("format", rule)
	case "in":
		return of("enum", listed(v.List()))
	case "items", "keys", "values", "defined_only": // told elsewhere
		return nil
	}
	panic(fmt.Sprintf("openapi: the rule %s of %s has no keyword yet", rule, x.Field.FullName()))
}

func listed(list protoreflect.List) []any {
	values := make([]any, list.Len())
	for i := range values {
		values[i] = list.Get(i).Interface()
	}
	return values
}

// and puts keywords into t; what t has is replaced, so that a rule outdoes the
// limit of its type.
func (t tree) and(more tree) tree {
	t = append(tree(nil), t...)
next:
	for _, m := range more {
		for i := range t {
			if t[i].name == m.name {
				t[i].value = m.value
				continue next
			}
		}
		t.set(m.name, m.value)
	}
	return t
}
