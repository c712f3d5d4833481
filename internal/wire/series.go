package wire

import (
	"strconv"

	"google.golang.org/protobuf/proto"
)

// Series is a format in which messages of one shape follow each other in one body, as
// many as there are: they are written as they come.
type Series struct {
	Media  string // type, as Accept names it
	Type   string // Content-Type
	Ending string // of a file's name

	open, between, after, end string // around the messages, where they are JSON
	table                     bool   // a line of a table for each message, under a header
	numbered                  bool   // each message is a server-sent event, its id the message's "sequence"
}

// AllSeries are the formats, the preferred first. JSON is what a list is, with a line
// for each object; one that was cut short has no end, so no reader takes it for whole.
//
// Source: RFC 4180, §3 for header=present. Lines of JSON have no standard, and two names.
var AllSeries = []Series{
	{Media: "application/json", Type: "application/json; charset=utf-8", Ending: "json", open: `{"object":"list","data":[` + "\n", between: ",\n", end: "\n]}\n"},
	{Media: "application/x-ndjson", Type: "application/x-ndjson", Ending: "ndjson", after: "\n"},
	{Media: "application/jsonl", Type: "application/jsonl", Ending: "jsonl", after: "\n"},
	{Media: "text/csv", Type: "text/csv; charset=utf-8; header=present", Ending: "csv", table: true},
}

// LiveSeries are the formats of a stream that has no end, the preferred first.
//
// Source: HTML Living Standard §9.2.
var LiveSeries = []Series{
	{Media: "text/event-stream", Type: "text/event-stream; charset=utf-8", Ending: "sse", numbered: true, open: "retry: 1000\n\n"},
	{Media: "application/x-ndjson", Type: "application/x-ndjson", Ending: "ndjson", after: "\n"},
	{Media: "application/jsonl", Type: "application/jsonl", Ending: "jsonl", after: "\n"},
}

// SeriesNamed is the format of that ending, or nil.
func SeriesNamed(ending string) *Series {
	for i := range AllSeries {
		if AllSeries[i].Ending == ending {
			return &AllSeries[i]
		}
	}
	return nil
}

// Scroll is one body in such a format on its way.
type Scroll struct {
	series *Series
	shapes Shapes
	table  *Table
	some   bool
}

// Begin writes what stands before the first message, which will be of shape s.
func (f *Series) Begin(out []byte, all Shapes, s *Shape) ([]byte, *Scroll) {
	x := &Scroll{series: f, shapes: all}
	if f.table {
		x.table = TableOf(s)
		return x.table.AppendHeader(out), x
	}
	return append(out, f.open...), x
}

// Append writes the next message.
func (x *Scroll) Append(out []byte, m proto.Message) []byte {
	if x.table != nil {
		return x.table.AppendLine(out, m)
	}
	if x.some {
		out = append(out, x.series.between...)
	}
	x.some = true
	if x.series.numbered {
		return x.appendEvent(out, m)
	}
	return append(x.shapes.EncodeJSON(out, m), x.series.after...)
}

// End writes what stands behind the last message.
func (x *Scroll) End(out []byte) []byte { return append(out, x.series.end...) }

// appendEvent writes m as a server-sent event, which is read by its lines: JSON has none.
func (x *Scroll) appendEvent(out []byte, m proto.Message) []byte {
	r := m.ProtoReflect()
	out = append(out, "id: "...)
	out = strconv.AppendInt(out, r.Get(r.Descriptor().Fields().ByName("sequence")).Int(), 10)
	out = append(out, "\ndata: "...)
	return append(x.shapes.EncodeJSON(out, m), "\n\n"...)
}

// AppendBeat writes what readers skip, so that a silent stream is seen to be there.
func (x *Scroll) AppendBeat(out []byte) []byte {
	if x.series.numbered {
		return append(out, ":\n\n"...)
	}
	return append(out, '\n')
}

// AppendProblem writes why the stream ends, where the format has a place for it.
func (x *Scroll) AppendProblem(out []byte, m proto.Message) (all []byte, told bool) {
	if !x.series.numbered {
		return out, false
	}
	out = append(out, "event: problem\ndata: "...)
	return append(x.shapes.EncodeJSON(out, m), "\n\n"...), true
}
