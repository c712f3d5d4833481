// Package api serves the contract of proto/florin/v1: REST over HTTP,
// driven by the contract's own descriptors. Adding a method to the contract and
// a handler for it is all that a new URL takes.
//
// A request walks forward only:
//
//	porch       porch.go       id, deadline, last resort, one log line
//	route       route.go       google.api.http says which method a URL is
//	settle      crash.go       whatever comes back leaves as a fault
//	admit       doorkeeper.go  key → caller; (florin.v1.rule).scope
//	limit       limit.go       the key's rate
//	Receive     visit.go       negotiate.go, body.go, query.go; package wire decodes
//	validate    validate.go    buf.validate
//	once        once.go        the idempotency key
//	handler     <noun>.go      a plain connect handler; asks callOf(ctx) who calls;
//	                           list.go, expand.go
//
// settle to once are connect interceptors and know nothing of HTTP or JSON.
// Another format is another entry of codecs; another transport is another
// caller of the same chain, below the same porch. Handlers do not notice.
//
// # Queries
//
// GET and DELETE take their fields from the query, under the same names and in
// the same notations; a bad one is named "?name". What a URL's {…} gives may
// come nowhere else.
//
// Neither an answer nor the log repeats a value that a caller sent. Of names
// that a caller made up an answer repeats 40 bytes, without runs of five digits.
//
// Sources: RFC 8259, RFC 6901, RFC 9110, RFC 9457, RFC 6750,
// draft-ietf-httpapi-ratelimit-headers, draft-ietf-httpapi-idempotency-key-header.
package api
