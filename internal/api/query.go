package api

import (
	"maps"
	"net/url"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// readQuery fills m from the query, where this route takes its fields from
// there, and refuses every other parameter by name.
func (v *visit) readQuery(m proto.Message) error {
	if v.r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(v.r.URL.RawQuery)
	if err != nil {
		return wire.Invalid(fault.Field{Pointer: "?", Code: wire.CodeMalformedQuery, Detail: "The query is not written as name=value pairs with & between."})
	}
	var bad []fault.Field
	for _, name := range slices.Sorted(maps.Keys(query)) {
		x := v.route.queried(name)
		r := wire.Refusal{Code: wire.CodeUnknownField, Detail: "There is no such parameter here. Check its spelling, or leave it out."}
		if x != nil {
			r = fill(x, m.ProtoReflect(), query[name])
		}
		if r.Code != "" && len(bad) < wire.PlacesMax {
			bad = append(bad, fault.Field{Pointer: "?" + wire.Echo(name), Code: r.Code, Detail: r.Detail})
		}
	}
	if len(bad) > 0 {
		return wire.Invalid(bad...)
	}
	return nil
}

// queried is the field that a query parameter fills, or nil.
func (r *route) queried(name string) *wire.Member {
	x := r.method.input.Named[name]
	if x == nil || r.body || r.given&x.Bit() != 0 || x.Kind == wire.KindObject || x.Dict || x.Secret {
		return nil
	}
	return x
}

// fill sets x to texts.
func fill(x *wire.Member, m protoreflect.Message, texts []string) wire.Refusal {
	if len(texts) > 1 && !x.List {
		return wire.Refusal{Code: wire.CodeDuplicateField, Detail: "The parameter is there more than once."}
	}
	for _, text := range texts {
		value, r := x.Parse(text)
		switch {
		case r.Code != "":
			return r
		case x.List:
			m.Mutable(x.Field).List().Append(value)
		default:
			m.Set(x.Field, value)
		}
	}
	return wire.Refusal{}
}
