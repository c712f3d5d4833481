package wire

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Schema is the contract's XML as an XML Schema: every request that has a body, and
// every answer. It asks for the order of the field numbers, which answers keep and
// requests need not. What a field's value may be beyond its kind is not in it.
// Source: XML Schema 1.0.
func (all Shapes) Schema() []byte {
	w := schema{space: contractSpace, types: map[string]func(){}}
	requests, answers := methodShapes(all)
	for _, s := range requests {
		w.root(s, true)
	}
	for _, s := range answers {
		w.root(s, false)
	}
	return w.document()
}

// ProblemSchema is the XML of problems as an XML Schema, in their own namespace.
func (all Shapes) ProblemSchema() []byte {
	w := schema{space: problemSpace, types: map[string]func(){}}
	w.root(all[contractPackage+".Problem"], true)
	return w.document()
}

// methodShapes are the messages that a body can be, by name.
func methodShapes(all Shapes) (requests, answers []*Shape) {
	in, out := Shapes{}, Shapes{}
	protoregistry.GlobalFiles.RangeFilesByPackage(contractPackage, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				input, output := methods.Get(j).Input().FullName(), methods.Get(j).Output().FullName()
				out[output] = all[output]
				if rule, _ := proto.GetExtension(methods.Get(j).Options(), annotations.E_Http).(*annotations.HttpRule); rule.GetBody() != "" {
					in[input] = all[input]
				}
			}
		}
		return true
	})
	return byName(in), byName(out)
}

func byName(shapes Shapes) (list []*Shape) {
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		list = append(list, shapes[name])
	}
	return list
}

// schema writes one document: root elements as they come, then the types that they use.
type schema struct {
	space string
	out   bytes.Buffer
	types map[string]func() // writes a type, by its name
}

func (w *schema) line(indent int, format string, values ...any) {
	w.out.Write(bytes.Repeat([]byte("  "), indent))
	fmt.Fprintf(&w.out, format+"\n", values...)
}

// document is all that was asked for, between the tags of a schema.
func (w *schema) document() []byte {
	roots := bytes.Clone(w.out.Bytes())
	w.out.Reset()
	w.out.WriteString(xmlDeclaration)
	w.line(0, `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="%s" targetNamespace="%s" elementFormDefault="qualified">`, w.space, w.space)
	w.out.Write(roots)
	written := map[string]bool{}
	for len(written) < len(w.types) { // a type may ask for others
		for _, name := range slices.Sorted(maps.Keys(w.types)) {
			if !written[name] {
				written[name] = true
				w.types[name]()
			}
		}
	}
	w.line(0, "</xs:schema>")
	return w.out.Bytes()
}

// root allows a message as a document. loose: any field may be left out.
func (w *schema) root(s *Shape, loose bool) {
	w.line(1, `<xs:element name="%s" type="%s"/>`, s.root.name, w.message(s, loose))
}

// message is the type of a message.
func (w *schema) message(s *Shape, loose bool) (name string) {
	name = string(s.Message.Name())
	if _, there := w.types[name]; there {
		return name
	}
	w.types[name] = func() {
		w.line(1, `<xs:complexType name="%s">`, name)
		w.line(2, "<xs:sequence>")
		for i, x := range s.Members {
			if x.Choice == nil {
				w.member(3, x, loose)
			} else if i == 0 || s.Members[i-1].Choice != x.Choice {
				w.choice(s, x.Choice)
			}
		}
		w.line(2, "</xs:sequence>")
		w.line(1, "</xs:complexType>")
	}
	return name
}

// choice allows one member of a oneof, or none.
func (w *schema) choice(s *Shape, choice protoreflect.OneofDescriptor) {
	w.line(3, `<xs:choice minOccurs="0">`)
	for _, x := range s.Members {
		if x.Choice == choice {
			w.member(4, x, false)
		}
	}
	w.line(3, "</xs:choice>")
}

func (w *schema) member(indent int, x *Member, loose bool) {
	occurs := ""
	if loose || x.Presence || x.Secret || x.Choice == nil && !x.List && !x.Dict && x.Kind >= KindWord {
		occurs = ` minOccurs="0"`
	}
	switch {
	case x.item != nil:
		w.line(indent, `<xs:element name="%s"%s>`, x.Name, occurs)
		w.line(indent+1, `<xs:complexType><xs:sequence><xs:element name="%s" type="%s" maxOccurs="unbounded"/></xs:sequence></xs:complexType>`, x.item.name, w.kind(x, loose))
		w.line(indent, `</xs:element>`)
		return
	case x.List:
		occurs = ` minOccurs="0" maxOccurs="unbounded"`
	}
	w.line(indent, `<xs:element name="%s" type="%s"%s/>`, x.Name, w.kind(x, loose), occurs)
}

// plainTypes are the types of values, by kind: XML's own, narrowed to how JSON writes
// them. Text is as it is.
var plainTypes = map[Kind]struct{ name, base, pattern string }{
	KindInt32:   {"int32", "xs:int", wholePattern},
	KindInt64:   {"int64", "xs:long", wholePattern},
	KindUint32:  {"uint32", "xs:unsignedInt", wholePattern},
	KindUint64:  {"uint64", "xs:unsignedLong", wholePattern},
	KindBool:    {"bool", "xs:boolean", "true|false"},
	KindBytes:   {"bytes", "xs:base64Binary", `[A-Za-z0-9+/=]*`},
	KindInstant: {"instant", "xs:dateTime", `\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+\-]\d{2}:\d{2})`},
}

const wholePattern = "0|-?[1-9][0-9]*"

// kind is the type of one value of x.
func (w *schema) kind(x *Member, loose bool) (name string) {
	switch {
	case x.Dict:
		w.types["map"] = w.dict
		return "map"
	case x.Kind == KindText:
		return "xs:string"
	case x.Kind == KindObject:
		return w.message(x.Sub, loose)
	case x.Kind == KindWord:
		name = string(x.Field.Enum().Name())
		w.types[name] = func() { w.words(name, x.Words) }
		return name
	}
	plain := plainTypes[x.Kind]
	w.types[plain.name] = func() {
		w.line(1, `<xs:simpleType name="%s"><xs:restriction base="%s"><xs:pattern value="%s"/></xs:restriction></xs:simpleType>`, plain.name, plain.base, plain.pattern)
	}
	return plain.name
}

func (w *schema) words(name string, v *Vocabulary) {
	w.line(1, `<xs:simpleType name="%s">`, name)
	w.line(2, `<xs:restriction base="xs:token">`)
	for _, word := range slices.Sorted(maps.Keys(v.numbers)) {
		w.line(3, `<xs:enumeration value="%s"/>`, word)
	}
	w.line(2, `</xs:restriction>`)
	w.line(1, `</xs:simpleType>`)
}

func (w *schema) dict() {
	w.line(1, `<xs:complexType name="map">`)
	w.line(2, `<xs:sequence>`)
	w.line(3, `<xs:element name="%s" minOccurs="0" maxOccurs="unbounded">`, entryElement.name)
	w.line(4, `<xs:complexType><xs:sequence><xs:element name="%s" type="xs:string"/><xs:element name="%s" type="xs:string"/></xs:sequence></xs:complexType>`, keyElement.name, valueElement.name)
	w.line(3, `</xs:element>`)
	w.line(2, `</xs:sequence>`)
	w.line(1, `</xs:complexType>`)
}
