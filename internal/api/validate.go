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
	"github.com/florinpay/florin/internal/wire"
)

// checker holds requests to the rules that the contract writes beside their fields.
type checker struct{ protovalidate.Validator }

// newChecker prepares the rules of all inputs, so that no request waits for it.
func newChecker(inputs []*wire.Shape) checker {
	messages := make([]protoreflect.MessageDescriptor, len(inputs))
	for i, s := range inputs {
		messages[i] = s.Message
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
	bad = bad[:min(len(bad), wire.PlacesMax)]
	return wire.Invalid(bad...)
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
	var path []wire.Step
	for _, e := range v.Proto.GetField().GetElements() {
		path = append(path, wire.Step{Name: e.GetFieldName()})
		switch subscript := e.GetSubscript().(type) {
		case *validate.FieldPathElement_Index:
			path = append(path, wire.Step{Index: int(subscript.Index), List: true})
		case *validate.FieldPathElement_StringKey:
			path = append(path, wire.Step{Name: subscript.StringKey, Own: true})
		}
	}
	return wire.Pointer(path)
}

// ruleCodes are our codes for protovalidate's rules, by the rule's name without
// the type before it.
var ruleCodes = map[string]string{
	"required": wire.CodeRequired, "pattern": wire.CodePattern, "email": wire.CodeInvalidEmail,
	"gt": wire.CodeTooSmall, "gte": wire.CodeTooSmall, "lt": wire.CodeTooLarge, "lte": wire.CodeTooLarge,
	"min_len": wire.CodeTooShort, "max_len": wire.CodeTooLong, "len": wire.CodePattern,
	"min_bytes": wire.CodeTooShort, "max_bytes": wire.CodeTooLong,
	"min_items": wire.CodeTooFew, "max_items": wire.CodeTooMany, "unique": wire.CodeDuplicateValue,
	"min_pairs": wire.CodeTooFew, "max_pairs": wire.CodeTooMany,
	"in": wire.CodeNotAllowed, "not_in": wire.CodeNotAllowed, "const": wire.CodeNotAllowed, "defined_only": wire.CodeUnknownValue,
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
		code, known = wire.CodeTooLarge, true
		if v.FieldValue.Int() <= v.RuleValue.Int() {
			code = wire.CodeTooSmall
		}
	}
	if !known {
		code = wire.CodeInvalidValue
	}
	if code == wire.CodeRequired || missing(v, code) {
		return wire.CodeRequired, "Must be given."
	}
	if code == wire.CodePattern {
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
		return value == "" && (code == wire.CodeTooShort || code == wire.CodePattern || code == wire.CodeInvalidEmail)
	case protoreflect.List:
		return value.Len() == 0 && code == wire.CodeTooFew
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
