package wire

import "unicode/utf8"

// jsonScanner walks over one JSON text (RFC 8259) once. A bad place is reported and
// the walk goes on, so that an answer names them all; broken JSON ends it.
type jsonScanner struct{ walk }

func (s *jsonScanner) malformed(detail string) {
	s.fail(CodeMalformedJSON, detail)
}

// peek is the next byte that is not white space, 0 at the end.
func (s *jsonScanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// open enters an object or a list, whose bracket is next.
func (s *jsonScanner) open() {
	s.pos++
	if s.depth++; s.depth > depthMax {
		s.fail(CodeTooDeep, "Objects and lists may be at most 64 levels deep.")
	}
}

// next reports whether another item follows inside the brackets that end ends;
// n items were read before. It leaves the brackets when none does.
func (s *jsonScanner) next(end byte, n int) bool {
	if s.broken {
		return false
	}
	c := s.peek()
	switch {
	case c == end:
		s.pos++
		s.depth--
		return false
	case n == 0:
		return true
	case c != ',':
		s.malformed("A comma or the closing bracket is missing after a value.")
		return false
	}
	s.pos++
	if s.peek() == end {
		s.malformed("A comma stands before the closing bracket.")
		return false
	}
	return true
}

// label reads a name and its colon. The bytes are valid until the text changes.
func (s *jsonScanner) label() (raw []byte, plain bool) {
	if s.peek() != '"' {
		s.malformed("A name in double quotes was expected.")
		return nil, false
	}
	raw, plain = s.quoted()
	if s.broken {
		return nil, false
	}
	if s.peek() != ':' {
		s.malformed("The colon after a name is missing.")
		return nil, false
	}
	s.pos++
	return raw, plain
}

// quoted reads a string, whose quote is next, without its quotes; plain means
// that it has no escapes to resolve.
func (s *jsonScanner) quoted() (raw []byte, plain bool) {
	s.pos++
	start, ascii := s.pos, true
	plain = true
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			raw = s.data[start:s.pos]
			s.pos++
			if !ascii && !utf8.Valid(raw) {
				s.fail(CodeInvalidUTF8, "The text is not valid UTF-8.")
			}
			return raw, plain
		case c == '\\':
			plain = false
			if !s.escape() {
				s.malformed("A string has an escape that JSON does not know.")
				return nil, false
			}
		case c < 0x20:
			s.malformed("A string has a control character that is not escaped.")
			return nil, false
		default:
			ascii = ascii && c < utf8.RuneSelf
			s.pos++
		}
	}
	s.malformed("A string does not end.")
	return nil, false
}

// escape passes the escape that is next and reports whether it is a valid one.
func (s *jsonScanner) escape() bool {
	rest := s.data[s.pos+1:]
	if len(rest) == 0 {
		return false
	}
	switch rest[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return true
	case 'u':
		_, ok := hex4(rest[1:])
		s.pos += 6
		return ok
	}
	return false
}

// number reads a number; whole means that it has neither fraction nor exponent.
func (s *jsonScanner) number() (token []byte, whole bool) {
	start := s.pos
	if s.data[s.pos] == '-' {
		s.pos++
	}
	leading := s.pos
	digits := s.digits()
	whole = true
	ok := digits == 1 || digits > 1 && s.data[leading] != '0'
	if ok && s.at('.') {
		s.pos++
		whole = false
		ok = s.digits() > 0
	}
	if ok && (s.at('e') || s.at('E')) {
		s.pos++
		whole = false
		if s.at('+') || s.at('-') {
			s.pos++
		}
		ok = s.digits() > 0
	}
	if !ok {
		s.malformed("A number is not written as JSON writes numbers.")
		return nil, false
	}
	return s.data[start:s.pos], whole
}

func (s *jsonScanner) at(c byte) bool { return s.pos < len(s.data) && s.data[s.pos] == c }

func (s *jsonScanner) digits() (count int) {
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
		count++
	}
	return count
}

// word reads one of JSON's three words.
func (s *jsonScanner) word(w string) bool {
	if end := s.pos + len(w); end <= len(s.data) && string(s.data[s.pos:end]) == w {
		s.pos = end
		return true
	}
	s.malformed("A value was expected.")
	return false
}

// skip passes any value, checking only that it is JSON.
func (s *jsonScanner) skip() {
	switch c := s.peek(); c {
	case '{', '[':
		s.skipNested(c)
	case '"':
		s.quoted()
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		if c != '-' && c-'0' > 9 {
			s.malformed("A value was expected.")
			return
		}
		s.number()
	}
}

func (s *jsonScanner) skipNested(bracket byte) {
	s.open()
	for n := 0; s.next(bracket+2, n); n++ { // '{' and '}', '[' and ']' are two apart
		if bracket == '{' {
			s.label()
		}
		if !s.broken {
			s.skip()
		}
	}
}
