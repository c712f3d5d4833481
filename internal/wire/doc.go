// Package wire is how the contract's messages look in bytes: the shapes of the
// messages, read from their descriptors once, and a codec for each format over them.
// It knows nothing of HTTP.
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
// than one JSON value, more than 64 levels, invalid UTF-8 and characters that XML
// cannot carry are refused. One answer names up to 20 bad places by JSON pointer;
// JSON that is broken is one bad place, where it broke.
//
// # XML
//
// An element for each field, in JSON's names and notations; what is null in JSON has
// no element. A scanner of our own reads it, without document types, processing
// instructions or attributes, so nothing is expanded or fetched. Bad places are named
// by XML path.
//
// # Protobuf
//
// The library's encoding. Before the library decodes, a checker refuses what it would
// let pass: unknown and repeated fields, other encodings, texts and numbers that the
// other formats refuse.
//
// # Series
//
// What has no end that anyone knows beforehand is written message by message: as one
// list in JSON, as lines of JSON, or as a table in CSV (series.go, csv.go).
//
// docs/api/formats.md and docs/api/exports.md are the pages for callers.
//
// Sources: RFC 8259, RFC 6901, XML 1.0, Namespaces in XML 1.0, RFC 9457 Appendix B, RFC 4180.
package wire
