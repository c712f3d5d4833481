// Package connector is the contract between Florin and an outside rail: an
// acquirer, a bank, a payment provider. A [Request] goes out, an [Answer] comes
// back; never a bare error, because after a network call "it failed" is a claim
// about money that nobody may make lightly.
//
// Words. A reference is our own name for one operation; a rail does each
// reference at most once and answers a repeat as before. An original is the
// authorization that a capture, void or refund is about. Unknown means that the
// rail may or may not have acted: Ask it by reference until it tells. Not to have
// seen a reference is no answer, because a request may still come; to Abandon one
// makes the rail refuse it for ever, and that is.
//
// Invariants, kept by connectortest for every connector:
//
//   - Approved is answered only if the rail said so about this reference, this
//     amount and this currency;
//   - whatever went wrong after a request may have left is Unknown;
//   - once Abandoned is answered, the rail never acts on the reference;
//   - no card data is in any answer, log line or error.
//
// Response codes are those of ISO 8583 field 39, in the meanings that the card
// networks give them; see [OfCode].
package connector
