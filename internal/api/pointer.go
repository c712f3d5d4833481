package api

import (
	"strconv"
	"strings"
)

// step is one step of a path into a request: a name, or an index of a list.
type step struct {
	name  string
	index int
	list  bool
	own   bool // the caller made the name up: it is masked before it is shown
}

// pointerOf writes a path as a JSON pointer. Source: RFC 6901 §3.
func pointerOf(path []step) string {
	var out strings.Builder
	for _, s := range path {
		out.WriteByte('/')
		switch {
		case s.list:
			out.WriteString(strconv.Itoa(s.index))
		case s.own:
			out.WriteString(pointerEscape.Replace(echo(s.name)))
		default:
			out.WriteString(pointerEscape.Replace(s.name))
		}
	}
	return out.String()
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
