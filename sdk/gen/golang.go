package main

import (
	"fmt"
	"strings"
	"text/template"
)

func goWords(c *contract) template.FuncMap {
	names := c.mentions(func(r, m string) string { return goName(r) + "." + goName(m) })
	return template.FuncMap{
		"name":   goName,
		"kind":   goKind,
		"type":   goType,
		"param":  goParam,
		"read":   goRead,
		"path":   goPath,
		"pascal": pascal,
		"args":   goArguments,
		"doc": func(indent int, text string) string {
			return wrap(strings.Repeat("\t", indent)+"// ", names.Replace(text))
		},
	}
}

var goScalars = map[string]string{
	"text": "string", "bool": "bool", "bytes": "[]byte", "int": "int", "int64": "int64", "instant": "time.Time",
}

// goKind writes ApiKey as APIKey.
func goKind(message string) string { return goName(snake(message)) }

// goType is a member's type in an answer. An instant that is absent is the zero
// time, a word that is absent the empty one.
func goType(f *field) string {
	t := goScalars[f.Kind]
	switch {
	case f.Map:
		return "map[string]string"
	case f.Secret:
		t = "Secret"
	case f.Kind == "enum":
		t = goKind(f.Of)
	case f.Kind == "message":
		t = "*" + goKind(f.Of)
	case f.Maybe && f.Kind != "instant":
		t = "*" + t
	}
	if f.List {
		return "[]" + t
	}
	return t
}

// goParam is a member of a request, with its tag: what is zero is not sent. A pointer
// tells zero from absent where that matters. It does not for what must be given, whose
// zero says that it was forgotten, nor for the size of a page, which is never zero.
func goParam(f *field) string {
	given := *f
	given.Maybe = f.Maybe && !f.Required && f.Name != "limit"
	return fmt.Sprintf("%s %s `json:\"%s,omitzero\"`", goName(f.Name), goType(&given), f.Name)
}

// goRead is where a member's value is read to.
func goRead(f *field) string {
	at := "&x." + goName(f.Name)
	if f.Kind == "int64" && !f.List && !f.Maybe {
		return "(*whole)(" + at + ")"
	}
	return at
}

// goPath is the expression for a call's path.
func goPath(m *method) string {
	if len(m.In) == 0 {
		return fmt.Sprintf("%q", m.Path)
	}
	ids := make([]string, len(m.In))
	for i, f := range m.In {
		ids[i] = camel(f.Name)
	}
	return fmt.Sprintf("%q, ids: []string{%s}", m.Path, strings.Join(ids, ", "))
}

func goArguments(m *method) string {
	var b strings.Builder
	for _, f := range m.In {
		b.WriteString(camel(f.Name) + " string, ")
	}
	return b.String()
}
