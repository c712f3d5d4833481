// Package api serves the contract of proto/florin/v1: REST over HTTP with JSON,
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
//	Receive     visit.go       negotiate.go, body.go, json_decode.go, query.go
//	validate    validate.go    buf.validate
//	once        once.go        the idempotency key
//	handler     <noun>.go      a plain connect handler; asks callOf(ctx) who calls
//
// settle to once are connect interceptors and know nothing of HTTP or JSON.
// Another format is another entry of codecs; another transport is another
// caller of the same chain, below the same porch. Handlers do not notice.
//
// # JSON
//
// Names are the contract's field names in snake_case.
//
//	integers        numbers. A string of digits is read too. ±(2^53-1) at most;
//	                beyond it an answer has a string. No fraction, no exponent.
//	Timestamp       RFC 3339 in UTC with six decimals. Any offset is read, and
//	                at most six decimals.
//	enum            the value's name in lower_snake without the enum's name.
//	                The zero value is null.
//	bytes           base64 with padding (RFC 4648 §4)
//	map             an object of strings, sorted by name
//	oneof           the member that is set; the others are left out
//	absent          messages, instants and optional scalars are null; other
//	                scalars are written with their zero, lists as []
//	secrets         fields with debug_redact are left out when empty
//
// Members come in the order of their field numbers. Problems (RFC 9457) alone
// leave out what is empty.
//
// In requests null means absent. Unknown and repeated names, wrong types, more
// than one JSON value, more than 64 levels, invalid UTF-8 and U+0000 are
// refused. One answer names up to 20 bad places by JSON pointer; JSON that is
// broken is one bad place, where it broke.
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
