package api

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// Faults of negotiation.
var (
	ErrMediaType     = fault.New(fault.MediaType, "media_type_unsupported", "The body's Content-Type is not one that is read here. Send application/json, application/xml or application/protobuf, in UTF-8.")
	ErrNotAcceptable = fault.New(fault.NotAcceptable, "not_acceptable", "None of the formats in Accept can be answered. Accept application/json, application/xml or application/protobuf.")
)

// codec is one name of a format of bodies. Another format is another entry in the
// table of codecs; nothing else changes.
type codec struct {
	media        string   // as requests and Accept name it, in lower case
	problemMedia string   // of problems; Accept may name it too
	answer       []string // the Content-Type header of an answer
	problem      []string // the Content-Type header of a problem
	decode       func(data []byte, m proto.Message, given wire.FieldSet) error
	encode       func(out []byte, m proto.Message) []byte
}

// codecs is the table, the preferred format first.
type codecs []codec

const (
	inUTF8      = "; charset=utf-8"
	problemJSON = "application/problem+json"
	problemXML  = "application/problem+xml"
)

func newCodecs(all wire.Shapes) codecs {
	table := codecs{
		{media: "application/json", problemMedia: problemJSON, decode: all.DecodeJSON, encode: all.EncodeJSON},
		{media: "application/xml", problemMedia: problemXML, decode: all.DecodeXML, encode: all.EncodeXML},
		{media: "application/protobuf", problemMedia: "application/protobuf", decode: all.DecodeProtobuf, encode: all.EncodeProtobuf},
		{media: "application/x-protobuf", problemMedia: "application/x-protobuf", decode: all.DecodeProtobuf, encode: all.EncodeProtobuf},
		{media: "text/xml", problemMedia: problemXML, decode: all.DecodeXML, encode: all.EncodeXML},
	}
	for i, c := range table {
		charset := inUTF8
		if c.problemMedia == c.media { // Protobuf: bytes, and the status says what they are
			charset = ""
		}
		table[i].answer, table[i].problem = []string{c.media + charset}, []string{c.problemMedia + charset}
	}
	return table
}

// reads finds the codec for a request's Content-Type header; nil without one.
// Error: ErrMediaType.
func (t codecs) reads(header []string) (*codec, error) {
	if len(header) == 0 {
		return nil, nil
	}
	if len(header) > 1 {
		return nil, ErrMediaType.With("Send one Content-Type header.")
	}
	media, parameters, _ := strings.Cut(header[0], ";")
	c := t.named(strings.ToLower(strings.TrimSpace(media)))
	if c == nil || !utf8Only(parameters) {
		return nil, ErrMediaType
	}
	return c, nil
}

func (t codecs) named(media string) *codec {
	for i := range t {
		if t[i].media == media {
			return &t[i]
		}
	}
	return nil
}

// utf8Only reports whether the parameters of a media type are none, or the one
// that names the only charset read here.
func utf8Only(parameters string) bool {
	parameters = strings.TrimSpace(parameters)
	if parameters == "" {
		return true
	}
	name, value, _ := strings.Cut(parameters, "=")
	value = strings.Trim(strings.TrimSpace(value), `"`)
	return strings.EqualFold(strings.TrimSpace(name), "charset") && strings.EqualFold(value, "utf-8")
}
