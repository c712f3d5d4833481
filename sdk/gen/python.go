package main

import (
	"fmt"
	"slices"
	"strings"
	"text/template"
)

func pyWords(c *contract) template.FuncMap {
	names := c.mentions(func(r, m string) string { return r + "." + m })
	return template.FuncMap{
		"pascal":    pascal,
		"member":    pyMember,
		"reader":    pyReader,
		"parameter": pyParameter,
		"fields":    pyFields,
		"ordered":   pyOrdered,
		"described": pyDescribed,
		"path":      pyPath,
		"title":     capital,
		"doc": func(indent int, text string) string {
			return wrap(strings.Repeat(" ", 4*indent)+"# ", names.Replace(text))
		},
		"mend":  names.Replace,
		"text":  func(text string) string { return pyText(names.Replace(text)) },
		"about": func(indent int, f *field) string { return pyAbout(indent, f, names) },
	}
}

var pyScalars = map[string]string{
	"text": "str", "bool": "bool", "bytes": "str", "int": "int", "int64": "int", "instant": "datetime",
}

// taken are parameters of every call.
var taken = []string{"idempotency_key", "timeout", "retries", "self"}

func pyType(f *field) string {
	t := pyScalars[f.Kind]
	switch {
	case f.Map:
		return "Mapping[str, str]"
	case f.Of != "":
		t = f.Of
	}
	if f.List {
		return "Sequence[" + t + "]"
	}
	return t
}

// pyMember is a member of an answer.
func pyMember(f *field) string {
	t := pyType(f)
	if f.Maybe || f.Choice {
		t += " | None"
	}
	if f.Secret {
		return fmt.Sprintf("%s: %s = field(repr=False)", f.Name, t)
	}
	return f.Name + ": " + t
}

// pyReader is the function that reads a member's value.
func pyReader(f *field) string {
	read := map[string]string{"text": "text", "bytes": "text", "bool": "truth", "int": "whole", "int64": "whole", "enum": "word", "instant": "instant"}[f.Kind]
	if f.Kind == "message" {
		read = "lambda x: " + f.Of + ".from_json(x)"
	}
	switch {
	case f.Map:
		return "strings"
	case f.List:
		return "listed(" + read + ")"
	case f.Maybe || f.Choice:
		return "maybe(" + read + ")"
	}
	return read
}

// pyParameter is a parameter of a call.
func pyParameter(f *field) (string, error) {
	if slices.Contains(taken, f.Name) {
		return "", fmt.Errorf("the contract's field %s is a parameter of every call in Python", f.Name)
	}
	if f.Required {
		return f.Name + ": " + pyType(f), nil
	}
	return f.Name + ": " + pyType(f) + " | None = None", nil
}

// pyOrdered puts what must be given first.
func pyOrdered(fields []*field) []*field {
	fields = slices.Clone(fields)
	slices.SortStableFunc(fields, func(a, b *field) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return fields
}

// pyFields is the request as a dictionary.
func pyFields(m *method) string {
	pairs := make([]string, len(m.Request.Fields))
	for i, f := range m.Request.Fields {
		pairs[i] = fmt.Sprintf("%q: %s", f.Name, f.Name)
	}
	if line := "{" + strings.Join(pairs, ", ") + "}"; len(line) <= wrapAt {
		return line
	}
	pad := "\n" + strings.Repeat(" ", 16)
	return "{" + pad + strings.Join(pairs, ","+pad) + ",\n" + strings.Repeat(" ", 12) + "}"
}

func pyPath(m *method) string {
	path, prefix := m.Path, ""
	for _, f := range m.In {
		path, prefix = strings.ReplaceAll(path, "{"+f.Name+"}", "{segment("+f.Name+")}"), "f"
	}
	return prefix + `"` + path + `"`
}

// pyDescribed are the parameters that have a comment.
func pyDescribed(fields []*field) []*field {
	return slices.DeleteFunc(pyOrdered(fields), func(f *field) bool { return f.Doc == "" })
}

// pyText is what may stand between """.
func pyText(s string) string { return strings.ReplaceAll(s, `"`, "'") }

// pyAbout is a parameter's line in the docstring.
func pyAbout(indent int, f *field, names *strings.Replacer) string {
	pad := strings.Repeat(" ", 4*indent)
	lines := wrap(pad+"    ", f.Name+": "+pyText(names.Replace(f.Doc)))
	return strings.TrimSuffix(strings.TrimPrefix(lines, "    "), "\n")
}
