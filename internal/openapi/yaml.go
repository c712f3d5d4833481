package openapi

import (
	"bytes"
	"regexp"
	"strings"
)

// asYAML is t in the YAML that JSON Schema's readers share. Source: YAML 1.2.2.
func (t tree) asYAML() []byte {
	var out bytes.Buffer
	writeTree(&out, t, 0)
	return out.Bytes()
}

// bare matches what is a string in YAML without quotes, whichever version reads it;
// words that YAML takes for something else are excluded beside it.
var bare = regexp.MustCompile(`^[A-Za-z_/$][A-Za-z0-9_/{}$.-]*$`)

var taken = map[string]bool{"true": true, "false": true, "null": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true}

// scalar is a value as YAML. A JSON string is a double-quoted one of YAML.
func scalar(value any) string {
	s, isText := value.(string)
	if isText && bare.MatchString(s) && !taken[strings.ToLower(s)] {
		return s
	}
	return string(plain(value, ""))
}

func writeTree(out *bytes.Buffer, t tree, indent int) {
	for _, m := range t {
		out.WriteString(strings.Repeat("  ", indent) + scalar(m.name) + ":")
		writeValue(out, m.value, indent)
	}
}

func writeValue(out *bytes.Buffer, value any, indent int) {
	switch v := value.(type) {
	case tree:
		if len(v) == 0 {
			out.WriteString(" {}\n")
			return
		}
		out.WriteByte('\n')
		writeTree(out, v, indent+1)
	case []tree:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		writeList(out, items, indent)
	case []string:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		writeList(out, items, indent)
	case []any:
		writeList(out, v, indent)
	case string:
		writeText(out, v, indent)
	default:
		out.WriteString(" " + scalar(v) + "\n")
	}
}

func writeList(out *bytes.Buffer, items []any, indent int) {
	if len(items) == 0 {
		out.WriteString(" []\n")
		return
	}
	out.WriteByte('\n')
	for _, item := range items {
		out.WriteString(strings.Repeat("  ", indent+1) + "-")
		if t, isTree := item.(tree); isTree && len(t) > 0 {
			var inner bytes.Buffer
			writeTree(&inner, t, indent+2)
			out.WriteByte(' ')
			out.Write(bytes.TrimLeft(inner.Bytes(), " "))
			continue
		}
		writeValue(out, item, indent+1)
	}
}

// writeText writes a text of several lines as a block, so that it can be read.
func writeText(out *bytes.Buffer, s string, indent int) {
	if !strings.Contains(s, "\n") || strings.HasPrefix(s, " ") || strings.ContainsAny(s, "\t\r") || strings.HasSuffix(s, "\n") {
		out.WriteString(" " + scalar(s) + "\n")
		return
	}
	out.WriteString(" |-\n")
	for line := range strings.SplitSeq(s, "\n") {
		if line != "" {
			out.WriteString(strings.Repeat("  ", indent+1) + line)
		}
		out.WriteByte('\n')
	}
}
