package openapi

import (
	"bytes"
	"encoding/json"
	"slices"
)

// tree is an object whose members keep the order in which they were set.
type tree []member

type member struct {
	name  string
	value any // tree, []any, []tree, []string, string, bool, int, int64 or nil
}

// set adds a member.
func (t *tree) set(name string, value any) { *t = append(*t, member{name, value}) }

// has reports whether t has a member.
func (t tree) has(name string) bool {
	return slices.ContainsFunc(t, func(m member) bool { return m.name == name })
}

// with is t and one more member.
func (t tree) with(name string, value any) tree {
	return append(t[:len(t):len(t)], member{name, value})
}

// of is an object of one member.
func of(name string, value any) tree { return tree{{name, value}} }

// reference points to a component.
func reference(kind, name string) tree { return of("$ref", "#/components/"+kind+"/"+name) }

// MarshalJSON implements [json.Marshaler].
func (t tree) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range t {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(plain(m.name, ""))
		out.WriteByte(':')
		out.Write(plain(m.value, ""))
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// asJSON is t with a line for each member.
func (t tree) asJSON() []byte { return append(plain(t, "  "), '\n') }

// plain is v as JSON, with <, > and & as they are.
func plain(v any, indent string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		panic("openapi: " + err.Error()) // a tree holds nothing that JSON lacks
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
