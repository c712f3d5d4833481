package openapi

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	florinv1 "github.com/florinpay/florin/gen/florin/v1"
)

// parts are the components: messages of streams, their schemas, and how to be let in.
func (n *newsletter) parts(stream, hooks bool) tree {
	t := tree{}
	messages, payloads := tree{}, tree{}
	shape := n.door.Shapes[(&florinv1.Event{}).ProtoReflect().Descriptor().FullName()]
	if stream || hooks {
		event := n.shape(shape, form{answer: true})
		for _, e := range n.events {
			messages.set(e.Name, n.message(e))
			payloads.set(e.Name, e.payload(event))
		}
	}
	if stream {
		t.set("securitySchemes", n.schemes())
		t.set("messages", messages)
	}
	if hooks {
		t.set("messageTraits", of("signed", tree{{"description", signing}}))
		payloads.set("WebhookHeaders", signed)
	}
	for name, schema := range n.schemas {
		payloads.set(name, schema)
	}
	slices.SortFunc(payloads, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return t.with("schemas", payloads)
}

func (n *newsletter) schemes() tree {
	t := of(bearer, tree{
		{"type", "http"}, {"scheme", "bearer"},
		{"description", "An API key, such as fl_sandbox_…, with the scope events:read."},
	})
	if n.issuer != "" {
		t.set(token, tree{
			{"type", "oauth2"},
			{"description", "An access token of this server's OAuth 2.1 with the scope events:read: a client's own. What else the server's OAuth can do says /.well-known/oauth-authorization-server."},
			{"flows", of("clientCredentials", tree{
				{"tokenUrl", strings.TrimSuffix(n.issuer, "/") + "/oauth/token"},
				{"availableScopes", of("events:read", "Read the merchant's events.")},
			})},
			{"scopes", []string{"events:read"}},
		})
	}
	return t
}

// message is one type of events.
func (n *newsletter) message(e Event) tree {
	t := tree{
		{"name", e.Name}, {"title", e.Name}, {"summary", e.When}, {"contentType", "application/json"},
		{"tags", []tree{of("name", e.about())}},
		{"payload", reference("schemas", e.Name)},
	}
	if example := n.example(e); example != nil {
		t.set("examples", []tree{{{"name", strings.ReplaceAll(e.Name, ".", "_")}, {"payload", example}}})
	}
	return t
}

// payload narrows the schema of an event to those of one type.
func (e Event) payload(event string) tree {
	data := tree{{"type", "object"}, {"required", []string{e.Noun}}}
	return of("description", e.When).with("allOf", []tree{
		reference("schemas", event),
		{{"type", "object"}, {"properties", tree{
			{"type", of("const", e.Name)},
			{"data", of("anyOf", []tree{data, of("type", "null")})},
		}}},
	})
}

// Source: the Standard Webhooks specification.
const signing = `Signed as the Standard Webhooks specification says: over ` + "`webhook-id`" + `, ` + "`webhook-timestamp`" + ` and the body, with dots between. The key of a ` + "`v1`" + `
signature is the endpoint's secret (HMAC with SHA-256), of a ` + "`v1a`" + ` signature its public key (Ed25519).`

// signed are the headers of a webhook.
var signed = tree{
	{"type", "object"}, {"required", []string{"webhook-id", "webhook-timestamp", "webhook-signature"}},
	{"properties", tree{
		{"webhook-id", tree{{"type", "string"}, {"description", "Names the message: the same each time that it comes. Take each once."}}},
		{"webhook-timestamp", tree{{"type", "string"}, {"pattern", "^[0-9]+$"}, {"description", "When this attempt was signed, in seconds since 1970. Refuse what is more than five minutes off."}}},
		{"webhook-signature", tree{{"type", "string"}, {"pattern", "^v1a?,[A-Za-z0-9+/=]+( v1a?,[A-Za-z0-9+/=]+)*$"}, {"description", "Signatures with spaces between: one that is right is enough."}}},
	}},
}

// answeredBy are operations whose answer is what an event of that type carries.
var answeredBy = map[string]string{
	"api_key.created": "createApiKey", "api_key.revoked": "revokeApiKey", "card.created": "createCard",
	"dispute.accepted": "acceptDispute", "dispute.under_review": "contestDispute", "grant.revoked": "revokeGrant",
	"payer.created": "createPayer", "payment.canceled": "cancelPayment", "quote.created": "createQuote",
	"wallet.created": "createWallet", "wallet.limited": "limitWallet", "wallet.sent": "sendFromWallet",
}

// example is an event of a type, of what was sent and seen: the one that getEvent answers,
// or its envelope around what another operation answered. nil: nothing of it was seen.
func (n *newsletter) example(e Event) any {
	if len(examples["getEvent"].Answer) == 0 {
		return nil
	}
	seen := &florinv1.Event{}
	n.decode("getEvent", seen)
	if operation := answeredBy[e.Name]; seen.Type != e.Name {
		if len(examples[operation].Answer) == 0 {
			return nil
		}
		data := (&florinv1.EventData{}).ProtoReflect()
		field := data.Descriptor().Fields().ByName(protoreflect.Name(e.Noun))
		about := data.Mutable(field).Message()
		n.decode(operation, about.Interface())
		blank(about)
		seen.Type, seen.Data = e.Name, data.Interface().(*florinv1.EventData)
	}
	seen.Related = n.related(seen.Data)
	return ordered(n.door.Shapes.EncodeJSON(nil, seen))
}

func (n *newsletter) decode(operation string, m proto.Message) {
	if err := n.door.Shapes.DecodeJSON(examples[operation].Answer, m, 0); err != nil {
		panic(fmt.Sprintf("openapi: examples.json: %s: %v", operation, err))
	}
}

// blank takes the secrets out: an event tells of none.
func blank(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if options, is := f.Options().(*descriptorpb.FieldOptions); is && options.GetDebugRedact() {
			m.Clear(f)
		}
		return true
	})
}

// related names the object in data, and where it is read.
func (n *newsletter) related(data *florinv1.EventData) *florinv1.EventRelated {
	m := data.ProtoReflect()
	field := m.WhichOneof(m.Descriptor().Oneofs().ByName("object"))
	object := m.Get(field).Message()
	key := object.Get(object.Descriptor().Fields().ByName("id")).String()
	r := &florinv1.EventRelated{Id: key, Type: string(field.Name())}
	for i := range n.door.Operations {
		o := &n.door.Operations[i]
		if o.Verb == "GET" && o.Again == 0 && len(o.Params) == 1 && o.Output != nil && o.Output.Message == object.Descriptor() && strings.HasSuffix(o.URL, "/{id}") {
			r.Url = strings.TrimSuffix(o.URL, "{id}") + key
		}
	}
	return r
}

func deprecated(f protoreflect.FieldDescriptor) bool {
	options, is := f.Options().(*descriptorpb.FieldOptions)
	return is && options.GetDeprecated()
}
