package openapi

import (
	"net/url"
	"slices"
	"strings"
)

// Event is a type of events that a door tells of by itself.
type Event struct {
	Name string // such as "payment.succeeded"
	Noun string // the field of EventData that it carries
	When string // when it happens
}

// DescribeEvents describes what a door tells of by itself, in AsyncAPI 3.0: the events, and
// the ways on which they come. Issuer is where the door's OAuth is, "" for none; events are
// all types that there are. Like [Describe] it tells only of what is routed, and panics on
// what it cannot tell of.
func DescribeEvents(d Door, issuer string, events []Event) Document {
	n := newsletter{writer{door: d, schemas: map[string]tree{}, refusals: map[int]bool{}}, issuer, events}
	root := n.document()
	return Document{root.asJSON(), root.asYAML()}
}

// newsletter writes that document.
type newsletter struct {
	writer
	issuer string
	events []Event
}

const aboutEvents = `Florin tells of every change as an event: a numbered fact, written in the same commit as its cause. Events come in three ways:
to a URL of the merchant's own (webhooks), and on a stream that a program opens, as server-sent events or over a WebSocket.

All ways carry the same events, as JSON. ` + "`type`" + ` says what happened and ` + "`data`" + ` holds the object as it was right after the event, in a field of
the object's name. In the **thin** form, which an endpoint of webhooks can ask for, ` + "`data`" + ` is null and ` + "`related`" + ` names the object: read it at
` + "`related.url`" + ` as it is now.

An event may come more than once, and those of different objects in any order: ` + "`id`" + ` is the event's own, and a higher ` + "`sequence`" + ` is a later
event. New types, and new fields in events, may be added. A filter by types takes names and whole nouns: ` + "`payment.*`" + `.

The other half of the API, which programs call, is at /openapi.json.`

const (
	methodStream  = "/florin.v1.EventService/StreamEvents"
	methodWebhook = "/florin.v1.WebhookService/CreateWebhookEndpoint"
)

// routed is the operation of a method at its first URL, nil if the door has none.
func (n *newsletter) routed(procedure string) *Operation {
	i := slices.IndexFunc(n.door.Operations, func(o Operation) bool { return o.Procedure == procedure && o.Again == 0 })
	if i < 0 {
		return nil
	}
	return &n.door.Operations[i]
}

func (n *newsletter) document() tree {
	stream, hooks := n.routed(methodStream), n.routed(methodWebhook) != nil
	servers, channels, operations := tree{}, tree{}, tree{}
	if hooks {
		servers.set("endpoint", endpoint)
		channels.set("webhook", n.webhook())
		operations.set("deliverWebhook", tree{
			{"action", "send"}, {"channel", pointer("channels", "webhook")}, {"title", "Deliver an event"},
			{"summary", "Florin posts an event to the merchant's URL."},
			{"description", "An answer of 2xx takes it, whatever its body says. After any other, or none in time, the event comes again later; after a 410 the endpoint is disabled. Check the signature before anything else."},
			{"bindings", of("http", tree{{"method", "POST"}, {"bindingVersion", "0.3.0"}})},
		})
	}
	if stream != nil {
		n.streams(stream, &servers, &channels, &operations)
	}
	return tree{
		{"asyncapi", "3.0.0"},
		{"info", tree{
			{"title", "Florin's events"},
			{"version", n.door.Version},
			{"description", aboutEvents},
			{"contact", tree{{"name", "Florin"}, {"url", home}}},
			{"license", tree{{"name", "Apache License 2.0"}, {"url", "https://www.apache.org/licenses/LICENSE-2.0"}}},
			{"tags", n.nouns()},
		}},
		{"defaultContentType", "application/json"},
		{"servers", servers},
		{"channels", channels},
		{"operations", operations},
		{"components", n.parts(stream != nil, hooks)},
	}
}

// nouns are the tags of the messages: what events are about.
func (n *newsletter) nouns() []tree {
	var list []tree
	for _, e := range n.events {
		if noun := e.about(); !slices.ContainsFunc(list, func(t tree) bool { return t[0].value == noun }) {
			list = append(list, of("name", noun))
		}
	}
	return list
}

// about is the noun in front of the dot.
func (e Event) about() string { noun, _, _ := strings.Cut(e.Name, "."); return noun }

