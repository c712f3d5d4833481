// Package docs holds the pages that the server itself can show: a problem's
// doc_url leads to them.
package docs

import _ "embed" // the pages

// Errors explains every public error code, in Markdown.
//
//go:embed errors.md
var Errors []byte

// Events tells how events are followed and delivered, and lists their types, in Markdown.
//
//go:embed api/events.md
var Events []byte

// Sandbox lists the test cards and magic amounts, in Markdown.
//
//go:embed sandbox.md
var Sandbox []byte

// Front says in HTML what this server is, for who opens it in a browser.
//
//go:embed assets/front.html
var Front []byte

// Style is the CSS of the pages in HTML.
//
//go:embed assets/page.css
var Style []byte

// Reference shows the OpenAPI document in HTML; ReferenceStart is its script.
var (
	//go:embed assets/reference.html
	Reference []byte
	//go:embed assets/reference.js
	ReferenceStart []byte
)

// Scalar is the script that renders the reference, compressed with gzip. Where it
// comes from is said in assets/README.md.
//
//go:embed assets/scalar-1.72.1.js.gz
var Scalar []byte

// ScalarURL is where the script is shown. The version in it lets browsers keep it.
const ScalarURL = "/docs/assets/scalar-1.72.1.js"
