// Package fx keeps what currencies are worth in each other.
//
// A rate is what the operator gives for a pair of currencies, with its source and its
// end; nothing is derived from it, not even its inverse, which would be another price. A
// quote holds a rate for one payment until it ends. A residue is what the one rounding of
// a conversion left: the room adds residues up until they make a whole minor unit, which
// the ledger then gets.
//
//	rate.go      the rates: of the operator, and the sandbox's own
//	quote.go     a rate that is held
//	residue.go   what rounding left
//
// Invariants: a quote serves one payment; of a currency and mode the carried residue is
// below one minor unit in size; rates are integers with a scale, and nothing here is a
// float.
package fx