// endpoint is where webhooks go to.
var endpoint = tree{
	{"host", "{endpoint}"}, {"protocol", "https"},
	{"description", "The host of the URL that the merchant gave with POST /v1/webhook_endpoints."},
	{"variables", of("endpoint", tree{{"default", "shop.example"}, {"description", "The merchant's host, with a port if it is not 443."}})},
}

// webhook is the channel of what is posted to the merchant.
func (n *newsletter) webhook() tree {
	messages := tree{}
	for _, e := range n.events {
		messages.set(e.Name, of("traits", []tree{reference("messageTraits", "signed")}).with("headers", reference("schemas", "WebhookHeaders")).and(n.message(e)))
	}
	return tree{
		{"address", "{path}"}, {"title", "Webhooks"},
		{"description", "A URL of the merchant's. It gets the events of the types that it asked for, all if it asked for none, whole or thin."},
		{"servers", []tree{pointer("servers", "endpoint")}},
		{"parameters", of("path", tree{{"description", "The path of the merchant's URL."}, {"default", "/florin"}})},
		{"messages", messages},
	}
}

// streams adds the two forms of the stream: one URL, one query, the same messages.
func (n *newsletter) streams(o *Operation, servers, channels, operations *tree) {
	at, secure := n.host()
	query := n.streamQuery(o)
	for _, x := range []struct{ server, protocol, channel, operation, title, about string }{
		{"http", "http", "eventStream", "sendEvents", "Server-sent events",
			"GET with `Accept: text/event-stream` (WHATWG HTML §9.2). Each event is one message of the stream, its data the event as JSON. The stream has no end; after a break begin the next one after the last event that came."},
		{"ws", "ws", "eventSocket", "sendEventsToSocket", "WebSocket",
			"The same URL, opened as a WebSocket (RFC 6455). Each event is one text message. The stream has no end; after a break begin the next one after the last event that came."},
	} {
		protocol := x.protocol
		if secure {
			protocol += "s"
		}
		servers.set(x.server, at.and(tree{{"protocol", protocol}, {"description", "The server that this document comes from."}}))
		channel := tree{
			{"address", o.URL}, {"title", x.title}, {"description", x.about},
			{"servers", []tree{pointer("servers", x.server)}}, {"messages", n.mentioned()},
		}
		operation := tree{
			{"action", "send"}, {"channel", pointer("channels", x.channel)}, {"title", "Send events"},
			{"summary", "Florin sends the merchant's events in the order of their numbers, and goes on as they happen."},
			{"security", n.security()},
		}
		if x.server == "ws" {
			channel.set("bindings", of("ws", tree{{"method", "GET"}, {"query", query}, {"bindingVersion", "0.1.0"}}))
		} else {
			operation.set("bindings", of("http", tree{{"method", "GET"}, {"query", query}, {"bindingVersion", "0.3.0"}}))
		}
		channels.set(x.channel, channel)
		operations.set(x.operation, operation)
	}
}

// host is where the door is, and whether by TLS: its issuer says so, or nobody knows.
func (n *newsletter) host() (t tree, secure bool) {
	if u, err := url.Parse(n.issuer); err == nil && u.Host != "" {
		return of("host", u.Host), u.Scheme == "https"
	}
	return tree{
		{"host", "{server}"},
		{"variables", of("server", tree{{"default", "localhost:8080"}, {"description", "Host and port of the server."}})},
	}, false
}

// streamQuery is the schema of the query of a stream.
func (n *newsletter) streamQuery(o *Operation) tree {
	properties := tree{}
	for _, x := range o.Query {
		t := n.queried(x)
		if about := comment(x.Field.FullName()); about != "" {
			t = append(of("description", about), t...)
		}
		if deprecated(x.Field) {
			t = t.with("deprecated", true)
		}
		properties.set(x.Name, t)
	}
	return tree{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}}
}

// mentioned points to all messages.
func (n *newsletter) mentioned() tree {
	t := tree{}
	for _, e := range n.events {
		t.set(e.Name, reference("messages", e.Name))
	}
	return t
}

// security are the ways to be let in: any of them will do.
func (n *newsletter) security() []tree {
	list := []tree{reference("securitySchemes", bearer)}
	if n.issuer != "" {
		list = append(list, reference("securitySchemes", token))
	}
	return list
}

// pointer refers to a part of the document that is no component.
func pointer(kind, name string) tree { return of("$ref", "#/"+kind+"/"+name) }
