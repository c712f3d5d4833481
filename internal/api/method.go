package api

import (
	"fmt"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// method is what the chain must know of one rpc. All are built at start.
type method struct {
	procedure string
	rule      *florinv1.Rule
	input     *shape
	output    *shape
	url       string    // of its first route
	secrets   []*member // fields of the request that may not be kept
}

// newMethod reads a method of the contract. It panics on one without a rule: who may call
// it must be said.
func newMethod(spec connect.Spec, all shapes) (*method, protoreflect.MethodDescriptor) {
	d, ok := spec.Schema.(protoreflect.MethodDescriptor)
	if !ok || spec.StreamType != connect.StreamTypeUnary {
		panic("api: not a unary method of the contract: " + spec.Procedure)
	}
	rule, _ := proto.GetExtension(d.Options(), florinv1.E_Rule).(*florinv1.Rule)
	if rule.GetScope() == "" {
		panic("api: the method has no rule: " + spec.Procedure)
	}
	m := &method{
		procedure: spec.Procedure, rule: rule,
		input: all[d.Input().FullName()], output: all[d.Output().FullName()],
	}
	if m.input == nil || m.output == nil {
		panic("api: the method's messages are not the contract's: " + spec.Procedure)
	}
	m.secrets = secretsOf(m.input)
	return m, d
}

// secretsOf are the secret fields of a request. A method that takes an
// idempotency key digests them by name, so they must be plain strings at the top.
func secretsOf(s *shape) []*member {
	var found []*member
	for _, x := range s.members {
		switch {
		case x.secret && (x.kind != kindText || x.list || x.dict):
			panic(fmt.Sprintf("api: the secret field %s is not a plain string", x.field.FullName()))
		case x.secret:
			found = append(found, x)
		case x.sub != nil && len(secretsOf(x.sub)) > 0:
			panic(fmt.Sprintf("api: a secret field lies below %s", x.field.FullName()))
		}
	}
	return found
}
