package wire

import (
	"strconv"
	"strings"
)

// Step is one step of a path into a request: a name, or an index of a list.
type Step struct {
	Name  string
	Index int
	List  bool
	Own   bool // the caller made the name up: it is masked before it is shown
}

// Pointer writes a path as a JSON pointer. Source: RFC 6901 §3.
func Pointer(path []Step) string {
	var out strings.Builder
	for _, s := range path {
		out.WriteByte('/')
		switch {
		case s.List:
			out.WriteString(strconv.Itoa(s.Index))
		case s.Own:
			out.WriteString(pointerEscape.Replace(Echo(s.Name)))
		default:
			out.WriteString(pointerEscape.Replace(s.Name))
		}
	}
	return out.String()
}

// xmlPath writes a path as XPath does, from the root element on: items of lists
// are counted from 1. Source: XPath 1.0 §2.
func xmlPath(path []Step) string {
	var out strings.Builder
	for _, s := range path {
		switch {
		case s.List:
			out.WriteString("[" + strconv.Itoa(s.Index+1) + "]")
		case s.Own:
			out.WriteString("/" + Echo(s.Name))
		default:
			out.WriteString("/" + s.Name)
		}
	}
	return out.String()
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
