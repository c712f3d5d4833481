// Package relying plays a client that signs people in, with the libraries that Go
// programs use for it. It is a module of its own, so that those stay out of the server's
// dependencies. 'make interop' runs it.
package relying
