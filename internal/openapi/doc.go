// Package openapi describes a door in OpenAPI 3.1: the document is made at start
// from what the door routes by, so it cannot tell of anything else. The same door
// gives the same bytes.
//
//	document.go    the whole: info, servers, tags, paths, components
//	operation.go   one route: its parameters, its body, its answers
//	stream.go      the answer of a route that gives any number of objects
//	refusal.go     which statuses a route can refuse with
//	schema.go      messages as JSON Schema; rules.go: the contract's rules in it
//	xml.go         what is otherwise in XML
//	tree.go        an object that keeps its order, as JSON; yaml.go: as YAML
//	examples.go    requests and answers that were sent and seen
//	asyncapi.go    the other document: what the door tells of by itself, in AsyncAPI 3.0
//	asyncapi_message.go  one type of events: its payload, its signature, its example
//
// A request and an answer have schemas of their own: a request may leave out what
// is not required, take null for absent and has no other fields; an answer has
// every field. Formats without a schema language of OpenAPI's (Protobuf) name their
// message in x-florin-message. XML has schemas of its own, whose names end so: it
// has no null, and maps and lists are elements. Lines of JSON
// and CSV are texts here, because OpenAPI 3.1 has no schemas for parts of a body.
//
// Sources: OpenAPI 3.1.1, AsyncAPI 3.0.0, JSON Schema 2020-12, RFC 9457.
package openapi
