// Package apikey keeps the keys with which merchants' servers call the API, and
// says on every call which key it is and how fast it may go on.
//
// Words: a key has an id, which is public, and a secret, which is shown once
// (and for a day to a retry) and kept only as a hash. Scopes are what a key may do.
// Rotation gives a key a successor and lets both work for an overlap; revocation
// ends a key. An allowance is what keys that made one another may call together:
// only the operator gives one.
//
// A secret is
//
//	fl_sandbox_ or fl_live_     the mode
//	52 characters               32 random bytes, Crockford base32 in lower case
//	7 characters                CRC-32 (IEEE) of all before it, in the same alphabet
//
// so that a mistyped key is told apart without asking the database, and a
// scanner finds a leaked one by
//
//	fl_(sandbox|live)_[0-9a-hjkmnp-tv-z]{59}
//
// Rules that always hold:
//   - a secret is in no row, event, log or error, sealed or not: one that a retry is
//     shown again is computed again, which takes the secret of the key that asked;
//   - a revoked or expired key is refused by every node within 5 seconds, and at
//     once by the node that ended it;
//   - a key is refused with one code, whatever is wrong with it; the sentence says
//     more only to one who holds the secret;
//   - a limited key makes at most burst + rate × t calls in any time t, per node,
//     together with all keys that it has made, and that they have.
package apikey
