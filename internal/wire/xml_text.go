package wire

import (
	"bytes"
	"unicode/utf8"
)

// plainXML are the bytes of character data that mean themselves.
var plainXML = func() (table [256]bool) {
	for c := range table {
		table[c] = c >= ' ' || c == '\t' || c == '\n'
	}
	table['<'], table['>'], table['&'] = false, false, false
	return table
}()

// run passes plain characters.
func (s *xmlScanner) run() (text []byte, ascii bool) {
	start, ascii := s.pos, true
	for s.pos < len(s.data) {
		c := s.data[s.pos]
		if !plainXML[c] {
			break
		}
		ascii = ascii && c < utf8.RuneSelf
		s.pos++
	}
	return s.data[start:s.pos], ascii
}

// text reads the text of the element that t began, and leaves it. Its bytes are valid
// until the next text. false: it was refused, and passed.
func (s *xmlScanner) text(t tag, x *Member) (text []byte, ok bool) {
	if t.empty {
		s.end(t)
		return nil, true
	}
	text, ascii := s.run()
	if !s.at("</") {
		return s.pieces(t, x, text)
	}
	ok = ascii || s.checked(text)
	s.end(t)
	return text, ok && !s.broken
}

// pieces reads the rest of a text that is not one plain run.
func (s *xmlScanner) pieces(t tag, x *Member, first []byte) (text []byte, ok bool) {
	s.spare = append(s.spare[:0], first...)
	nested := false
	for !s.broken {
		switch {
		case s.pos == len(s.data):
			s.malformed("An element does not end.")
		case s.at("</"):
			ok = !nested && s.checked(s.spare)
			s.end(t)
			return s.spare, ok && !s.broken
		case s.at("<![CDATA["):
			s.section()
		case s.at("<!"), s.at("<?"):
			s.markup()
		case s.at("<"):
			if !nested {
				r := x.wrongType()
				s.report(r.Code, r.Detail)
			}
			nested = true
			s.skip(s.start())
		default:
			s.characters()
		}
	}
	return nil, false
}

// characters keeps the characters that are next: plain ones, a reference or a line end.
// Line ends become line feeds. Source: XML 1.0 §2.11.
func (s *xmlScanner) characters() {
	switch c := s.data[s.pos]; c {
	case '&':
		s.pos++
		s.reference()
	case '\r':
		s.spare = append(s.spare, '\n')
		s.pos++
		if s.at("\n") {
			s.pos++
		}
	case '>':
		if bytes.HasSuffix(s.data[:s.pos], []byte("]]")) {
			s.malformed("Text holds ]]>.")
			return
		}
		fallthrough
	default:
		s.spare = append(s.spare, c) // whether it may be there is checked with the whole text
		s.pos++
		text, _ := s.run()
		s.spare = append(s.spare, text...)
	}
}

// section keeps the characters of a CDATA section.
func (s *xmlScanner) section() {
	s.pos += len("<![CDATA[")
	length := bytes.Index(s.data[s.pos:], []byte("]]>"))
	if length < 0 {
		s.malformed("A CDATA section does not end.")
		return
	}
	text := s.data[s.pos : s.pos+length]
	s.pos += length + len("]]>")
	for i, c := range text {
		switch {
		case c != '\r':
			s.spare = append(s.spare, c)
		case i+1 == len(text) || text[i+1] != '\n':
			s.spare = append(s.spare, '\n')
		}
	}
}

// entities are what &name; may name. There is no document type to declare others.
var entities = map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}

const referenceMax = 16 // bytes between & and ;

// reference keeps the character that &…; stands for.
func (s *xmlScanner) reference() {
	rest := s.data[s.pos:]
	end := bytes.IndexByte(rest[:min(len(rest), referenceMax)], ';')
	if end < 0 {
		s.malformed("An & begins no reference. Write &amp; for the character itself.")
		return
	}
	name := rest[:end]
	s.pos += end + 1
	if len(name) > 0 && name[0] == '#' {
		s.numbered(name[1:])
		return
	}
	c, known := entities[string(name)]
	if !known {
		s.malformed("An entity is not known: there are &amp; &lt; &gt; &quot; and &apos;.")
		return
	}
	s.spare = append(s.spare, c)
}

// numbered keeps the character of &#…; by its number, decimal or after an x hexadecimal.
func (s *xmlScanner) numbered(digits []byte) {
	base, n := 10, 0
	if len(digits) > 0 && digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	for _, c := range digits {
		value := hexValue(c)
		if value >= base {
			digits = nil
			break
		}
		n = min(n*base+value, utf8.MaxRune+1)
	}
	switch {
	case len(digits) == 0:
		s.malformed("A reference to a character has no number.")
	case !utf8.ValidRune(rune(n)):
		s.spare = append(s.spare, 0) // as unfit as U+0000, and refused with the text
	default:
		s.spare = utf8.AppendRune(s.spare, rune(n))
	}
}

// checked reports what a piece of text may not hold. It gives false if there was some.
func (s *xmlScanner) checked(text []byte) bool {
	switch code := textFault(text); code {
	case "":
		return true
	case CodeInvalidUTF8:
		s.fail(code, refusals[code].Detail)
	default:
		s.report(code, refusals[code].Detail)
	}
	return false
}
