package openapi

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/florinpay/florin/gen/florin/v1/florinv1doc"
	"github.com/florinpay/florin/internal/wire"
)

// Door is what a door serves, as it routes by it.
type Door struct {
	Version    string // of the program
	Operations []Operation
	Formats    []Format
	Shapes     wire.Shapes
	Codes      []Code
	Problem    *wire.Shape
}

// Operation is one HTTP method of one URL.
type Operation struct {
	Verb, URL string
	Procedure string // "/florin.v1.PaymentService/CreatePayment"; "" for a probe of the server's health
	Again     int    // 0: the method's first URL; else its number among the others

	Scope               string
	Creates, MovesMoney bool
	ByGrant             bool // a client may call it by a payer's grant, for what is that payer's own

	Input, Output *wire.Shape
	Given         wire.FieldSet // fields that the URL gives
	Params        []string      // the same, in the URL's order
	Query         []*wire.Member
	Body          bool
	Series        []wire.Series // answers with any number of Output, in one of these formats; none: with one
	Endless       bool          // the series goes on as more happens
}

// Format is a format of bodies.
type Format struct {
	Requests []string // media types that are read
	Answer   string   // media type of answers
	Problem  string   // media type of problems
}

// Code is one of the closed list of codes of problems.
type Code struct {
	Name   string
	Status int // HTTP
}

// Document is a description of a door, ready to be sent.
type Document struct{ JSON, YAML []byte }

// Describe makes the document. It panics on what it cannot tell of: that is a
// mistake of the build, found by any test that starts the door.
func Describe(d Door) Document {
	w := &writer{door: d, schemas: map[string]tree{}, refusals: map[int]bool{}}
	root := w.document()
	return Document{root.asJSON(), root.asYAML()}
}

// writer gathers the components that the operations name.
type writer struct {
	door     Door
	schemas  map[string]tree
	refusals map[int]bool
}

const (
	license  = "Apache-2.0"
	home     = "https://github.com/florinpay/florin"
	bearer   = "bearer"
	token    = "token"
	probeTag = "Health"
)

const about = `Florin takes payments from cards and wallets, over a double-entry ledger.

**Money** is a whole number of minor units of its currency: 1999 with USD is 19.99 dollars, 1999 with JPY is 1999 yen.
Whole numbers are written without fraction and exponent. A number beyond ±(2^53-1) comes as a string of digits; in a request a
string of digits is read like a number, and beyond ±(2^53-1) both are refused.

**Keys.** Send ` + "`Authorization: Bearer <key>`" + `. A key belongs to a merchant, a mode (sandbox or live) and a set of scopes.
Each operation names its scope in x-florin-scope.

**Retries.** Send an ` + "`Idempotency-Key`" + ` with what creates something, and repeat the request with the same key after a timeout, a
lost connection or any 5xx: it has one effect and one answer. In live mode the key is required where money moves.

**Problems** (RFC 9457) tell every refusal. Act on ` + "`code`" + `, which is one of a closed list; ` + "`detail`" + ` is for people.
The list with cures is at /docs/errors. A method that a URL does not have is answered 405 with an Allow header, a URL that is not
here 404; both belong to no operation below. GET operations answer HEAD as well.

**Formats.** Content-Type names the format of the body, Accept that of the answer. Absent fields are null in answers; in a request
null means absent, and a field or query parameter that the operation does not have is refused. New fields may be added to answers.
Texts may not contain control characters but tab, line feed and carriage return.

**Exports** give whole books at once, as JSON, lines of JSON or CSV, written as they are read. One that fails midway breaks off: the
connection ends without the end of the body, which clients report as an error.

**Compression.** Answers to GET come in gzip, zstd or dcz (RFC 9842) to who asks by Accept-Encoding; requests may be sent in gzip or
zstd with Content-Encoding. gRPC, gRPC-Web and Connect are served at /florin.v1.<service>/<method>: see the contract at /proto.`

