// Package docs holds the pages that the server itself can show: a problem's
// doc_url leads to them.
package docs

import _ "embed" // the pages

// Errors explains every public error code, in Markdown.
//
//go:embed errors.md
var Errors []byte

// Sandbox lists the test cards and magic amounts, in Markdown.
//
//go:embed sandbox.md
var Sandbox []byte
