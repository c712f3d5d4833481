// Package browser walks the pages in headless Chromium with a virtual authenticator,
// against the running binary. It is a module of its own, so that what drives a browser
// stays out of the server's dependencies. 'make interop' runs it.
package browser