func (w *writer) document() tree {
	paths, tags := w.paths()
	return tree{
		{"openapi", "3.1.1"},
		{"info", tree{
			{"title", "Florin"},
			{"summary", "An open payment platform that you run yourself."},
			{"description", about + w.formats()},
			{"version", w.door.Version},
			{"contact", tree{{"name", "Florin"}, {"url", home}}},
			{"license", tree{{"name", "Apache License 2.0"}, {"identifier", license}}},
		}},
		{"servers", []tree{{{"url", "/"}, {"description", "The server that this document comes from."}}}},
		{"tags", tags},
		{"paths", paths},
		{"components", w.components()},
	}
}

// formats tells what OpenAPI cannot say of the formats beside JSON.
func (w *writer) formats() string {
	var out strings.Builder
	if slices.ContainsFunc(w.door.Formats, Format.xml) {
		out.WriteString("\n\n**XML.** The root element is the message's name in snake_case, lists repeat their element, an absent field has no element, and a map is a series of `<entry><key>…</key><value>…</value></entry>`. The schemas whose names end in XML tell so; the order of elements is in the XML Schemas at /xsd/florin.v1.xsd and /xsd/problem.xsd.")
	}
	if slices.ContainsFunc(w.door.Formats, Format.binary) {
		out.WriteString("\n\n**Protobuf.** x-florin-message names the message; its definition is at /proto.")
	}
	return out.String()
}

func (f Format) xml() bool    { return strings.HasSuffix(f.Answer, "xml") }
func (f Format) binary() bool { return strings.HasSuffix(f.Answer, "protobuf") }

// paths lists the operations by URL and verb, and the tags that they have.
func (w *writer) paths() (paths tree, tags []tree) {
	list := slices.SortedFunc(slices.Values(w.door.Operations), func(a, b Operation) int {
		return strings.Compare(a.URL+" "+a.Verb, b.URL+" "+b.Verb)
	})
	seen := map[string]tree{}
	for i := range list {
		o := &list[i]
		if n := len(paths); n == 0 || paths[n-1].name != o.URL {
			paths.set(o.URL, tree{})
		}
		item := &paths[len(paths)-1]
		item.value = item.value.(tree).with(strings.ToLower(o.Verb), w.operation(o))
		seen[o.tag()] = tree{{"name", o.tag()}, {"description", o.service()}}
	}
	for _, t := range seen {
		tags = append(tags, t)
	}
	slices.SortFunc(tags, func(a, b tree) int { return strings.Compare(a[0].value.(string), b[0].value.(string)) })
	return paths, tags
}

func (w *writer) components() tree {
	responses := tree{}
	for _, k := range kinds {
		if w.refusals[k.status] {
			responses.set(k.name, w.refusal(k))
		}
	}
	schemas := tree{}
	for name, schema := range w.schemas {
		schemas.set(name, schema)
	}
	slices.SortFunc(schemas, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return tree{
		{"securitySchemes", tree{
			{bearer, tree{
				{"type", "http"}, {"scheme", "bearer"},
				{"description", "An API key, such as fl_sandbox_…; what it may do is its set of scopes."},
			}},
			{token, tree{
				{"type", "openIdConnect"}, {"openIdConnectUrl", "/.well-known/openid-configuration"},
				{"description", "An access token of this server's OAuth 2.1: a client's own, or by what a person allowed it."},
			}},
		}},
		{"parameters", of("IdempotencyKey", idempotencyKey)},
		{"headers", headers},
		{"responses", responses},
		{"schemas", schemas},
	}
}

// comment is what the contract says of a name, "" for nothing.
func comment(name protoreflect.FullName) string { return florinv1doc.Comments[string(name)] }

// sentence is the comment of a method or service without the name that it begins
// with: "GetPayment reads one payment." becomes "Reads one payment."
func sentence(name protoreflect.FullName) string {
	s := strings.TrimPrefix(comment(name), string(name.Name())+" ")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
