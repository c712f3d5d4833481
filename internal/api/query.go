package api

import (
	"maps"
	"net/url"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/fault"
)

// readQuery fills m from the query, where this route takes its fields from
// there, and refuses every other parameter by name.
func (v *visit) readQuery(m proto.Message) error {
	if v.r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(v.r.URL.RawQuery)
	if err != nil {
		return invalid(fault.Field{Pointer: "?", Code: codeMalformedQuery, Detail: "The query is not written as name=value pairs with & between."})
	}
	var bad []fault.Field
	for _, name := range slices.Sorted(maps.Keys(query)) {
		x := v.route.queried(name)
		r := refusal{codeUnknownField, "There is no such parameter here. Check its spelling, or leave it out."}
		if x != nil {
			r = x.fill(m.ProtoReflect(), query[name])
		}
		if r.code != "" && len(bad) < fieldsReported {
			bad = append(bad, fault.Field{Pointer: "?" + echo(name), Code: r.code, Detail: r.detail})
		}
	}
	if len(bad) > 0 {
		return invalid(bad...)
	}
	return nil
}

// queried is the field that a query parameter fills, or nil.
func (r *route) queried(name string) *member {
	x := r.method.input.named[name]
	if x == nil || r.body || r.given&x.bit() != 0 || x.kind == kindObject || x.dict || x.secret {
		return nil
	}
	return x
}

// fill sets x to texts.
func (x *member) fill(m protoreflect.Message, texts []string) refusal {
	if len(texts) > 1 && !x.list {
		return refusal{codeDuplicateField, "The parameter is there more than once."}
	}
	for _, text := range texts {
		value, r := x.parse(text)
		switch {
		case r.code != "":
			return r
		case x.list:
			m.Mutable(x.field).List().Append(value)
		default:
			m.Set(x.field, value)
		}
	}
	return refusal{}
}
