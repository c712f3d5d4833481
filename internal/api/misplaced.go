package api

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// codeCardMisplaced: a text outside the card fields holds what looks like a card
// number. It would be stored and shown in the clear, so it is refused.
const codeCardMisplaced = "card_number_misplaced"

const cardMisplaced = "This looks like a card number, which belongs in card_number only. If it is none, put a letter between its digits."

// misplaced names every text of m that holds a card number outside the fields made
// for one. Only texts that will be kept are looked at.
func misplaced(method *method, m proto.Message) error {
	if !strings.HasSuffix(method.rule.Scope, ":write") {
		return nil
	}
	var bad []fault.Field
	report := func(pointer string) {
		bad = append(bad, fault.Field{Pointer: pointer, Code: codeCardMisplaced, Detail: cardMisplaced})
	}
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if method.secret(f) {
			return true
		}
		place := "/" + string(f.Name())
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, x protoreflect.Value) bool {
				if holdsCard(k.String()) || f.MapValue().Kind() == protoreflect.StringKind && holdsCard(x.String()) {
					report(place)
					return false
				}
				return true
			})
		case f.Kind() != protoreflect.StringKind:
		case f.IsList():
			for i := range v.List().Len() {
				if holdsCard(v.List().Get(i).String()) {
					report(place)
					break
				}
			}
		case holdsCard(v.String()):
			report(place)
		}
		return true
	})
	if len(bad) > 0 {
		return wire.Invalid(bad...)
	}
	return nil
}

func (m *method) secret(f protoreflect.FieldDescriptor) bool {
	for _, x := range m.secrets {
		if x.Field == f {
			return true
		}
	}
	return false
}

// digitsMin is the length of the shortest card number.
const digitsMin = 13

// holdsCard reports whether a run of digits in s, with single spaces or dashes
// between them or without, is a card number. UUIDs are looked past, and a run that
// touches a letter is part of something longer, such as a hash: random keys must never
// be refused.
func holdsCard(s string) bool {
	if len(s) < digitsMin {
		return false
	}
	s = withoutUUIDs(s)
	for i := 0; i < len(s); {
		end, digits := wire.DigitRun(s, i)
		if digits >= digitsMin && (i == 0 || !joins(s[i-1])) && (end == len(s) || !joins(s[end])) {
			run := s[i:end]
			if cardNumber(run) {
				return true
			}
			for _, group := range strings.FieldsFunc(run, func(c rune) bool { return c == ' ' || c == '-' }) {
				if len(group) >= digitsMin && cardNumber(group) {
					return true
				}
			}
		}
		i = max(end, i+1)
	}
	return false
}

// joins reports whether c, beside a run of digits, makes it part of a longer word.
func joins(c byte) bool {
	return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

const uuidLen = 36

// withoutUUIDs replaces every UUID in its usual form (RFC 9562 §4) by a letter.
func withoutUUIDs(s string) string {
	for i := 0; i+uuidLen <= len(s); i++ {
		if s[i+8] == '-' && isUUID(s[i:i+uuidLen]) {
			s = s[:i] + "u" + s[i+uuidLen:]
		}
	}
	return s
}

func isUUID(s string) bool {
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
				return false
			}
		}
	}
	return true
}
