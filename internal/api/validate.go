package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/fault"
)

// checker holds requests to the rules that the contract writes beside their fields.
type checker struct{ protovalidate.Validator }

// newChecker prepares the rules of all inputs, so that no request waits for it.
func newChecker(inputs []*shape) checker {
	messages := make([]protoreflect.MessageDescriptor, len(inputs))
	for i, s := range inputs {
		messages[i] = s.message
	}
	v, err := protovalidate.New(protovalidate.WithMessageDescriptors(messages...), protovalidate.WithDisableLazy())
	if err != nil {
		panic("api: the contract's rules do not compile: " + err.Error()) // a mistake of the build
	}
	return checker{v}
}

// check is nil for a message that keeps the rules. Error: fault.ErrInvalid with
// every bad place.
func (c checker) check(m proto.Message) error {
	err := c.Validate(m)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[*protovalidate.ValidationError](err)
	if !ok {
		return fmt.Errorf("api: rules of %s: %w", m.ProtoReflect().Descriptor().FullName(), err)
	}
	var bad []fault.Field
	for _, violation := range broken.Violations {
		code, detail := explain(violation)
		bad = append(bad, fault.Field{Pointer: violated(violation), Code: code, Detail: detail})
	}
	// Maps are walked in no order; the same request gets the same answer.
	slices.SortStableFunc(bad, func(a, b fault.Field) int { return strings.Compare(a.Pointer, b.Pointer) })
	bad = bad[:min(len(bad), fieldsReported)]
	return invalid(bad...)
}

// validate checks each request after it is decoded and before its handler sees it.
func (s *Server) validate(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		return next(ctx, spec, validStream{stream, s.check, s.methods[spec.Procedure]})
	}
}

type validStream struct {
	connect.ServerStream
	checker checker
	method  *method
}

// Receive implements [connect.ServerStream].
func (v validStream) Receive(msg any) error {
	if err := v.ServerStream.Receive(msg); err != nil {
		return err
	}
	if err := v.checker.check(msg.(proto.Message)); err != nil {
		return err
	}
	return misplaced(v.method, msg.(proto.Message))
}

// violated is the place of a violation as a JSON pointer.
func violated(v *protovalidate.Violation) string {
	var path []step
	for _, e := range v.Proto.GetField().GetElements() {
		path = append(path, step{name: e.GetFieldName()})
		switch subscript := e.GetSubscript().(type) {
		case *validate.FieldPathElement_Index:
			path = append(path, step{index: int(subscript.Index), list: true})
		case *validate.FieldPathElement_StringKey:
			path = append(path, step{name: subscript.StringKey, own: true})
		}
	}
	return pointerOf(path)
}

// ruleCodes are our codes for protovalidate's rules, by the rule's name without
// the type before it.
var ruleCodes = map[string]string{
	"required": codeRequired, "pattern": codePattern, "email": codeInvalidEmail,
	"gt": codeTooSmall, "gte": codeTooSmall, "lt": codeTooLarge, "lte": codeTooLarge,
	"min_len": codeTooShort, "max_len": codeTooLong, "len": codePattern,
	"min_bytes": codeTooShort, "max_bytes": codeTooLong,
	"min_items": codeTooFew, "max_items": codeTooMany, "unique": codeDuplicateValue,
	"min_pairs": codeTooFew, "max_pairs": codeTooMany,
	"in": codeNotAllowed, "not_in": codeNotAllowed, "const": codeNotAllowed, "defined_only": codeUnknownValue,
}

// explain gives the code and the sentence for a violation. The sentence tells
// the rule and never the value.
func explain(v *protovalidate.Violation) (code, detail string) {
	rule := v.Proto.GetRuleId()
	if _, name, typed := strings.Cut(rule, "."); typed {
		rule = name
	}
	code, known := ruleCodes[rule]
	if strings.Contains(rule, "_lt") { // a range: which end?
		code, known = codeTooLarge, true
		if v.FieldValue.Int() <= v.RuleValue.Int() {
			code = codeTooSmall
		}
	}
	if !known {
		code = codeInvalidValue
	}
	if missing(v, code) {
		return codeRequired, "Must be given."
	}
	if code == codePattern {
		return code, "Must match " + v.RuleValue.String() + "."
	}
	return code, sentence(v.Proto.GetMessage())
}

// missing reports whether an empty value breaks a rule that no empty value can keep.
func missing(v *protovalidate.Violation, code string) bool {
	if v.Proto.GetForKey() || !v.FieldValue.IsValid() {
		return false
	}
	switch value := v.FieldValue.Interface().(type) {
	case string:
		return value == "" && (code == codeTooShort || code == codePattern || code == codeInvalidEmail)
	case protoreflect.List:
		return value.Len() == 0 && code == codeTooFew
	}
	return false
}

// sentence makes one of a rule's own words.
func sentence(words string) string {
	words = strings.TrimPrefix(words, "value ")
	if words == "" {
		return "The value is not valid."
	}
	return strings.ToUpper(words[:1]) + words[1:] + "."
}
