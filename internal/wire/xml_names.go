package wire

import "bytes"

// Limits of names. They keep the work of one element bounded.
const (
	attributesMax = 16 // of one element
	spacesMax     = 16 // declared around one place
)

// space is one namespace declaration in force. Source: Namespaces in XML 1.0.
type space struct {
	prefix []byte // empty: of names without one
	kind   spaceKind
}

type spaceKind uint8

const (
	spaceNone     spaceKind = iota // xmlns=""
	spaceContract                  // the contract's
	spaceForeign
)

// isName are the bytes of names. The contract's names are ASCII, so no others are read.
var isName = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':'
	}
	return table
}()

// name reads a name, with the length of its optional prefix.
func (s *xmlScanner) name() (name []byte, prefix int) {
	start := s.pos
	for s.pos < len(s.data) && isName[s.data[s.pos]] {
		s.pos++
	}
	name = s.data[start:s.pos]
	local := name
	if prefix = max(0, bytes.IndexByte(name, ':')); prefix > 0 {
		local = name[prefix+1:]
	}
	if !begins(local) || !begins(name) || bytes.IndexByte(local, ':') >= 0 {
		s.malformed("A name of ASCII letters was expected. Write &lt; for the character < itself.")
	}
	return name, prefix
}

// begins reports whether a name begins as names do.
func begins(name []byte) bool {
	return len(name) > 0 && (name[0] == '_' || name[0] >= 'a' && name[0] <= 'z' || name[0] >= 'A' && name[0] <= 'Z')
}

// attribute reads one attribute of t: a declaration of a namespace, or one that has
// no place here.
func (s *xmlScanner) attribute(t *tag) {
	name, prefix := s.name()
	if s.broken {
		return
	}
	value := s.assigned()
	if s.broken {
		return
	}
	for _, other := range t.attributes {
		if bytes.Equal(other, name) {
			s.malformed("An attribute is there more than once.")
			return
		}
	}
	switch {
	case string(name) == "xmlns":
		s.declare(t, nil, value)
	case string(name[:prefix]) == "xmlns":
		s.declare(t, name[prefix+1:], value)
	case len(t.attributes) == attributesMax:
		s.fail(CodeTooMany, "An element may have at most 16 attributes.")
	default:
		t.attributes = append(t.attributes, name)
	}
}

// declare puts a namespace in force.
func (s *xmlScanner) declare(t *tag, prefix, uri []byte) {
	for _, other := range s.spaces[t.scope:] {
		if bytes.Equal(other.prefix, prefix) {
			s.malformed("A namespace is declared more than once.")
			return
		}
	}
	switch {
	case len(s.spaces) == spacesMax:
		s.fail(CodeTooMany, "At most 16 namespaces may be declared.")
		return
	case string(prefix) == "xml", string(prefix) == "xmlns", len(prefix) > 0 && len(uri) == 0:
		s.malformed("A prefix is declared that cannot be.")
		return
	}
	kind := spaceForeign
	switch string(uri) {
	case "":
		kind = spaceNone
	case contractSpace:
		kind = spaceContract
	}
	s.spaces = append(s.spaces, space{prefix, kind})
}

// settle finds the namespace of t by the declarations in force.
func (s *xmlScanner) settle(t *tag) {
	prefix := t.name[:t.prefix]
	for i := len(s.spaces) - 1; i >= 0; i-- {
		if bytes.Equal(s.spaces[i].prefix, prefix) {
			t.foreign = s.spaces[i].kind == spaceForeign
			return
		}
	}
	switch {
	case string(prefix) == "xml":
		t.foreign = true
	case len(prefix) > 0:
		s.malformed("A prefix is not declared.")
	}
}
