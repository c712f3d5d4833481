// Package proto holds the contract's text, ours and what it imports, as a client's
// compiler needs it.
package proto

import "embed"

// Files are the .proto files, by the paths that imports name.
//
//go:embed florin google buf
var Files embed.FS
