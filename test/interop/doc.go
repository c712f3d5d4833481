// Package interop holds Florin to judges that we did not write: linters, fuzzers,
// browsers and clients of other makers, against the real binary. The tests have the
// build tag interop: make interop installs what they need and runs them.
package interop
