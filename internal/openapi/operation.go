package openapi

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/internal/wire"
)

// method is the full name of the operation's method.
func (o *Operation) method() protoreflect.FullName {
	return protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(o.Procedure, "/"), "/", "."))
}

func (o *Operation) probe() bool { return o.Procedure == "" }

// id is the operation's name: of its method, and which of the method's URLs it is.
func (o *Operation) id() string {
	if o.probe() {
		return strings.TrimSuffix(strings.TrimPrefix(o.URL, "/"), "z") + "Probe"
	}
	name := string(o.method().Name())
	name = strings.ToLower(name[:1]) + name[1:]
	if o.Again > 0 {
		name += "Alias"
	}
	if o.Again > 1 {
		name += strconv.Itoa(o.Again)
	}
	return name
}

func (o *Operation) tag() string {
	if o.probe() {
		return probeTag
	}
	return strings.TrimSuffix(string(o.method().Parent().Name()), "Service")
}

// service says what the operation's tag is about.
func (o *Operation) service() string {
	if o.probe() {
		return "Whether the server is well, for machines that ask every few seconds."
	}
	return sentence(o.method().Parent())
}

func (w *writer) operation(o *Operation) tree {
	if o.probe() {
		return w.probe(o)
	}
	summary, _, _ := strings.Cut(sentence(o.method()), ".")
	t := tree{
		{"operationId", o.id()},
		{"tags", []string{o.tag()}},
		{"summary", summary},
		{"description", o.description()},
		{"x-florin-scope", o.Scope},
		{"security", []tree{of(bearer, []string{o.Scope}), of(token, []string{o.Scope})}},
	}
	if parameters := w.parameters(o); len(parameters) > 0 {
		t.set("parameters", parameters)
	}
	if o.Body {
		t.set("requestBody", w.body(o))
	}
	responses := of("200", w.answer(o))
	for _, k := range kinds {
		if k.when(o) {
			w.refusals[k.status] = true
			responses.set(strconv.Itoa(k.status), reference("responses", k.name))
		}
	}
	return t.with("responses", responses)
}

func (o *Operation) description() string {
	s := sentence(o.method()) + "\n\nNeeds a key or an access token with the scope `" + o.Scope + "`."
	if o.ByGrant {
		s += " By a payer's grant it reaches what is that payer's own, or was made by that grant."
	}
	switch {
	case o.MovesMoney:
		s += " Moves money: an Idempotency-Key is honoured, and required in live mode."
	case o.Creates:
		s += " An Idempotency-Key is honoured."
	}
	switch {
	case o.Endless:
		s += " It goes on for as long as it is read: as server-sent events, as lines of JSON, or as a WebSocket, for which the request asks to upgrade. See /docs/events."
	case len(o.Series) > 0:
		s += " The answer is written as it is read, however long it is; one that fails midway breaks off."
	}
	if o.Again > 0 {
		s += " The same as the operation `" + (&Operation{Procedure: o.Procedure}).id() + "`, at a shorter URL."
	}
	return s
}

// probe describes the two URLs that are answered without a key.
func (w *writer) probe(o *Operation) tree {
	summary, description := "Says whether the process answers", "Answers 200 as long as the process runs."
	if strings.HasPrefix(o.URL, "/ready") {
		summary, description = "Says whether requests are taken", "Answers 503 while the server stops, its database does not answer or its vault is sealed."
	}
	w.refusals[500], w.refusals[503] = true, true
	health := tree{{"type", "object"}, {"required", []string{"status"}}, {"properties", of("status", of("const", "ok"))}}
	return tree{
		{"operationId", o.id()}, {"tags", []string{o.tag()}}, {"summary", summary}, {"description", description},
		{"security", []tree{}},
		{"responses", tree{
			{"200", tree{
				{"description", "All is well."},
				{"headers", named("Request-Id", "Cache-Control")},
				{"content", of(w.door.Formats[0].Answer, tree{{"schema", health}, {"example", of("status", "ok")}})},
			}},
			{"500", reference("responses", kindOf(500).name)},
			{"503", reference("responses", kindOf(503).name)},
		}},
	}
}

