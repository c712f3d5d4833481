package main

import (
	"fmt"
	"strings"
	"text/template"
)

func tsWords(c *contract) template.FuncMap {
	names := c.mentions(func(r, m string) string { return camel(r) + "." + camel(m) })
	return template.FuncMap{
		"camel":  camel,
		"title":  capital,
		"pascal": pascal,
		"member": tsMember,
		"param":  tsParam,
		"shape":  tsShape,
		"small":  camelType,
		"mend":   names.Replace,
		"args":   tsArguments,
		"path":   tsPath,
		"doc":    func(indent int, text string) string { return tsDoc(strings.Repeat("  ", indent), names.Replace(text)) },
	}
}

// tsDoc is a comment for the lines below it.
func tsDoc(indent, text string) string {
	if text == "" {
		return ""
	}
	if len(indent)+len(text)+7 <= wrapAt {
		return indent + "/** " + text + " */\n"
	}
	return indent + "/**\n" + wrap(indent+" * ", text) + indent + " */\n"
}

var tsScalars = map[string]string{
	"text": "string", "bool": "boolean", "bytes": "string", "int": "number", "int64": "number", "instant": "Date",
}

func tsType(f *field) string {
	t := tsScalars[f.Kind]
	switch {
	case f.Map:
		return "Record<string, string>"
	case f.Of != "":
		t = f.Of
	}
	if f.List {
		return t + "[]"
	}
	return t
}

// tsMember is a member of an answer.
func tsMember(f *field) string {
	switch {
	case f.Secret || f.Choice:
		return fmt.Sprintf("readonly %s?: %s;", f.Name, tsType(f))
	case f.Maybe:
		return fmt.Sprintf("readonly %s: %s | null;", f.Name, tsType(f))
	}
	return fmt.Sprintf("readonly %s: %s;", f.Name, tsType(f))
}

// tsParam is a member of a request.
func tsParam(f *field) string {
	if f.Required {
		return fmt.Sprintf("%s: %s;", f.Name, tsType(f))
	}
	return fmt.Sprintf("%s?: %s | undefined;", f.Name, tsType(f))
}

// tsShape says how a member is read where JSON's own value is not the one to give.
func tsShape(f *field) string {
	switch f.Kind {
	case "instant":
		return `"instant"`
	case "int64":
		return `"whole"`
	case "message":
		return "() => " + camelType(f.Of) + "Shape"
	}
	return ""
}

// camelType writes CardSummary as cardSummary.
func camelType(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func tsArguments(m *method) string {
	var b strings.Builder
	for _, f := range m.In {
		b.WriteString(camel(f.Name) + ": string, ")
	}
	b.WriteString("params: types." + m.Request.Name)
	if !m.Needs() {
		b.WriteString(" = {}")
	}
	return b.String() + ", options: CallOptions = {}"
}

func tsPath(m *method) string {
	path := m.Path
	for _, f := range m.In {
		path = strings.ReplaceAll(path, "{"+f.Name+"}", "${segment("+camel(f.Name)+")}")
	}
	return "`" + path + "`"
}
