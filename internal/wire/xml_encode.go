package wire

import (
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Namespaces of the elements: the contract's own, and that of problems.
// Source: RFC 9457 Appendix B.
const (
	contractSpace = "urn:florin:v1"
	problemSpace  = "urn:ietf:rfc:7807"
)

const xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// element is a name with its tags.
type element struct {
	name                   string
	opening, closing, void []byte
}

func newElement(name string) element {
	return element{name, []byte("<" + name + ">"), []byte("</" + name + ">"), []byte("<" + name + "/>")}
}

// Elements that are no fields: a pair of a map, and an item of a problem's list.
var (
	entryElement = newElement("entry")
	keyElement   = newElement("key")
	valueElement = newElement("value")
	problemItem  = newElement("i")
)

// nameRoot names the root element after the message.
func (s *Shape) nameRoot() {
	s.space = contractSpace
	if s.sparse {
		s.space = problemSpace
	}
	s.root = newElement(strings.ToLower(screamingSnake(string(s.Message.Name()))))
	s.root.opening = []byte(xmlDeclaration + "<" + s.root.name + ` xmlns="` + s.space + `">`)
}

// EncodeXML appends m as an XML document, its elements in the order of the field numbers.
func (all Shapes) EncodeXML(out []byte, m proto.Message) []byte {
	r := m.ProtoReflect()
	s := all[r.Descriptor().FullName()]
	out = append(out, s.root.opening...)
	out = s.appendElements(out, r)
	return append(out, s.root.closing...)
}

func (s *Shape) appendElements(out []byte, m protoreflect.Message) []byte {
	for _, x := range s.Members {
		if !s.shows(x, m) {
			continue
		}
		switch {
		case x.Dict:
			out = appendEntries(out, x, m.Get(x.Field).Map())
		case x.List:
			out = x.appendItems(out, m.Get(x.Field).List())
		case (x.Presence || x.Kind >= KindInstant) && !m.Has(x.Field):
			// absent: there is no element
		default:
			out = x.appendElement(out, &x.element, m.Get(x.Field))
		}
	}
	return out
}

// appendElement writes a value between its tags; a word that is absent has no element.
func (x *Member) appendElement(out []byte, e *element, v protoreflect.Value) []byte {
	if x.Kind == KindWord && x.Words.words[v.Enum()] == "" {
		return out
	}
	out = append(out, e.opening...)
	inside := len(out)
	out = x.appendContent(out, v)
	return closed(out, e, inside)
}

// closed writes the end tag, or <name/> where nothing is inside.
func closed(out []byte, e *element, inside int) []byte {
	if len(out) == inside {
		return append(out[:inside-len(e.opening)], e.void...)
	}
	return append(out, e.closing...)
}

func (x *Member) appendContent(out []byte, v protoreflect.Value) []byte {
	switch x.Kind {
	case KindText:
		return appendCharacters(out, v.String())
	case KindInt32, KindInt64:
		return strconv.AppendInt(out, v.Int(), 10)
	case KindUint32, KindUint64:
		return strconv.AppendUint(out, v.Uint(), 10)
	case KindBool:
		return strconv.AppendBool(out, v.Bool())
	case KindBytes:
		return base64.StdEncoding.AppendEncode(out, v.Bytes())
	case KindWord:
		return append(out, x.Words.words[v.Enum()]...)
	case KindInstant:
		return v.Message().Interface().(*timestamppb.Timestamp).AsTime().AppendFormat(out, instantLayout)
	}
	return x.Sub.appendElements(out, v.Message())
}

func (x *Member) appendItems(out []byte, list protoreflect.List) []byte {
	if x.item == nil {
		for i := range list.Len() {
			out = x.appendElement(out, &x.element, list.Get(i))
		}
		return out
	}
	out = append(out, x.element.opening...)
	for i := range list.Len() {
		out = x.appendElement(out, x.item, list.Get(i))
	}
	return append(out, x.element.closing...)
}

func appendEntries(out []byte, x *Member, dict protoreflect.Map) []byte {
	out = append(out, x.element.opening...)
	inside := len(out)
	for _, p := range sorted(dict) {
		out = append(out, entryElement.opening...)
		out = textMember.appendElement(out, &keyElement, protoreflect.ValueOfString(p.name))
		out = textMember.appendElement(out, &valueElement, protoreflect.ValueOfString(p.value))
		out = append(out, entryElement.closing...)
	}
	return closed(out, &x.element, inside)
}

// appendCharacters writes s as character data. A carriage return becomes a reference,
// or its reader would make a line feed of it; what XML cannot carry becomes U+FFFD.
// Sources: XML 1.0 §2.2, §2.4, §2.11.
func appendCharacters(out []byte, s string) []byte {
	kept := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plainXML[c] && c < utf8.RuneSelf {
			i++
			continue
		}
		instead, width := "", 1
		switch c {
		case '<':
			instead = "&lt;"
		case '>':
			instead = "&gt;"
		case '&':
			instead = "&amp;"
		case '\r':
			instead = "&#13;"
		default:
			var r rune
			if r, width = utf8.DecodeRuneInString(s[i:]); !unfit(r, width) {
				i += width
				continue
			}
			instead = "\uFFFD"
		}
		out = append(append(out, s[kept:i]...), instead...)
		i += width
		kept = i
	}
	return append(out, s[kept:]...)
}

// unfit reports whether XML cannot carry a character that was decoded from so many bytes.
func unfit(r rune, width int) bool {
	return r == utf8.RuneError && width <= 1 || r < utf8.RuneSelf && unsayable(byte(r)) || r == 0xFFFE || r == 0xFFFF
}
