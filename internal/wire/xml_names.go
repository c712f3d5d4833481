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

// name reads a name with its optional prefix.
func (s *xmlScanner) name() (prefix, local, whole []byte) {
	start := s.pos
	for s.pos < len(s.data) && isName[s.data[s.pos]] {
		s.pos++
	}
	whole = s.data[start:s.pos]
	local = whole
	if colon := bytes.IndexByte(whole, ':'); colon >= 0 {
		prefix, local = whole[:colon], whole[colon+1:]
		if !begins(prefix) || bytes.IndexByte(local, ':') >= 0 {
			local = nil
		}
	}
	if !begins(local) {
		s.malformed("A name of ASCII letters was expected. Write &lt; for the character < itself.")
	}
	return prefix, local, whole
}

// begins reports whether a name begins as names do.
func begins(name []byte) bool {
	return len(name) > 0 && (name[0] == '_' || name[0] >= 'a' && name[0] <= 'z' || name[0] >= 'A' && name[0] <= 'Z')
}

// attribute reads one attribute of t: a declaration of a namespace, or one that has
// no place here.
func (s *xmlScanner) attribute(t *tag) {
	prefix, local, whole := s.name()
	if s.broken {
		return
	}
	value := s.assigned()
	if s.broken {
		return
	}
	for _, other := range t.attributes {
		if bytes.Equal(other, whole) {
			s.malformed("An attribute is there more than once.")
			return
		}
	}
	switch {
	case string(whole) == "xmlns":
		s.declare(t, nil, value)
	case string(prefix) == "xmlns":
		s.declare(t, local, value)
	case len(t.attributes) == attributesMax:
		s.fail(CodeTooMany, "An element may have at most 16 attributes.")
	default:
		t.attributes = append(t.attributes, whole)
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
	for i := len(s.spaces) - 1; i >= 0; i-- {
		if bytes.Equal(s.spaces[i].prefix, t.prefix) {
			t.foreign = s.spaces[i].kind == spaceForeign
			return
		}
	}
	switch {
	case string(t.prefix) == "xml":
		t.foreign = true
	case len(t.prefix) > 0:
		s.malformed("A prefix is not declared.")
	}
}
