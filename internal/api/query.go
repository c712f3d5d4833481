package api

import (
	"maps"
	"net/url"
	"slices"
	"strings"

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
		x, key := v.route.queried(name)
		r := wire.Refusal{Code: wire.CodeUnknownField, Detail: "There is no such parameter here. Check its spelling, or leave it out."}
		if x != nil {
			r = fill(x, key, m.ProtoReflect(), query[name])
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

// queried is the field that a query parameter fills, or nil. A map takes its pairs as
// name[key]=value.
func (r *route) queried(name string) (x *wire.Member, key string) {
	if rest, isPair := strings.CutSuffix(name, "]"); isPair {
		name, key, isPair = strings.Cut(rest, "[")
		if x = r.method.input.Named[name]; !isPair || x == nil || !x.Dict {
			return nil, ""
		}
	} else if x = r.method.input.Named[name]; x != nil && x.Dict {
		return nil, ""
	}
	if x == nil || !r.inQuery(x) {
		return nil, ""
	}
	return x, key
}

// inQuery reports whether this route takes x from the query.
func (r *route) inQuery(x *wire.Member) bool {
	return !r.body && r.given&x.Bit() == 0 && x.Kind != wire.KindObject && !x.Secret
}

// fill sets x to texts; of a map the pair of key.
func fill(x *wire.Member, key string, m protoreflect.Message, texts []string) wire.Refusal {
	if len(texts) > 1 && !x.List {
		return wire.Refusal{Code: wire.CodeDuplicateField, Detail: "The parameter is there more than once."}
	}
	for _, text := range texts {
		if text == "" && x.Kind == wire.KindText && !x.Dict {
			return wire.Refusal{Code: wire.CodeRequired, Detail: "Give it a value, or leave the parameter out."}
		}
		value, r := x.Parse(text)
		switch {
		case r.Code != "":
			return r
		case x.Dict:
			name, r := x.Parse(key)
			if r.Code != "" {
				return r
			}
			m.Mutable(x.Field).Map().Set(name.MapKey(), value)
		case x.List:
			m.Mutable(x.Field).List().Append(value)
		default:
			m.Set(x.Field, value)
		}
	}
	return wire.Refusal{}
}
