// Package id names every object of the platform. One type per noun, so that a
// refund's id cannot be passed where a payment's is meant; the compiler says so.
//
// An id is the noun's prefix, an underscore, and 26 characters: a UUIDv7
// (RFC 9562 §5.7) in Crockford base32, lower case. Ids of one noun sort by the
// time they were made. Ledger accounts are the exception: their id is derived
// from what the account is for (see [Derive]), so that it can be computed
// instead of looked up.
package id
