// Package interop holds the platform against programs that are not its own: it builds
// florin as people do, starts it on a fresh folder, and lets them talk to it. Its tests
// have the build tag interop.
package interop
