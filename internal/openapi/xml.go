package openapi

import (
	"slices"

	"github.com/florinpay/florin/internal/wire"
)

// rootElement is what the message is called where it is the whole document. Inside of
// another message the field's name is the element's.
func rootElement(s *wire.Shape) tree {
	name, namespace := s.Root()
	return tree{{"name", name}, {"namespace", namespace}}
}

// leavesOut reports whether an answer in this form has no place for x when there is
// nothing to say: XML has no null, and a list that repeats its element none to repeat.
func (to form) leavesOut(x *wire.Member) bool {
	return to.xml && (mayLack(x) || x.List && x.Item() == "")
}

// within is the schema of a list, whose items XML may put into an element of the list's own.
func within(x *wire.Member, list tree, to form) tree {
	if item := x.Item(); item != "" && to.xml {
		at := slices.IndexFunc(list, func(m member) bool { return m.name == "items" })
		list[at].value = list[at].value.(tree).with("xml", of("name", item))
		return list.with("xml", of("wrapped", true))
	}
	return list
}

// entries is the schema of a map: a series of pairs. That no two have one key is more
// than a schema can say.
func entries(r rules, to form) tree {
	pair := tree{
		{"type", "object"}, {"required", []string{"key", "value"}},
		{"properties", tree{{"key", of("type", "string").and(r.names())}, {"value", of("type", "string").and(r.values())}}},
	}
	series := tree{{"description", "No two have the same key."}, {"type", "array"}}
	for _, m := range r.own() {
		series.set(map[string]string{"minProperties": "minItems", "maxProperties": "maxItems"}[m.name], m.value)
	}
	t := of("type", "object")
	if !to.answer {
		pair.set("additionalProperties", false)
		t.set("additionalProperties", false)
	}
	return t.with("properties", of("entry", series.with("items", pair)))
}
