// Package api serves the contract of proto/florin/v1: REST over HTTP, driven by
// the contract's own descriptors, and gRPC, gRPC-Web and Connect on the same port.
// Adding a method to the contract and a handler for it is all that a new URL takes.
//
// A request walks forward only:
//
//	porch       porch.go       id, deadline, last resort, one log line
//	route       route.go       google.api.http says which method a URL is
//	settle      crash.go       whatever comes back leaves as a fault
//	admit       doorkeeper.go  key → caller; (florin.v1.rule).scope
//	limit       limit.go       the key's rate
//	hold        rpc_hold.go    a stream ends with its key, its reader or the server
//	Receive     visit.go       negotiate.go, body.go, query.go; package wire decodes
//	                           compress_accept.go, compress_body.go: codings
//	validate    validate.go    buf.validate
//	once        once.go        the idempotency key
//	handler     <noun>.go      a plain connect handler; asks callOf(ctx) who calls;
//	                           list.go, expand.go
//
// settle to once are connect interceptors and know nothing of HTTP or formats.
// Another format is another entry of codecs; another transport is another
// caller of the same chain, below the same porch. Handlers do not notice.
//
// On the way out answer.go writes, and compress.go packs what may be packed: its
// packable says what that is and why.
//
// A stream with a URL (stream.go) is the same walk, but its messages go out as the
// handler sends them, in one of wire.AllSeries. The first of them settles the status:
// what fails later breaks the answer off.
//
// Beside the contract the door shows pages (page.go) and describes itself in
// OpenAPI (openapi.go).
//
// # RPC
//
// Each method has its own URL, /florin.v1.<Service>/<Method>, where connect's own
// transports stand between porch and chain (rpc.go). Their messages are read by
// our codecs (rpc_codec.go), their errors are made in problem.go. A stream that has no
// end has no other URL. Health (rpc_health.go) and reflection are outside of the chain.
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
// Sources: RFC 8259, RFC 6901, RFC 9110, RFC 1952, RFC 8878, RFC 9659, RFC 9842, RFC 9457, RFC 6750,
// draft-ietf-httpapi-ratelimit-headers, draft-ietf-httpapi-idempotency-key-header.
package api
