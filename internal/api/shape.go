package api

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// contractPackage is the Protobuf package whose messages the door speaks.
const contractPackage = "florin.v1"

// shape is what a codec must know of one message. All shapes are built at start
// and never change.
type shape struct {
	message protoreflect.MessageDescriptor
	members []*member // by field number: the order of the output
	named   map[string]*member
	sparse  bool // zero members are left out
}

// member is one field of a shape.
type member struct {
	field    protoreflect.FieldDescriptor
	name     string
	label    []byte // `"name":`
	kind     kind
	list     bool
	dict     bool // map<string, string>
	presence bool // a scalar that is null when it was not given
	choice   protoreflect.OneofDescriptor
	secret   bool // debug_redact: never echoed, left out when empty
	words    *vocabulary
	sub      *shape
}

// kind is how a value is written.
type kind uint8

const (
	kindText kind = iota
	kindInt32
	kindInt64
	kindUint32
	kindUint64
	kindBool
	kindBytes
	kindWord
	kindInstant
	kindObject
)

// bit is the member's place in a [fieldSet].
func (x *member) bit() fieldSet { return 1 << x.field.Index() }

// fieldSet is a set of one message's fields.
type fieldSet uint64

const fieldsMax = 64 // of a message: a fieldSet has no more bits

type shapes map[protoreflect.FullName]*shape

// contractShapes builds the shapes of all messages of the contract. It panics on
// what the contract may not contain: floats, groups, foreign messages other than
// timestamps, maps of other than strings.
func contractShapes() shapes {
	all := shapes{}
	protoregistry.GlobalFiles.RangeFilesByPackage(contractPackage, func(f protoreflect.FileDescriptor) bool {
		for i := range f.Messages().Len() {
			all.add(f.Messages().Get(i))
		}
		return true
	})
	return all
}

func (all shapes) add(d protoreflect.MessageDescriptor) *shape {
	if s, ok := all[d.FullName()]; ok {
		return s
	}
	if d.ParentFile().Package() != contractPackage || d.Fields().Len() > fieldsMax {
		panic(fmt.Sprintf("api: message %s is not one that the door can speak", d.FullName()))
	}
	s := &shape{message: d, named: map[string]*member{}}
	s.sparse = d.Name() == "Problem"
	all[d.FullName()] = s // before its fields: a message may contain itself
	for i := range d.Fields().Len() {
		x := all.member(d.Fields().Get(i))
		s.members = append(s.members, x)
		s.named[x.name] = x
	}
	sortMembers(s.members)
	return s
}

func (all shapes) member(f protoreflect.FieldDescriptor) *member {
	x := &member{field: f, name: string(f.Name()), list: f.IsList(), dict: f.IsMap(), choice: f.ContainingOneof()}
	x.label = []byte(`"` + x.name + `":`)
	if x.choice != nil && x.choice.IsSynthetic() {
		x.choice = nil
	}
	x.presence = f.HasPresence() && x.choice == nil && f.Kind() != protoreflect.MessageKind
	if o, ok := f.Options().(*descriptorpb.FieldOptions); ok {
		x.secret = o.GetDebugRedact()
	}
	if x.dict {
		if f.MapKey().Kind() != protoreflect.StringKind || f.MapValue().Kind() != protoreflect.StringKind {
			panic("api: a map of other than strings: " + string(f.FullName()))
		}
		return x
	}
	x.kind = kindOf(f)
	switch x.kind {
	case kindWord:
		x.words = newVocabulary(f.Enum())
	case kindObject:
		x.sub = all.add(f.Message())
	}
	return x
}

func kindOf(f protoreflect.FieldDescriptor) kind {
	switch f.Kind() {
	case protoreflect.StringKind:
		return kindText
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return kindInt32
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return kindInt64
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return kindUint32
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return kindUint64
	case protoreflect.BoolKind:
		return kindBool
	case protoreflect.BytesKind:
		return kindBytes
	case protoreflect.EnumKind:
		return kindWord
	case protoreflect.MessageKind:
		if f.Message().FullName() == "google.protobuf.Timestamp" {
			return kindInstant
		}
		return kindObject
	}
	panic(fmt.Sprintf("api: %s is a %s; floats and groups are not spoken", f.FullName(), f.Kind()))
}

// vocabulary is an enum as words: the value's name in lower case without the
// enum's own name. The zero value has no word: it means absent.
type vocabulary struct {
	numbers map[string]protoreflect.EnumNumber
	words   map[protoreflect.EnumNumber]string
	allowed string // for the sentence that refuses another word
}

func newVocabulary(e protoreflect.EnumDescriptor) *vocabulary {
	v := &vocabulary{map[string]protoreflect.EnumNumber{}, map[protoreflect.EnumNumber]string{}, ""}
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
