package openapi

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/florinpay/florin/internal/wire"
)

// series is what a 200 of a stream carries: in each format the same objects.
func (w *writer) series(o *Operation) tree {
	name := w.shape(o.Output, form{answer: true})
	rows := w.rows(o)
	content := tree{}
	for i := range o.Series {
		f := &o.Series[i]
		t := of("schema", tree{{"type", "string"}, {"description", "One " + name + " on each line, as JSON."}})
		switch f.Ending {
		case "json":
			t = of("schema", tree{
				{"type", "object"}, {"required", []string{"object", "data"}},
				{"properties", tree{
					{"object", of("const", "list")},
					{"data", tree{{"type", "array"}, {"items", reference("schemas", name)}}},
				}},
			})
		case "csv":
			t = of("schema", tree{{"type", "string"}, {"description", "RFC 4180: one " + name + " on each line, under a line with the names of its fields. What stands inside an object is a column such as `card.brand`, maps and lists are JSON, and a text that a spreadsheet would run begins with an apostrophe."}})
		}
		if f.Ending == "sse" {
			t = of("schema", tree{{"type", "string"}, {"description", "Server-sent events: in each, id is the sequence and data one " + name + " as JSON. An event named problem says why the stream ends."}})
		}
		if len(rows) > 0 {
			t.set("example", w.written(f, o.Output, rows))
		}
		content.set(f.Media, t)
	}
	return tree{
		{"description", map[bool]string{false: "All that matches, oldest first.", true: "What matches, in order, and then what happens."}[o.Endless]},
		{"headers", named("Request-Id", "RateLimit", "RateLimit-Policy", "Cache-Control", "Vary", "Content-Encoding", "Content-Disposition")},
		{"content", content},
	}
}

// rows are the objects of the example that was sent and seen.
func (w *writer) rows(o *Operation) (rows []proto.Message) {
	answer := examples[o.id()].Answer
	if len(answer) == 0 {
		return nil
	}
	var list struct{ Data []json.RawMessage }
	kind, err := protoregistry.GlobalTypes.FindMessageByName(o.Output.Message.FullName())
	if err == nil {
		err = json.Unmarshal(answer, &list)
	}
	for _, row := range list.Data {
		m := kind.New().Interface()
		if err == nil {
			err = w.door.Shapes.DecodeJSON(row, m, 0)
		}
		rows = append(rows, m)
	}
	if err != nil {
		panic(fmt.Sprintf("openapi: examples.json: %s: %v", o.id(), err))
	}
	return rows
}

// written is the example as the door writes it.
func (w *writer) written(f *wire.Series, s *wire.Shape, rows []proto.Message) any {
	out, scroll := f.Begin(nil, w.door.Shapes, s)
	for _, m := range rows {
		out = scroll.Append(out, m)
	}
	if out = scroll.End(out); f.Ending == "json" {
		return ordered(out)
	}
	return string(out)
}
