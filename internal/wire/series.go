package wire

import "google.golang.org/protobuf/proto"

// Series is a format in which messages of one shape follow each other in one body, as
// many as there are: they are written as they come.
type Series struct {
	Media  string // type, as Accept names it
	Type   string // Content-Type
	Ending string // of a file's name

	open, between, after, end string // around the messages, where they are JSON
	table                     bool   // a line of a table for each message, under a header
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
	return append(x.shapes.EncodeJSON(out, m), x.series.after...)
}

// End writes what stands behind the last message.
func (x *Scroll) End(out []byte) []byte { return append(out, x.series.end...) }
