package wire

import (
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Table writes messages of one shape as the lines of a CSV file (RFC 4180), for
// people with spreadsheets. Members of messages inside stand as "card.brand"; lists and
// maps stand as JSON. An absent value is an empty cell. What expand would open has no
// column: a table shows its id.
type Table struct{ columns []tableColumn }

type tableColumn struct {
	name string
	path []*Member // from the line's own message to the value
}

// TableOf is the table of the messages of s. Secrets have no column.
func TableOf(s *Shape) *Table {
	t := &Table{}
	t.add(s, "", nil)
	return t
}

const tableDepthMax = 4 // messages inside each other; deeper ones stand as JSON

func (t *Table) add(s *Shape, prefix string, path []*Member) {
	for _, x := range s.Members {
		here := slices.Concat(path, []*Member{x})
		switch {
		case x.Secret, x.Choice != nil && x.Kind == KindObject:
		case x.Kind == KindObject && !x.List && !x.Dict && len(here) < tableDepthMax:
			t.add(x.Sub, prefix+x.Name+".", here)
		default:
			t.columns = append(t.columns, tableColumn{prefix + x.Name, here})
		}
	}
}

// AppendHeader writes the names of the columns.
func (t *Table) AppendHeader(out []byte) []byte {
	for i, c := range t.columns {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, c.name...) // field names need no quotes
	}
	return append(out, "\r\n"...)
}

// AppendLine writes m, which is of the table's shape.
func (t *Table) AppendLine(out []byte, m proto.Message) []byte {
	line := m.ProtoReflect()
	for i, c := range t.columns {
		if i > 0 {
			out = append(out, ',')
		}
		out = c.append(out, line)
	}
	return append(out, "\r\n"...)
}

func (c tableColumn) append(out []byte, m protoreflect.Message) []byte {
	last := len(c.path) - 1
	for _, x := range c.path[:last] {
		if !m.Has(x.Field) {
			return out
		}
		m = m.Get(x.Field).Message()
	}
	x := c.path[last]
	if !m.Has(x.Field) && (x.Dict || x.List || x.Presence || x.Choice != nil || x.Kind >= KindInstant) {
		return out
	}
	v := m.Get(x.Field)
	switch {
	case x.Dict || x.List || x.Kind == KindObject:
		return appendCell(out, string(x.appendMember(nil, m)))
	case x.Kind == KindText:
		return appendCell(out, harmless(v.String()))
	case x.Kind == KindInt32 || x.Kind == KindInt64:
		return strconv.AppendInt(out, v.Int(), 10) // every digit: a cell has no limit
	case x.Kind == KindUint32 || x.Kind == KindUint64:
		return strconv.AppendUint(out, v.Uint(), 10)
	case x.Kind == KindWord:
		return append(out, x.Words.words[v.Enum()]...)
	}
	return append(out, strings.Trim(string(x.appendValue(nil, v)), `"`)...)
}

// harmless puts an apostrophe before a text that a spreadsheet would run as a formula:
// texts come from strangers. Source: OWASP, CSV Injection.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func appendCell(out []byte, text string) []byte {
	if !strings.ContainsAny(text, ",\"\r\n") && strings.TrimSpace(text) == text {
		return append(out, text...)
	}
	out = append(out, '"')
	out = append(out, strings.ReplaceAll(text, `"`, `""`)...)
	return append(out, '"')
}