func (w *writer) parameters(o *Operation) []tree {
	var list []tree
	for _, name := range o.Params {
		x := o.Input.Named[name]
		about := comment(x.Field.FullName())
		if about == "" {
			about = "Id of the object, as an answer gave it."
		}
		var pattern any = "^[!-~]+$"
		for _, rule := range w.field(x, form{}, false) {
			if rule.name == "pattern" { // the field's own is narrower
				pattern = rule.value
			}
		}
		list = append(list, tree{
			{"name", name}, {"in", "path"}, {"required", true}, {"description", about},
			{"schema", tree{{"type", "string"}, {"minLength", 1}, {"maxLength", segmentMax}, {"pattern", pattern}}},
		})
	}
	must := required(o.Input)
	for _, x := range o.Query {
		p := tree{{"name", x.Name}, {"in", "query"}}
		if must[x.Name] {
			p.set("required", true)
		}
		if about := comment(x.Field.FullName()); about != "" {
			p.set("description", about)
		}
		if x.Dict {
			p.set("style", "deepObject")
			p.set("explode", true)
		}
		list = append(list, p.with("schema", w.queried(x)))
	}
	if o.Creates {
		list = append(list, reference("parameters", "IdempotencyKey"))
	}
	return list
}

// queried is the schema of a query parameter. Who has no text to give leaves it out.
func (w *writer) queried(x *wire.Member) tree {
	if x.Kind != wire.KindText || x.Dict {
		return w.field(x, form{}, false)
	}
	some, r := of("type", "string").with("minLength", 1), rulesOf(x)
	if x.List {
		return of("type", "array").with("items", some.and(r.values())).and(r.own())
	}
	return some.and(keywords(x, r.field))
}

// segmentMax is the longest id in a URL, in bytes.
const segmentMax = 128

var idempotencyKey = tree{
	{"name", "Idempotency-Key"}, {"in", "header"},
	{"description", "Makes a retry safe: requests of one merchant and mode with the same key have one effect and one answer, for 30 days. Required in live mode where money moves. Take a random one, such as a UUID; one that looks like a card number is refused."},
	{"schema", tree{{"type", "string"}, {"minLength", 1}, {"maxLength", 255}, {"pattern", "^[ -~]*$"}}},
	{"example", "8e03978e-40d5-43dd-bc93-6894a57f9324"},
}

// body is the request's body in every format that is read.
func (w *writer) body(o *Operation) tree {
	content := tree{}
	for _, f := range w.door.Formats {
		schema := w.request(o, form{xml: f.xml()})
		for _, media := range f.Requests {
			content.set(media, w.media(f, o.Input.Message, schema, examples[o.id()].Request))
		}
	}
	return tree{{"required", w.needsBody(o)}, {"content", content}}
}

// answer is what a 200 carries.
func (w *writer) answer(o *Operation) tree {
	if len(o.Series) > 0 {
		return w.series(o)
	}
	about := comment(o.Output.Message.FullName())
	if about == "" {
		about = "A page of the list."
	}
	list := []string{"Request-Id", "RateLimit", "RateLimit-Policy", "Cache-Control", "Vary"}
	if o.Creates {
		list = append(list, "Idempotent-Replayed")
	}
	if o.Verb == "GET" {
		list = append(list, "Content-Encoding", "Link")
	}
	content := tree{}
	for _, f := range w.door.Formats {
		content.set(f.Answer, w.media(f, o.Output.Message, w.answered(o.Output, f), examples[o.id()].Answer))
	}
	t := tree{{"description", about}, {"headers", named(list...)}, {"content", content}}
	if links := w.links(o); len(links) > 0 {
		t.set("links", links)
	}
	return t
}

// answered is the schema of an answer that is nothing but s.
func (w *writer) answered(s *wire.Shape, f Format) tree {
	schema := reference("schemas", w.shape(s, form{answer: true, xml: f.xml()}))
	if f.xml() {
		schema.set("xml", rootElement(s))
	}
	return schema
}

// links lead from what an operation made to the operations on it: those at the
// same URL with an id behind it.
func (w *writer) links(o *Operation) tree {
	links := tree{}
	for i := range w.door.Operations {
		next := &w.door.Operations[i]
		if o.Verb == "POST" && len(next.Params) == 1 && strings.HasPrefix(next.URL, o.URL+"/{"+next.Params[0]+"}") {
			links.set(next.id(), tree{{"operationId", next.id()}, {"parameters", of(next.Params[0], "$response.body#/id")}})
		}
	}
	slices.SortFunc(links, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return links
}

// media is one format of a body. Only JSON shows an example: it is one that was sent.
func (w *writer) media(f Format, d protoreflect.MessageDescriptor, schema tree, example json.RawMessage) tree {
	if f.binary() {
		return tree{{"schema", tree{{"type", "string"}, {"format", "binary"}}}, {"x-florin-message", string(d.FullName())}}
	}
	t := of("schema", schema)
	if len(example) > 0 && !f.xml() {
		t.set("example", ordered(example))
	}
	return t
}
