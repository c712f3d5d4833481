package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/florinpay/florin/internal/wire"
)

var contract = wire.ContractShapes()

// bodyStart is where a script's request has its body: JSON, XML, or Protobuf's text
// format in parentheses.
var bodyStart = regexp.MustCompile(` [{<(]`)

// endpointAt is the URL of the contract that a request goes to.
func endpointAt(verb, path string) (endpoint, error) {
	path, _, _ = strings.Cut(path, "?")
	for _, e := range endpoints() {
		pattern := "^" + placeholder.ReplaceAllString(e.pattern, "[^/]+") + "$"
		if e.verb == verb && regexp.MustCompile(pattern).MatchString(path) {
			return e, nil
		}
	}
	return endpoint{}, fmt.Errorf("%s %s is not in the contract", verb, path)
}

// written is a script's body as it is sent, with the headers that go with it.
func written(e endpoint, body string) ([]byte, []string, error) {
	switch body[0] {
	case '<':
		return []byte(body), []string{"Content-Type", "application/xml", "Accept", "application/xml"}, nil
	case '(':
		m, err := empty(e.input.FullName())
		if err == nil {
			err = prototext.Unmarshal([]byte(strings.TrimSuffix(body[1:], ")")), m)
		}
		if err != nil {
			return nil, nil, err
		}
		data, err := proto.Marshal(m)
		return data, []string{"Content-Type", "application/protobuf", "Accept", "application/protobuf"}, err
	}
	return []byte(body), nil, nil
}

func empty(name protoreflect.FullName) (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(name)
	if err != nil {
		return nil, err
	}
	return kind.New().Interface(), nil
}

// read makes JSON of an answer in another format, with readers that are not ours.
func (a answer) read(e endpoint) (answer, error) {
	var err error
	switch media, _, _ := strings.Cut(a.header.Get("Content-Type"), ";"); media {
	case "application/xml", "application/problem+xml", "text/xml":
		a.body, err = xmlAsJSON(a.body)
	case "text/csv":
		a.body, err = csvAsJSON(a.body)
	case "application/x-ndjson", "application/jsonl":
		lines := strings.Split(strings.TrimSuffix(string(a.body), "\n"), "\n")
		a.body = []byte(`{"data":[` + strings.Join(lines, ",") + `]}`)
	case "application/protobuf", "application/x-protobuf":
		name := e.output.FullName()
		if a.status >= 400 {
			name = "florin.v1.Problem"
		}
		var m proto.Message
		if m, err = empty(name); err == nil {
			err = proto.Unmarshal(a.body, m)
			a.body = contract.EncodeJSON(nil, m)
		}
	}
	return a, err
}

// csvAsJSON makes a list of a table: an object for each line, its cells by their
// columns' names.
func csvAsJSON(text []byte) ([]byte, error) {
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, fmt.Errorf("a table without a header line: %w", err)
	}
	rows := []any{}
	for _, line := range lines[1:] {
		row := map[string]any{}
		for i, cell := range line {
			at, path := row, strings.Split(lines[0][i], ".")
			for _, step := range path[:len(path)-1] {
				if at[step] == nil {
					at[step] = map[string]any{}
				}
				at = at[step].(map[string]any)
			}
			at[path[len(path)-1]] = cell
		}
		rows = append(rows, row)
	}
	return json.Marshal(map[string]any{"data": rows})
}

// node is any element of XML.
type node struct {
	XMLName  xml.Name
	Text     string `xml:",chardata"`
	Children []node `xml:",any"`
}

func xmlAsJSON(text []byte) ([]byte, error) {
	reader := xml.NewDecoder(bytes.NewReader(text))
	var root node
	if err := reader.Decode(&root); err != nil {
		return nil, err
	}
	if _, err := reader.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("something follows the root element: %w", err)
	}
	return json.Marshal(root.value())
}

// value is the element's text, an object of its children, or a list of those named i.
func (n node) value() any {
	if len(n.Children) == 0 {
		return n.Text
	}
	members, items := map[string]any{}, []any{}
	for _, c := range n.Children {
		items = append(items, c.value())
		members[c.XMLName.Local] = c.value()
	}
	if n.Children[0].XMLName.Local == "i" {
		return items
	}
	return members
}
