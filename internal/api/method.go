package api

import (
	"fmt"
	"github.com/florinpay/florin/internal/wire"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// method is what the chain must know of one rpc. All are built at start.
type method struct {
	procedure string
	service   string // full name of the method's service
	rule      *florinv1.Rule
	input     *wire.Shape
	output    *wire.Shape
	url       string         // of its first route
	stream    bool           // it answers with more than one message
	pages     bool           // its answer is a page of a list
	secrets   []*wire.Member // fields of the request that may not be kept
}

// newMethod reads a method of the contract. It panics on one without a rule: who may call
// it must be said.
func newMethod(spec connect.Spec, all wire.Shapes) (*method, protoreflect.MethodDescriptor) {
	d, ok := spec.Schema.(protoreflect.MethodDescriptor)
	if !ok || spec.StreamType != connect.StreamTypeUnary && spec.StreamType != connect.StreamTypeServer {
		panic("api: not a method of the contract with one request: " + spec.Procedure)
	}
	rule, _ := proto.GetExtension(d.Options(), florinv1.E_Rule).(*florinv1.Rule)
	if rule.GetScope() == "" {
		panic("api: the method has no rule: " + spec.Procedure)
	}
	m := &method{
		procedure: spec.Procedure, service: string(d.Parent().FullName()), rule: rule,
		input: all[d.Input().FullName()], output: all[d.Output().FullName()], stream: spec.StreamType != connect.StreamTypeUnary,
	}
	if m.input == nil || m.output == nil {
		panic("api: the method's messages are not the contract's: " + spec.Procedure)
	}
	m.secrets, m.pages = secretsOf(m.input), !m.stream && pagesOf(m.output)
	return m, d
}

// secretsOf are the secret fields of a request. A method that takes an
// idempotency key digests them by name, so they must be plain strings at the top.
func secretsOf(s *wire.Shape) []*wire.Member {
	var found []*wire.Member
	for _, x := range s.Members {
		switch {
		case x.Secret && (x.Kind != wire.KindText || x.List || x.Dict):
			panic(fmt.Sprintf("api: the secret field %s is not a plain string", x.Field.FullName()))
		case x.Secret:
			found = append(found, x)
		case x.Sub != nil && len(secretsOf(x.Sub)) > 0:
			panic(fmt.Sprintf("api: a secret field lies below %s", x.Field.FullName()))
		}
	}
	return found
}
