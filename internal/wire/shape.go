package wire

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// contractPackage is the Protobuf package whose messages the door speaks.
const contractPackage = "florin.v1"

// Shape is what a codec must know of one message. All shapes are built at start
// and never change.
type Shape struct {
	Message protoreflect.MessageDescriptor
	Members []*Member // by field number: the order of the output
	Named   map[string]*Member
	sparse  bool // zero members are left out: problems

	numbered []*Member // by field number; nil where there is none
	root     element   // in XML
	space    string    // namespace in XML
}

// at is the member of a field number, or nil.
func (s *Shape) at(n protoreflect.FieldNumber) *Member {
	if int64(n) < int64(len(s.numbered)) {
		return s.numbered[n]
	}
	return nil
}

// Member is one field of a shape.
type Member struct {
	Field    protoreflect.FieldDescriptor
	Name     string
	label    []byte // `"name":`
	Kind     Kind
	List     bool
	Dict     bool // map<string, string>
	Presence bool // a scalar that is null when it was not given
	Choice   protoreflect.OneofDescriptor
	Secret   bool // debug_redact: never echoed, left out when empty
	Words    *Vocabulary
	Sub      *Shape

	index   int      // in the descriptor
	rivals  FieldSet // members of the same oneof, itself included
	element element  // in XML
	item    *element // in XML, of a list whose items stand inside its element; nil: the element repeats
}

// Kind is how a value is written.
type Kind uint8

// The kinds. A word is an enum's value; an instant is a google.protobuf.Timestamp.
const (
	KindText Kind = iota
	KindInt32
	KindInt64
	KindUint32
	KindUint64
	KindBool
	KindBytes
	KindWord
	KindInstant
	KindObject
)

// Bit is the member's place in a [FieldSet].
func (x *Member) Bit() FieldSet { return 1 << x.index }

// FieldSet is a set of one message's fields.
type FieldSet uint64

// Limits of one message.
const (
	fieldsMax = 64   // a FieldSet has no more bits
	numberMax = 1000 // of a field: shapes hold a table of them
)

// Shapes are the shapes of all messages, by their full names.
type Shapes map[protoreflect.FullName]*Shape

// ContractShapes builds the shapes of all messages of the contract. It panics on
// what the contract may not contain: floats, groups, zigzag and fixed numbers, foreign
// messages other than timestamps, maps of other than strings.
func ContractShapes() Shapes {
	all := Shapes{}
	protoregistry.GlobalFiles.RangeFilesByPackage(contractPackage, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Messages().Len() {
			all.add(f.Messages().Get(i))
		}
		return true
	})
	return all
}

func (all Shapes) add(d protoreflect.MessageDescriptor) *Shape {
	if s, ok := all[d.FullName()]; ok {
		return s
	}
	if d.ParentFile().Package() != contractPackage || d.Fields().Len() > fieldsMax {
		panic(fmt.Sprintf("api: message %s is not one that the door can speak", d.FullName()))
	}
	s := &Shape{Message: d, Named: map[string]*Member{}}
	s.sparse = d.Name() == "Problem"
	s.nameRoot()
	all[d.FullName()] = s // before its fields: a message may contain itself
	for i := range d.Fields().Len() {
		x := all.member(d.Fields().Get(i))
		s.Members = append(s.Members, x)
		s.Named[x.Name] = x
		if s.sparse && x.List {
			x.item = &problemItem
		}
	}
	sortMembers(s.Members)
	s.number()
	return s
}

// number makes the table of field numbers.
func (s *Shape) number() {
	if len(s.Members) == 0 {
		return
	}
	last := s.Members[len(s.Members)-1].Field.Number()
	if last > numberMax {
		panic(fmt.Sprintf("api: the field numbers of %s are too large", s.Message.FullName()))
	}
	s.numbered = make([]*Member, last+1)
	for _, x := range s.Members {
		s.numbered[x.Field.Number()] = x
	}
}

func (all Shapes) member(f protoreflect.FieldDescriptor) *Member {
	x := &Member{Field: f, Name: string(f.Name()), List: f.IsList(), Dict: f.IsMap(), Choice: f.ContainingOneof(), index: f.Index()}
	x.label, x.element = []byte(`"`+x.Name+`":`), newElement(x.Name)
	if x.Choice != nil && x.Choice.IsSynthetic() {
		x.Choice = nil
	}
	for i := 0; x.Choice != nil && i < x.Choice.Fields().Len(); i++ {
		x.rivals |= 1 << x.Choice.Fields().Get(i).Index()
	}
	x.Presence = f.HasPresence() && x.Choice == nil && f.Kind() != protoreflect.MessageKind
	if o, ok := f.Options().(*descriptorpb.FieldOptions); ok {
		x.Secret = o.GetDebugRedact()
	}
	if x.Dict {
		if f.MapKey().Kind() != protoreflect.StringKind || f.MapValue().Kind() != protoreflect.StringKind {
			panic("api: a map of other than strings: " + string(f.FullName()))
		}
		return x
	}
	x.Kind = kindOf(f)
	switch x.Kind {
	case KindWord:
		x.Words = newVocabulary(f.Enum())
	case KindObject:
		x.Sub = all.add(f.Message())
	}
	return x
}

func kindOf(f protoreflect.FieldDescriptor) Kind {
	switch f.Kind() {
	case protoreflect.StringKind:
		return KindText
	case protoreflect.Int32Kind:
		return KindInt32
	case protoreflect.Int64Kind:
		return KindInt64
	case protoreflect.Uint32Kind:
		return KindUint32
	case protoreflect.Uint64Kind:
		return KindUint64
	case protoreflect.BoolKind:
		return KindBool
	case protoreflect.BytesKind:
		return KindBytes
	case protoreflect.EnumKind:
		return KindWord
	case protoreflect.MessageKind:
		if f.Message().FullName() == "google.protobuf.Timestamp" {
			return KindInstant
		}
		return KindObject
	}
	panic(fmt.Sprintf("api: %s is a %s; floats, groups, zigzag and fixed numbers are not spoken", f.FullName(), f.Kind()))
}

// Vocabulary is an enum as words: the value's name in lower case without the
// enum's own name. The zero value has no word: it means absent.
type Vocabulary struct {
	numbers map[string]protoreflect.EnumNumber
	words   map[protoreflect.EnumNumber]string
	allowed string // for the sentence that refuses another word
}

func newVocabulary(e protoreflect.EnumDescriptor) *Vocabulary {
	v := &Vocabulary{map[string]protoreflect.EnumNumber{}, map[protoreflect.EnumNumber]string{}, ""}
	prefix := screamingSnake(string(e.Name())) + "_"
	var words []string
	for i := range e.Values().Len() {
		value := e.Values().Get(i)
		if value.Number() == 0 {
			continue
		}
		word := strings.ToLower(strings.TrimPrefix(string(value.Name()), prefix))
		v.numbers[word], v.words[value.Number()] = value.Number(), word
		words = append(words, word)
	}
	v.allowed = strings.Join(words, ", ")
	return v
}

// screamingSnake writes PaymentStatus as PAYMENT_STATUS.
func screamingSnake(name string) string {
	var out strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' {
			out.WriteByte('_')
		}
		out.WriteRune(c)
	}
	return strings.ToUpper(out.String())
}

func sortMembers(list []*Member) {
	slices.SortFunc(list, func(a, b *Member) int { return cmp.Compare(a.Field.Number(), b.Field.Number()) })
}
