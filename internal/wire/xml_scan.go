package wire

import "bytes"

// xmlScanner walks over one XML document once. It reads elements, text, CDATA sections,
// comments, the five entities that XML defines itself and references to characters.
// Document types and processing instructions end the walk, so nothing can be expanded
// or fetched. Source: XML 1.0 (Fifth Edition).
type xmlScanner struct {
	walk
	spaces []space
	spare  []byte // a text that is not one piece of the document
}

// tag is a start tag. It is passed by value, which costs no allocation.
type tag struct {
	name       []byte   // as written: the end tag repeats it
	prefix     int      // bytes of the name that are its prefix
	foreign    bool     // in another namespace than the contract's, or none
	empty      bool     // <name/>
	scope      int      // namespaces declared outside it
	attributes [][]byte // names of attributes, which nothing here has
}

// local is the name without its prefix.
func (t tag) local() []byte {
	if t.prefix == 0 {
		return t.name
	}
	return t.name[t.prefix+1:]
}

func (s *xmlScanner) malformed(detail string) { s.fail(CodeMalformedXML, detail) }

func (s *xmlScanner) at(token string) bool {
	return len(s.data)-s.pos >= len(token) && string(s.data[s.pos:s.pos+len(token)]) == token
}

// blank passes white space and reports whether there was some.
func (s *xmlScanner) blank() bool {
	start := s.pos
	for s.pos < len(s.data) && isBlank(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// prolog passes what may stand before the root element.
func (s *xmlScanner) prolog() {
	if s.at("\uFEFF") {
		s.pos += len("\uFEFF")
	}
	if s.at("<?xml") && s.pos+5 < len(s.data) && isBlank(s.data[s.pos+5]) {
		s.pos += 5
		s.declaration()
	}
	s.outside()
}

// declaration passes the rest of <?xml version="1.0" encoding="UTF-8" standalone="yes"?>.
func (s *xmlScanner) declaration() {
	gap := false
	for i, name := range []string{"version", "encoding", "standalone"} {
		gap = s.blank() || gap
		if i > 0 && !(gap && s.at(name)) {
			continue
		}
		value := s.quotedAfter(name)
		gap = false
		switch {
		case s.broken:
			return
		case name == "version" && string(value) != "1.0":
			s.malformed("Only version 1.0 of XML is read.")
		case name == "encoding" && !bytes.EqualFold(value, []byte("utf-8")):
			s.fail(CodeInvalidUTF8, "Only the encoding UTF-8 is read.")
		case name == "standalone" && string(value) != "yes" && string(value) != "no":
			s.malformed("The XML declaration's standalone is yes or no.")
		}
	}
	s.blank()
	if !s.at("?>") {
		s.malformed("The XML declaration is not written as one.")
		return
	}
	s.pos += 2
}

// quotedAfter reads name="value".
func (s *xmlScanner) quotedAfter(name string) []byte {
	if !s.at(name) {
		s.malformed("The XML declaration has no " + name + ".")
		return nil
	}
	s.pos += len(name)
	return s.assigned()
}

// assigned reads ="value", with its references resolved.
func (s *xmlScanner) assigned() []byte {
	s.blank()
	if !s.at("=") {
		s.malformed("The equals sign after an attribute's name is missing.")
		return nil
	}
	s.pos++
	s.blank()
	if !s.at(`"`) && !s.at("'") {
		s.malformed("An attribute's value has no quotes.")
		return nil
	}
	length := bytes.IndexByte(s.data[s.pos+1:], s.data[s.pos])
	if length < 0 {
		s.malformed("An attribute's value does not end.")
		return nil
	}
	all := s.data
	s.pos++
	s.data, s.spare = all[:s.pos+length], s.spare[:0]
	for !s.broken && s.pos < len(s.data) {
		if s.at("<") {
			s.malformed("An attribute's value holds <.")
			return nil
		}
		s.characters()
	}
	s.data = all
	s.pos++
	s.checked(s.spare)
	return s.spare
}

// outside passes comments and white space around the root element.
func (s *xmlScanner) outside() {
	for !s.broken {
		s.blank()
		if !s.at("<!") && !s.at("<?") {
			return
		}
		s.markup()
	}
}

// markup passes a comment. Everything else that begins with <! or <? ends the walk.
func (s *xmlScanner) markup() {
	if !s.at("<!--") {
		s.fail(CodeMarkupRefused, "Document types, processing instructions and CDATA sections outside of text are not read. Leave them out.")
		return
	}
	s.pos += len("<!--")
	length := bytes.Index(s.data[s.pos:], []byte("--"))
	if length < 0 {
		s.malformed("A comment does not end.")
		return
	}
	s.checked(s.data[s.pos : s.pos+length])
	s.pos += length + 2
	if !s.at(">") {
		s.malformed("A comment holds two dashes.")
		return
	}
	s.pos++
}

// start reads a start tag, whose < is next.
func (s *xmlScanner) start() (t tag) {
	s.pos++
	if s.depth++; s.depth > depthMax {
		s.fail(CodeTooDeep, "Elements may be at most 64 levels deep.")
		return t
	}
	t.scope = len(s.spaces)
	t.name, t.prefix = s.name()
	for !s.broken {
		blank := s.blank()
		switch {
		case s.at(">"):
			s.pos++
			s.settle(&t)
			return t
		case s.at("/>"):
			s.pos += 2
			t.empty = true
			s.settle(&t)
			return t
		case !blank:
			s.malformed("A start tag does not end.")
		default:
			s.attribute(&t)
		}
	}
	return t
}

// end leaves an element.
func (s *xmlScanner) end(t tag) {
	s.depth--
	s.spaces = s.spaces[:t.scope]
	if t.empty {
		return
	}
	s.pos += len("</")
	if name := len(t.name); len(s.data)-s.pos <= name || !bytes.Equal(s.data[s.pos:s.pos+name], t.name) || isName[s.data[s.pos+name]] {
		s.malformed("An end tag does not have the name of its start tag.")
		return
	}
	s.pos += len(t.name)
	s.blank()
	if !s.at(">") {
		s.malformed("An end tag does not end.")
		return
	}
	s.pos++
}

// child moves to the next element inside t and reports whether there is one; if not,
// it has left t. stray means that text stood before it.
func (s *xmlScanner) child(t tag) (more, stray bool) {
	for !s.broken {
		if t.empty {
			s.end(t)
			return false, stray
		}
		s.blank()
		switch {
		case s.pos == len(s.data):
			s.malformed("An element does not end.")
		case s.at("</"):
			s.end(t)
			return false, stray
		case s.at("<![CDATA["):
			stray, s.spare = true, s.spare[:0]
			s.section()
		case s.at("<!"), s.at("<?"):
			s.markup()
		case s.at("<"):
			return true, stray
		default:
			stray, s.spare = true, s.spare[:0]
			s.characters()
		}
	}
	return false, stray
}

// skip passes an element and all that is inside, checking only that it is XML.
func (s *xmlScanner) skip(t tag) {
	for {
		more, _ := s.child(t)
		if !more {
			return
		}
		s.skip(s.start())
	}
}
